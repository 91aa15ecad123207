"""The hash group."""
from vocabulary import Rule

_PATTERNS = [b"*", b"f*", b"f1?", b"[0-9]*", b"*:*", b"", b"?", b"*\xff"]


def _field(v):
    """Few fields, so that commands meet; numbers, text, binary, nothing, lengths around the limit of
    packed hashes."""
    kind = v.below(100)
    if kind < 60:
        return b"f%d" % v.below(10)
    if kind < 80:
        return b"%d" % (v.below(300) - 20)
    if kind < 96:
        return v.choice([b"", b"field:with:colons", b"bin\x00\r\n\xff", b"-0", b"007", b"1e3"])
    return b"n" * v.choice([63, 64, 65, 127, 128, 300])


def _value(v):
    if v.chance(0.9):
        kind = v.below(4)
        if kind == 0:
            return b"%d" % (v.below(20001) - 10000)
        if kind == 1:
            return v.floating()
        return b"x" * v.choice([0, 1, 8, 16, 63, 64]) if kind == 2 else b"v%d" % v.below(100)
    return v.value()


def _pairs(most):
    def draw(v):
        args = [v.key()]
        for _ in range(1 + v.below(most)):
            args += [_field(v), _value(v)]
        return args
    return draw


def _fields(most):
    def draw(v):
        return [v.key()] + [_field(v) for _ in range(1 + v.below(most))]
    return draw


def _many(v):
    """Enough pairs to go over the limit of packed hashes now and then."""
    start = v.below(400)
    args = [v.key()]
    for index in range(start, start + 150 + v.below(200)):
        args += [b"m%d" % index, b"%d" % (index * 7)]
    return args


def _randfield(v):
    args = [v.key()]
    if v.chance(0.8):
        # A large negative count is a large reply.
        args.append(b"%d" % (v.below(60) - 20) if v.chance(0.9) else
                    v.choice([b"", b"abc", b"1.0", b"9223372036854775807", b"9223372036854775808",
                              b"-9223372036854775808", b"-9223372036854775809", b"4611686018427387903",
                              b"4611686018427387904", b"2147483648"]))
        if v.chance(0.5):
            args.append(v.option(b"WITHVALUES", b"WITHVALUES", b"WITHVALUES", b"WITHSCORES"))
            if v.chance(0.05):
                args.append(b"WITHVALUES")
    return args


def _scan(v):
    args = [v.key(), b"0"]
    if v.chance(0.7):
        args += [v.mixed_case(b"COUNT"), b"100000"]
    elif v.chance(0.5):
        args += [v.mixed_case(b"COUNT"), v.integer(-1, 20)]
    if v.chance(0.5):
        args += [v.option(b"MATCH"), v.choice(_PATTERNS)]
    if v.chance(0.04):
        args.append(v.option(b"MATCH", b"TYPE", b"COUNT", b"bogus"))
    if v.chance(0.04):
        args[1] = v.choice([b"", b"-1", b"abc", b" 0", b"0 ", b"1.5", b"18446744073709551615",
                            b"18446744073709551616"])
    return args


RULES = [
    Rule("HSET", 90, _pairs(5)),
    Rule("HSET", 3, _many),
    Rule("HMSET", 10, _pairs(4)),
    Rule("HSETNX", 20, lambda v: [v.key(), _field(v), _value(v)]),
    Rule("HGET", 40, lambda v: [v.key(), _field(v)]),
    Rule("HMGET", 20, _fields(6)),
    Rule("HGETALL", 20, lambda v: [v.key()]),
    Rule("HKEYS", 10, lambda v: [v.key()]),
    Rule("HVALS", 10, lambda v: [v.key()]),
    Rule("HLEN", 15, lambda v: [v.key()]),
    Rule("HSTRLEN", 12, lambda v: [v.key(), _field(v)]),
    Rule("HEXISTS", 12, lambda v: [v.key(), _field(v)]),
    Rule("HDEL", 50, _fields(8)),
    Rule("HINCRBY", 40, lambda v: [v.key(), _field(v), v.integer(-1000, 1000)]),
    Rule("HINCRBYFLOAT", 40, lambda v: [v.key(), _field(v), v.floating()]),
    Rule("HRANDFIELD", 15, _randfield),
    Rule("HSCAN", 15, _scan),
    # Other types now and then, and the keys' own lives.
    Rule("SET", 4, lambda v: [v.key(), v.value()]),
    Rule("DEL", 8, lambda v: [v.key()]),
    Rule("COPY", 4, lambda v: [v.key(), v.key()]),
    Rule("RENAME", 4, lambda v: [v.key(), v.key()]),
    Rule("OBJECT", 8, lambda v: [b"ENCODING", v.key()]),
    Rule("TYPE", 4, lambda v: [v.key()]),
]
