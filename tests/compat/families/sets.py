"""Sets. Members drawn by chance are compared where chance has no choice: see explained.py."""
from vocabulary import Rule

_WORDS = [b"a", b"b", b"c", b"d", b"foo", b"bar", b"", b"m\x00\r\n\xff", b"member:1", b"1.0", b"01",
          b"-0", b"+1"]
_WIDE = [b"32767", b"32768", b"-32768", b"-32769", b"2147483647", b"2147483648", b"-2147483648",
         b"-2147483649", b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808"]


def _member(v):
    kind = v.below(40)
    if kind < 18:
        return b"%d" % v.below(24)
    if kind < 34:
        return v.choice(_WORDS)
    if kind < 37:
        return v.choice(_WIDE)
    if kind < 38:
        return b"x" * v.choice([63, 64, 65, 254, 255, 256, 5000])
    return v.value() if v.chance(0.3) else b"%d" % (v.below(400) - 200)


def _members(v, most=6):
    """Mostly a few; now and then so many that the set changes its shape."""
    if v.chance(0.97):
        return [_member(v) for _ in range(1 + v.below(most))]
    first, count = v.below(300) - 100, v.choice([100, 127, 128, 129, 300, 511, 512, 513])
    prefix = v.choice([b"", b"", b"m"])
    return [prefix + b"%d" % (first + i) for i in range(count)]


def _store(v):
    return [v.key()] + v.many_keys(4)


def _card(v):
    """numkeys key [key ...] [LIMIT limit]"""
    keys = v.many_keys(4)
    count = b"%d" % len(keys) if v.chance(0.93) else v.edge_integer()
    args = [count] + keys
    if v.chance(0.5):
        args += [v.option(b"LIMIT"), v.integer(-1, 10)]
    return args


def _emptied(v):
    """SPOP with a count that takes all there is, or nothing, or is refused."""
    return [v.key(), v.choice([b"100000", b"9223372036854775807", b"0", b"-1", b"x",
                               b"9223372036854775808", b"2147483648", b"4294967297"])]


def _drawn(v):
    """A count that is not so great that Redis answers for minutes."""
    kind = v.below(10)
    if kind < 6:
        return [v.key(), b"%d" % (v.below(20) - 10)]
    return [v.key(), v.choice([b"0", b"-9223372036854775808", b"9223372036854775807",
                               b"9223372036854775808", b"2147483648", b"4294967297", b"x", b"",
                               b"100000", b"-100"])]


def _scan(v):
    args = [v.key(), b"0" if v.chance(0.8) else v.integer(-3, 3)]
    if v.chance(0.4):
        args += [v.option(b"MATCH"), v.choice([b"*", b"1*", b"[ab]", b"?", b"", b"m*9"])]
    if v.chance(0.6):
        count = b"10000" if v.chance(0.8) else v.integer(-1, 20)
        args += [v.option(b"COUNT"), count]
    if v.chance(0.05):
        args += [v.option(b"TYPE", b"NOVALUES", b"COUNT"), b"set"]
    return args


def _seen(args):
    return [b"SMEMBERS", args[0]]


RULES = [
    Rule("SADD", 90, lambda v: [v.key()] + _members(v), followed_by=_seen),
    Rule("SREM", 30, lambda v: [v.key()] + _members(v), followed_by=_seen),
    Rule("SCARD", 12, lambda v: [v.key()]),
    Rule("SMEMBERS", 15, lambda v: [v.key()]),
    Rule("SISMEMBER", 15, lambda v: [v.key(), _member(v)]),
    Rule("SMISMEMBER", 12, lambda v: [v.key()] + _members(v)),
    Rule("SMOVE", 30, lambda v: [v.key(), v.key(), _member(v)]),
    Rule("SPOP", 6, _emptied),
    Rule("SRANDMEMBER", 12, _drawn),
    Rule("SRANDMEMBER", 4, lambda v: [v.key()]),
    Rule("SSCAN", 15, _scan),
    Rule("SINTER", 15, lambda v: v.many_keys(4)),
    Rule("SINTERSTORE", 12, _store, followed_by=_seen),
    Rule("SINTERCARD", 15, _card),
    Rule("SUNION", 15, lambda v: v.many_keys(6)),
    Rule("SUNIONSTORE", 12, _store, followed_by=_seen),
    Rule("SDIFF", 15, lambda v: v.many_keys(5)),
    Rule("SDIFFSTORE", 15, _store, followed_by=_seen),
    Rule("OBJECT ENCODING", 20, lambda v: [v.key()]),
    Rule("DEL", 6, lambda v: [v.key()]),
    Rule("SET", 3, lambda v: [v.key(), v.value()]),
    Rule("COPY", 3, lambda v: [v.key(), v.key()] + ([b"REPLACE"] if v.chance(0.7) else [])),
    Rule("RENAME", 3, lambda v: [v.key(), v.key()]),
]
