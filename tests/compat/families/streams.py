"""Streams: entries, groups, pending entries."""
from vocabulary import Rule

_KEYS = [b"k0", b"k1", b"k2", b"{tag}a"]
_GROUPS = [b"g1", b"g1", b"g1", b"g2", b"g2", b"", b"g\x003"]
_CONSUMERS = [b"alice", b"alice", b"bob", b"bob", b"carol", b"", b"123"]
_FIELDS = [[b"name"], [b"name"], [b"name"], [b"name", b"mail"], [b"name", b"mail"], [b"7"],
           [b""], [b"mail", b"name", b"name"], [b"f%d" % index for index in range(130)]]
# Mostly the last id of this stream is ahead of every clock, so that * is the same on both servers. Nothing reads it.
_FUTURE_KEY = b"future"
_FUTURE_MS = 99999999999999
_ID_JUNK = [b"", b"-", b"+", b"*", b"1-*", b"-1", b"1-", b"-1-1", b"1--1", b"0-0", b"0-*", b"00-01",
            b" 1-1", b"+1-+1", b"1 -1", b"1-1 ", b"1-1\x00x", b"$", b">", b"(", b"((1", b"(1-1",
            b"1.5", b"abc", b"1-abc", b"0x1-1", b"18446744073709551615",
            b"18446744073709551615-18446744073709551615", b"18446744073709551616-0",
            b"0-18446744073709551616", b"18446744073709551615-0", b"0-18446744073709551615",
            b"9223372036854775808-1", b"1-9223372036854775808", b"1" * 127, b"1" * 128,
            b"(18446744073709551615-18446744073709551615", b"(0-0", b"(0", b"(-", b"(+"]


def _clock(v):
    """Milliseconds of ids: they go on with the commands."""
    v.stream_ms = getattr(v, "stream_ms", 1000)
    return v.stream_ms


def _key(v):
    return v.key() if v.chance(0.05) else v.choice(_KEYS)


def _group(v):
    return v.value()[:40] if v.chance(0.01) else v.choice(_GROUPS)


def _consumer(v):
    return v.value()[:40] if v.chance(0.01) else v.choice(_CONSUMERS)


def _new_id(v):
    kind = v.below(40)
    now = _clock(v)
    if kind < 14:
        v.stream_ms += v.choice([1, 1, 1, 2, 3, 50, 200])
        return b"%d-%d" % (v.stream_ms, v.below(3))
    if kind < 34:
        if v.chance(0.2):
            v.stream_ms += 1
        return b"%d-*" % v.stream_ms
    if kind < 37:
        return b"%d" % now
    if kind < 38:
        return b"%d-%d" % (now - v.below(5), v.below(3))
    return v.choice(_ID_JUNK[5:])if v.chance(0.1) else b"%d-1" % now


def _id(v):
    """An id that may well be of an entry."""
    kind = v.below(20)
    if kind < 14:
        return b"%d-%d" % (_clock(v) - v.below(60), v.below(4))
    if kind < 17:
        return b"%d" % (_clock(v) - v.below(300))
    if kind < 19:
        return b"0" if v.chance(0.5) else b"0-0"
    return v.choice(_ID_JUNK)


def _start(v):
    if v.chance(0.3):
        return b"-"
    return b"(" + _id(v) if v.chance(0.2) else _id(v)


def _end(v):
    if v.chance(0.3):
        return b"+"
    return b"(" + _id(v) if v.chance(0.2) else _id(v)


def _count(v, most=12):
    return b"%d" % v.below(most) if v.chance(0.97) else v.edge_integer()


def _ids(v, most=5):
    return [_id(v) for _ in range(1 + v.below(most))]


def _trim(v, longest=260):
    args = []
    if v.chance(0.6):
        args.append(v.option(b"MAXLEN"))
        threshold = b"%d" % v.below(longest) if v.chance(0.96) else v.edge_integer()
    else:
        args.append(v.option(b"MINID"))
        threshold = b"%d" % (_clock(v) - v.below(400)) if v.chance(0.8) else _id(v)
    is_approximate = v.chance(0.5)
    if is_approximate:
        args.append(b"~")
    elif v.chance(0.5):
        args.append(b"=")
    args.append(threshold)
    if is_approximate and v.chance(0.4) or v.chance(0.02):
        args += [v.option(b"LIMIT"), v.choice([b"0", b"0", b"1", b"50", b"100", b"101", b"200",
                                               b"1000", b"-1", b"x"])]
    return args


def _value(v):
    kind = v.below(20)
    if kind < 12:
        return b"%d" % (v.below(300) - 20)
    if kind < 14:
        return v.edge_integer()
    return v.value()[:200] if kind < 19 else v.value()[:5000]


def _pairs(v):
    pairs = []
    for name in v.choice(_FIELDS):
        pairs += [name, _value(v)]
    if v.chance(0.02):
        pairs.pop()
    return pairs


def _xadd(v):
    if v.chance(0.03):
        return [_FUTURE_KEY, b"%d-*" % _FUTURE_MS] + _pairs(v)
    args = [_key(v)]
    if v.chance(0.1):
        args.append(v.option(b"NOMKSTREAM"))
    if v.chance(0.15):
        args += _trim(v)
    if v.chance(0.01):
        args += _trim(v)
    if v.chance(0.02):
        args += [v.option(b"LIMIT", b"NOMKSTREAM", b"MAXLEN", b"bogus"), b"1"]
    return args + [_new_id(v)] + _pairs(v)


def _after_xadd(args):
    if args[0] != _FUTURE_KEY:
        return None
    return [b"XADD", _FUTURE_KEY, b"MAXLEN", b"30", b"*", b"name", b"value"]


def _xtrim(v):
    args = [_key(v)] + _trim(v)
    if v.chance(0.03):
        args += _trim(v)
    return args


def _xrange(v):
    return [_key(v), _start(v), _end(v)] + _count_option(v)


def _xrevrange(v):
    return [_key(v), _end(v), _start(v)] + _count_option(v)


def _count_option(v):
    args = [v.option(b"COUNT"), _count(v)] if v.chance(0.8) else []
    if v.chance(0.03):
        args += [v.option(b"COUNT", b"bogus")]
    return args


def _xsetid(v):
    last = b"%d-%d" % (_clock(v) + v.below(3), v.below(3)) if v.chance(0.7) else _id(v)
    args = [_key(v), last]
    if v.chance(0.4):
        args += [v.option(b"ENTRIESADDED"), v.integer(0, 1000)]
    if v.chance(0.3):
        args += [v.option(b"MAXDELETEDID"), _id(v)]
    if v.chance(0.03):
        args += [v.option(b"ENTRIESADDED", b"MAXDELETEDID", b"bogus")]
    return args


def _read_id(v):
    return b"$" if v.chance(0.15) else _id(v)


def _streams(v, draw_id):
    count = v.choice([1, 1, 1, 1, 2, 3])
    args = [v.option(b"STREAMS")] + [_key(v) for _ in range(count)]
    args += [draw_id(v) for _ in range(count)]
    if v.chance(0.02):
        args.pop()
    return args


def _read_options(v):
    args = []
    if v.chance(0.85):
        args += [v.option(b"COUNT"), _count(v)]
    if v.chance(0.02):
        args += [v.option(b"NOACK")]
    if v.chance(0.01):
        args += [v.option(b"bogus", b"COUNT", b"GROUP")]
    return args


def _xread(v):
    args = _read_options(v)
    if v.chance(0.01):
        args += [v.option(b"GROUP"), b"g1", b"alice"]
    return args + _streams(v, _read_id)


def _group_read_id(v):
    if v.chance(0.7):
        return b">"
    return b"$" if v.chance(0.02) else _id(v)


def _xreadgroup(v):
    args = [v.option(b"GROUP"), _group(v), _consumer(v)]
    if v.chance(0.01):
        args = []
    if v.chance(0.1):
        args.append(v.option(b"NOACK"))
    return args + _read_options(v) + _streams(v, _group_read_id)


def _group_id(v):
    kind = v.below(10)
    return b"$" if kind < 3 else b"0" if kind < 6 else _id(v)


def _entries_read(v, probability):
    if not v.chance(probability):
        return []
    return [v.option(b"ENTRIESREAD"), v.choice([b"-1", b"0", b"5", b"100", b"-2", b"x",
                                                b"9223372036854775807"])]


def _create(v):
    args = [_key(v), _group(v), _group_id(v)]
    if v.chance(0.5):
        args.append(v.option(b"MKSTREAM"))
    args += _entries_read(v, 0.3)
    if v.chance(0.03):
        args += [v.option(b"MKSTREAM", b"bogus", b"ENTRIESREAD")]
    return args


def _setid(v):
    return [_key(v), _group(v), v.choice([b"-", b"+"]) if v.chance(0.05) else _group_id(v)] + \
        _entries_read(v, 0.4)


def _xpending(v):
    args = [_key(v), _group(v)]
    if v.chance(0.3):
        return args
    if v.chance(0.3):
        args += [v.option(b"IDLE"), v.choice([b"0", b"10000000", b"-1", b"1000000000000", b"x"])]
    args += [_start(v), _end(v), _count(v)]
    if v.chance(0.4):
        args.append(_consumer(v))
    return args


# Nothing stays idle for that long by itself during a run, but what was said to be idle longer.
def _min_idle(v):
    return v.choice([b"0", b"0", b"0", b"10000000", b"1000000000000", b"-5"])


def _xclaim(v):
    args = [_key(v), _group(v), _consumer(v), _min_idle(v)] + _ids(v)
    for _ in range(v.choice([0, 0, 1, 1, 2])):
        args += v.choice([
            [v.option(b"FORCE")], [v.option(b"JUSTID")],
            [v.option(b"IDLE"), v.choice([b"0", b"50000000", b"-50000000", b"1",
                                          b"9223372036854775807", b"-9223372036854775808"])],
            [v.option(b"TIME"), v.choice([b"0", b"1000", b"-1", b"9223372036854775807"])],
            [v.option(b"RETRYCOUNT"), v.integer(-2, 10)],
            [v.option(b"LASTID"), _id(v)]])
    if v.chance(0.03):
        args.append(v.option(b"bogus", b"IDLE", b"LASTID"))
    return args


def _xautoclaim(v):
    args = [_key(v), _group(v), _consumer(v), _min_idle(v), _start(v)]
    if v.chance(0.5):
        args += [v.option(b"COUNT"), _count(v)]
    if v.chance(0.3):
        args.append(v.option(b"JUSTID"))
    if v.chance(0.02):
        args.append(v.option(b"bogus", b"COUNT"))
    return args


def _info(v):
    args = [_key(v)]
    if v.chance(0.6):
        args.append(v.option(b"FULL"))
        if v.chance(0.7):
            args += [v.option(b"COUNT"), _count(v)]
    if v.chance(0.02):
        args.append(v.option(b"FULL", b"bogus"))
    return args


def _node_limits(v):
    if v.chance(0.5):
        return [b"stream-node-max-entries", v.choice([b"100", b"100", b"7", b"1", b"0", b"130"])]
    return [b"stream-node-max-bytes", v.choice([b"4096", b"4096", b"300", b"1", b"0", b"20000"])]


RULES = [
    Rule("CONFIG SET", 1, _node_limits),
    Rule("XADD", 320, _xadd, _after_xadd),
    Rule("XLEN", 20, lambda v: [_key(v)]),
    Rule("XRANGE", 60, _xrange),
    Rule("XREVRANGE", 60, _xrevrange),
    Rule("XDEL", 50, lambda v: [_key(v)] + _ids(v)),
    Rule("XTRIM", 15, _xtrim),
    Rule("XSETID", 10, _xsetid),
    Rule("XREAD", 50, _xread),
    Rule("XREADGROUP", 120, _xreadgroup),
    Rule("XGROUP CREATE", 40, _create),
    Rule("XGROUP SETID", 15, _setid),
    Rule("XGROUP DESTROY", 4, lambda v: [_key(v), _group(v)]),
    Rule("XGROUP CREATECONSUMER", 10, lambda v: [_key(v), _group(v), _consumer(v)]),
    Rule("XGROUP DELCONSUMER", 8, lambda v: [_key(v), _group(v), _consumer(v)]),
    Rule("XGROUP bogus", 1, lambda v: [_key(v), _group(v)]),
    Rule("XACK", 60, lambda v: [_key(v), _group(v)] + _ids(v, 8)),
    Rule("XPENDING", 50, _xpending),
    Rule("XCLAIM", 60, _xclaim),
    Rule("XAUTOCLAIM", 40, _xautoclaim),
    Rule("XINFO STREAM", 40, _info),
    Rule("XINFO GROUPS", 40, lambda v: [_key(v)]),
    Rule("XINFO CONSUMERS", 20, lambda v: [_key(v), _group(v)]),
    Rule("XINFO bogus", 1, lambda v: [_key(v)]),
    Rule("DEL", 3, lambda v: [_key(v)]),
    Rule("COPY", 3, lambda v: [_key(v), _key(v), b"REPLACE"]),
    Rule("SET", 1, lambda v: [_key(v), b"text"]),
    Rule("OBJECT ENCODING", 3, lambda v: [_key(v)]),
]
