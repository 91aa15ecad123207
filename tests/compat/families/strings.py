"""The string group."""
from vocabulary import Rule


def _set(v):
    args = [v.key(), v.value()]
    if v.chance(0.45):
        args += v.expiry_option()
    elif v.chance(0.2):
        args.append(v.option(b"KEEPTTL"))
    if v.chance(0.3):
        args.append(v.option(b"NX", b"XX"))
    if v.chance(0.3):
        args.append(v.option(b"GET"))
    # Conflicts and repetitions: some are refused, some are not.
    if v.chance(0.08):
        args.append(v.option(b"NX", b"XX", b"GET", b"KEEPTTL", b"EX", b"PX", b"PERSIST", b"bogus"))
    if v.chance(0.04):
        args += v.expiry_option()
    return args


def _getex(v):
    args = [v.key()]
    if v.chance(0.7):
        args += v.expiry_option()
    elif v.chance(0.7):
        args.append(v.option(b"PERSIST"))
    if v.chance(0.08):
        args.append(v.option(b"PERSIST", b"NX", b"GET", b"KEEPTTL", b"bogus"))
    return args


def _pairs(v):
    args = []
    for _ in range(1 + v.below(4)):
        args += [v.key(), v.value()]
    return args


def _lcs(v):
    args = [v.key(), v.key()]
    if v.chance(0.3):
        args.append(v.option(b"LEN"))
    if v.chance(0.5):
        args.append(v.option(b"IDX"))
    if v.chance(0.3):
        args += [v.option(b"MINMATCHLEN"), v.integer(-1, 6)]
    if v.chance(0.3):
        args.append(v.option(b"WITHMATCHLEN"))
    if v.chance(0.05):
        args.append(b"bogus")
    return args


def _offset(v):
    """Mostly near the beginning; a grown value is expensive for everyone who reads it later."""
    if v.chance(0.93):
        return b"%d" % (v.below(60) - 2)
    return v.edge_integer()


def _touch(args):
    """An expiry in the past may leave the key for the next access to remove: this is that
    access."""
    if any(arg.upper() in (b"EXAT", b"PXAT") for arg in args):
        return [b"EXISTS", args[0]]
    return None


RULES = [
    Rule("SET", 120, _set, followed_by=_touch),
    Rule("GET", 60, lambda v: [v.key()]),
    Rule("GETSET", 10, lambda v: [v.key(), v.value()]),
    Rule("GETDEL", 10, lambda v: [v.key()]),
    Rule("GETEX", 25, _getex, followed_by=_touch),
    Rule("SETNX", 12, lambda v: [v.key(), v.value()]),
    Rule("SETEX", 12, lambda v: [v.key(), v.seconds_ahead(), v.value()]),
    Rule("PSETEX", 12, lambda v: [v.key(), v.milliseconds_ahead(), v.value()]),
    Rule("MGET", 15, lambda v: v.many_keys(8)),
    Rule("MSET", 15, _pairs),
    Rule("MSETNX", 15, _pairs),
    Rule("STRLEN", 10, lambda v: [v.key()]),
    Rule("APPEND", 25, lambda v: [v.key(), v.value()]),
    Rule("SETRANGE", 25, lambda v: [v.key(), _offset(v), v.value()]),
    Rule("GETRANGE", 20, lambda v: [v.key(), v.integer(-20, 30), v.integer(-20, 30)]),
    Rule("SUBSTR", 5, lambda v: [v.key(), v.integer(-20, 30), v.integer(-20, 30)]),
    Rule("INCR", 15, lambda v: [v.key()]),
    Rule("DECR", 15, lambda v: [v.key()]),
    Rule("INCRBY", 20, lambda v: [v.key(), v.integer(-1000, 1000)]),
    Rule("DECRBY", 20, lambda v: [v.key(), v.integer(-1000, 1000)]),
    Rule("INCRBYFLOAT", 30, lambda v: [v.key(), v.floating()]),
    Rule("LCS", 20, _lcs),
]
