"""Sorted sets, and sets among their sources. Ranges by member are asked of keys of their own, whose
scores are all equal: with others Redis promises nothing."""
from vocabulary import FLOAT_EDGES, FLOAT_JUNK, Rule

_WORDS = [b"a", b"b", b"c", b"d", b"foo", b"bar", b"", b"m\x00\r\n\xff", b"member:1", b"1.0",
          b"01", b"-0", b"12345678"]
_BORDERS = [b"-inf", b"+inf", b"inf", b"(-inf", b"(inf", b"(", b"", b" 1", b"1 ", b"(1", b"(0",
            b"(2.5", b"1e3", b"0x10", b"nan", b"(nan", b"1\x00x", b"((1", b"a", b"-", b"+", b"[1"]
_LEX = [b"lex:%d" % i for i in range(4)]


def _member(v):
    kind = v.below(40)
    if kind < 20:
        return b"%d" % v.below(20)
    if kind < 37:
        return v.choice(_WORDS)
    if kind < 38:
        return b"x" * v.choice([63, 64, 65, 254, 255, 256, 5000])
    return v.value() if v.chance(0.3) else b"%d" % (v.below(400) - 200)


def _score(v):
    kind = v.below(20)
    if kind < 11:
        return b"%d" % (v.below(21) - 5)
    if kind < 14:
        return b"%.*f" % (v.below(6), v.random.uniform(-1000, 1000))
    if kind < 16:
        return v.choice([b"inf", b"-inf", b"+inf", b"1e17", b"-1e17", b"4503599627370496",
                         b"4503599627370497", b"9007199254740992", b"-9007199254740993",
                         b"123456789012345678", b"0.1", b"1e-300", b"3e-310"])
    return v.choice(FLOAT_EDGES) if kind < 19 or v.chance(0.6) else v.choice(FLOAT_JUNK)


def _zadd(v):
    args = [v.key()]
    while v.chance(0.25):
        args.append(v.option(b"NX", b"XX", b"GT", b"LT", b"CH", b"CH", b"INCR"))
    if v.chance(0.98):
        for _ in range(1 + v.below(4)):
            args += [_score(v), _member(v)]
        return args
    first, count = v.below(300) - 100, v.choice([100, 126, 127, 128, 129, 300, 700])
    step = v.choice([1, -1, 7, 0])
    for i in range(count):
        args += [b"%d" % (i * step), b"m%d" % (first + i)]
    return args


def _border(v):
    kind = v.below(20)
    if kind < 14:
        return v.choice([b"", b"", b"("]) + b"%d" % (v.below(24) - 7)
    return v.choice(_BORDERS) if kind < 18 else _score(v)


def _limit(v):
    return [v.option(b"LIMIT"), v.integer(-2, 6), v.integer(-2, 8)] if v.chance(0.4) else []


def _with_scores(v, chance=0.4):
    return [v.option(b"WITHSCORES")] if v.chance(chance) else []


def _shuffled(v, *groups):
    groups = list(groups)
    v.random.shuffle(groups)
    return [word for group in groups for word in group]


def _rank(v):
    return v.integer(-8, 12)


def _range_words(v, may_have_scores):
    by = [v.option(b"BYSCORE")] if v.chance(0.5) else []
    rev = [v.option(b"REV")] if v.chance(0.4) else []
    limit = _limit(v) if by or v.chance(0.1) else []
    ends = [_border(v), _border(v)] if by else [_rank(v), _rank(v)]
    scores = _with_scores(v) if may_have_scores or v.chance(0.05) else []
    if v.chance(0.03):
        rev.append(v.option(b"BYLEX", b"bogus", b"LIMIT"))
    return ends + _shuffled(v, by, rev, limit, scores)


def _zrange(v):
    if v.chance(0.2):
        return [v.key(), b"0", b"-1", v.option(b"WITHSCORES")]
    return [v.key()] + _range_words(v, True)


def _by_score(v):
    return [v.key(), _border(v), _border(v)] + _shuffled(v, _limit(v), _with_scores(v))


def _lex_key(v):
    return v.choice(_LEX)


def _lex_add(v):
    # Never spoiled: all scores stay equal.
    args = [b"ZADD", _lex_key(v)]
    count = 1 + v.below(5) if v.chance(0.97) else 200
    for _ in range(count):
        args += [b"0", _member(v) if v.chance(0.6) else b"%c%d" % (97 + v.below(5), v.below(300))]
    return args


def _lex_border(v):
    kind = v.below(20)
    if kind < 4:
        return v.choice([b"-", b"+"])
    if kind < 18:
        return v.choice([b"[", b"("]) + _member(v)
    return v.choice([b"", b"a", b"--", b"+a", b"-\x00a", b"[", b"(", b"\x00", b"*"])


def _by_lex(v):
    return [_lex_key(v), _lex_border(v), _lex_border(v)] + _limit(v)


def _zrange_lex(v):
    return [_lex_key(v), _lex_border(v), _lex_border(v)] + _shuffled(
        v, [v.option(b"BYLEX")], _limit(v), [v.option(b"REV")] if v.chance(0.4) else [],
        _with_scores(v, 0.04))


def _numbered(v, most=4):
    keys = v.many_keys(most)
    count = b"%d" % len(keys) if v.chance(0.94) else v.edge_integer()
    return [count] + keys


def _weights(v, count):
    args = []
    if v.chance(0.35):
        args.append([v.option(b"WEIGHTS")] + [_score(v) for _ in range(count)])
    if v.chance(0.35):
        args.append([v.option(b"AGGREGATE"), v.option(b"SUM", b"MIN", b"MAX")])
    if v.chance(0.02):
        args.append([v.option(b"AGGREGATE", b"LIMIT", b"WEIGHTS"), b"bogus"])
    return _shuffled(v, *args)


def _combined(has_weights, is_stored):
    def draw(v):
        numbered = _numbered(v)
        args = ([v.key()] if is_stored else []) + numbered
        if has_weights:
            args += _weights(v, len(numbered) - 1)
        if not is_stored:
            args += _with_scores(v)
        return args

    return draw


def _inter_card(v):
    args = _numbered(v)
    if v.chance(0.4):
        args += [v.option(b"LIMIT"), v.integer(-1, 6)]
    return args


def _pop_words(v):
    args = [v.option(b"MIN", b"MAX")]
    if v.chance(0.5):
        args += [v.option(b"COUNT"), v.integer(0, 5)]
    if v.chance(0.02):
        args += [v.option(b"COUNT", b"bogus"), b"1"]
    return args


def _random(v):
    # Never spoiled: Redis would build a reply of 2^31 members.
    args = [b"ZRANDMEMBER", v.key()]
    if v.chance(0.7):
        args.append(v.choice([b"0", b"1", b"5", b"-3", b"100000", b"-9223372036854775808", b"a"]))
        args += _with_scores(v)
    return args


def _scan(v):
    args = [v.key(), v.choice([b"0", b"0", b"0", b"0", b"17", b"a", b"-1"])]
    if v.chance(0.8):
        args += [v.option(b"COUNT"), b"100000" if v.chance(0.8) else v.integer(-1, 20)]
    if v.chance(0.3):
        args += [v.option(b"MATCH"), v.choice([b"*", b"m*", b"[a-d]", b"1*", b"?"])]
    if v.chance(0.03):
        args.append(v.option(b"MATCH", b"NOVALUES"))
    return args


RULES = [
    Rule("ZADD", 120, _zadd),
    Rule("ZINCRBY", 25, lambda v: [v.key(), _score(v), _member(v)]),
    Rule("ZREM", 25, lambda v: [v.key()] + [_member(v) for _ in range(1 + v.below(4))]),
    Rule("ZCARD", 8, lambda v: [v.key()]),
    Rule("ZSCORE", 15, lambda v: [v.key(), _member(v)]),
    Rule("ZMSCORE", 10, lambda v: [v.key()] + [_member(v) for _ in range(1 + v.below(4))]),
    Rule("ZRANK", 15, lambda v: [v.key(), _member(v)]),
    Rule("ZREVRANK", 15, lambda v: [v.key(), _member(v)]),
    Rule("ZRANGE", 60, _zrange),
    Rule("ZREVRANGE", 12, lambda v: [v.key(), _rank(v), _rank(v)] + _with_scores(v)),
    Rule("ZRANGEBYSCORE", 25, _by_score),
    Rule("ZREVRANGEBYSCORE", 25, _by_score),
    Rule("ZRANGESTORE", 15, lambda v: [v.key(), v.key()] + _range_words(v, False)),
    Rule("ZCOUNT", 15, lambda v: [v.key(), _border(v), _border(v)]),
    Rule("ZREMRANGEBYRANK", 8, lambda v: [v.key(), _rank(v), _rank(v)]),
    Rule("ZREMRANGEBYSCORE", 8, lambda v: [v.key(), _border(v), _border(v)]),
    Rule("", 20, _lex_add),
    Rule("ZRANGEBYLEX", 12, _by_lex),
    Rule("ZREVRANGEBYLEX", 12, _by_lex),
    Rule("ZRANGE", 12, _zrange_lex),
    Rule("ZLEXCOUNT", 12, lambda v: [_lex_key(v), _lex_border(v), _lex_border(v)]),
    Rule("ZREMRANGEBYLEX", 8, lambda v: [_lex_key(v), _lex_border(v), _lex_border(v)]),
    Rule("ZPOPMIN", 8, lambda v: [v.key()] + ([v.integer(-1, 4)] if v.chance(0.6) else [])),
    Rule("ZPOPMAX", 8, lambda v: [v.key()] + ([v.integer(-1, 4)] if v.chance(0.6) else [])),
    Rule("ZMPOP", 8, lambda v: _numbered(v, 3) + _pop_words(v)),
    Rule("", 8, _random),
    Rule("ZSCAN", 10, _scan),
    Rule("ZUNION", 15, _combined(True, False)),
    Rule("ZINTER", 15, _combined(True, False)),
    Rule("ZDIFF", 10, _combined(False, False)),
    Rule("ZUNIONSTORE", 15, _combined(True, True)),
    Rule("ZINTERSTORE", 15, _combined(True, True)),
    Rule("ZDIFFSTORE", 10, _combined(False, True)),
    Rule("ZINTERCARD", 10, _inter_card),
    Rule("SADD", 10, lambda v: [v.key()] + [_member(v) for _ in range(1 + v.below(6))]),
    Rule("DEL", 6, lambda v: [v.key()]),
    Rule("OBJECT ENCODING", 6, lambda v: [v.key()]),
]
