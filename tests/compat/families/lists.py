"""Lists, and SORT over them.

Few keys of its own, so that lists meet each other, and few values, so that LREM, LPOS and LINSERT
find some. Waiting commands get a timeout of a millisecond, or data.
"""
from vocabulary import Rule

_LISTS = [b"l0", b"l1", b"l2", b"l3", b"l4"]
_VALUES = [b"a", b"b", b"c", b"", b"0", b"1", b"-1", b"12", b"127", b"128", b"4095", b"-4096",
           b"4096", b"40000", b"-8388609", b"2147483648", b"9223372036854775807",
           b"9223372036854775808", b"01", b"-0", b"+1", b"1.5", b"x" * 63, b"x" * 64, b"y" * 127,
           b"z\x00z", b"\r\n", b"long" * 300]
_SETS = [b"s0", b"s1"]
_NUMBERS = [b"0", b"1", b"-1", b"3", b"10", b"2.5", b"-2.5", b"1e3", b"100", b"7", b"8", b"9"]
_MILLISECOND = [b"0.001", b"0.001", b"0.002", b"1e-3"]


def _key(v):
    return v.choice(_LISTS) if v.chance(0.97) else v.key()


def _value(v):
    kind = v.below(100)
    if kind < 70:
        return v.choice(_VALUES)
    if kind < 90:
        return b"%d" % v.below(40)
    return v.value() if kind < 99 else b"h" * v.choice([4090, 8180, 8190, 8200, 20000])


def _values(v):
    many = 1 + v.below(4) if v.chance(0.9) else 20 + v.below(400)
    return [_value(v) for _ in range(many)]


def _index(v):
    return v.integer(-12, 12) if v.chance(0.9) else v.integer(-600, 600)


def _count(v):
    return v.integer(-1, 6)


def _end(v):
    return v.option(b"LEFT", b"RIGHT") if v.chance(0.97) else v.option(b"UP", b"", b"HEAD")


def _timeout(v):
    if v.chance(0.95):
        return v.choice(_MILLISECOND)
    return v.choice([b"-1", b"abc", b"", b"1e400", b"-0.1", b"1 ", b"nan"])


def _push(v):
    return [_key(v)] + _values(v)


def _pop(v):
    return [_key(v)] + ([_count(v)] if v.chance(0.4) else [])


def _lpos(v):
    args = [_key(v), _value(v)]
    if v.chance(0.5):
        args += [v.option(b"RANK"), v.integer(-3, 3)]
    if v.chance(0.5):
        args += [v.option(b"COUNT"), v.integer(-1, 4)]
    if v.chance(0.3):
        args += [v.option(b"MAXLEN"), v.integer(-1, 20)]
    if v.chance(0.04):
        args.append(v.option(b"RANK", b"COUNT", b"bogus"))
    return args


def _route(v):
    return [_key(v), _key(v), _end(v), _end(v)]


def _key_count(v, keys):
    # Redis 7.0 adds to the greatest integer and then reads outside of the arguments.
    if v.chance(0.92):
        return b"%d" % len(keys)
    return v.choice([b"0", b"-1", b"1", b"2", b"9", b"abc", b"", b"2147483648",
                     b"-9223372036854775808"])


def _lmpop(v):
    keys = [_key(v) for _ in range(1 + v.below(3))]
    args = [_key_count(v, keys)] + keys + [_end(v)]
    if v.chance(0.5):
        args += [v.option(b"COUNT"), _count(v)]
    if v.chance(0.03):
        args.append(v.option(b"COUNT", b"LEFT"))
    return args


def _blpop(v):
    return [_key(v) for _ in range(1 + v.below(3))] + [_timeout(v)]


_WEIGHTS = [b"nosort", b"w_*", b"w_*", b"w_*->f", b"h_*->f", b"h_*->f", b"h_*->g", b"*", b"#",
            b"w_*->", b""]
_GETS = [b"#", b"w_*", b"h_*->f", b"w_*->f", b"plain", b"*", b"##", b"w_*->"]


def _sort_options(v, can_store):
    args = []
    # What is stored is sorted as text: Redis may take numbers for unsound by accident, see
    # explained.py.
    is_stored = can_store and v.chance(0.3)
    if is_stored or v.chance(0.7):
        args.append(v.option(b"ALPHA"))
    if v.chance(0.4):
        args.append(v.option(b"ASC", b"DESC"))
    # Equals among a set's members come in the order of its table, which what is stored would show.
    has_by = not is_stored and v.chance(0.25)
    if has_by:
        args += [v.option(b"BY"), v.choice(_WEIGHTS)]
    # Where Redis only looks for the first few, equals come in an order of its own.
    if v.chance(0.3) and not has_by:
        args += [v.option(b"LIMIT"), v.integer(-3, 8), v.integer(-3, 8)]
    while v.chance(0.3):
        args += [v.option(b"GET"), v.choice(_GETS)]
    if is_stored:
        args += [v.option(b"STORE"), _key(v)]
    if v.chance(0.03):
        args.append(v.option(b"BY", b"GET", b"LIMIT", b"STORE", b"bogus"))
    return args


def _sort(can_store):
    def draw(v):
        options = _sort_options(v, can_store)
        # A set that is not sorted comes in an order of its own.
        is_sorted = not any(word.upper() in (b"BY", b"BOGUS") for word in options)
        return [v.choice(_SETS) if is_sorted and v.chance(0.15) else _key(v)] + options

    return draw


def _linsert(v):
    side = v.option(b"BEFORE", b"AFTER") if v.chance(0.97) else b"x"
    return [_key(v), side, _value(v), _value(v)]


def _sadd(v):
    # Texts that differ only behind a zero byte are equal to SORT ALPHA, and a set has no order.
    return [v.choice(_SETS)] + [value.replace(b"\x00", b"") for value in _values(v)[:5]]


def _weight(v):
    is_number = v.chance(0.95)
    value = v.choice(_NUMBERS if is_number else [b"x", b"", b"nan", b"inf", b"1e999"])
    return [b"w_" + v.choice(_VALUES[:16]), value]


RULES = [
    Rule("LPUSH", 25, _push),
    Rule("RPUSH", 25, _push),
    Rule("LPUSHX", 8, _push),
    Rule("RPUSHX", 8, _push),
    Rule("RPUSH", 6, lambda v: [_key(v)] + [v.choice(_NUMBERS) for _ in range(1 + v.below(6))]),
    Rule("LPOP", 18, _pop),
    Rule("RPOP", 18, _pop),
    Rule("LLEN", 10, lambda v: [_key(v)]),
    Rule("LINDEX", 18, lambda v: [_key(v), _index(v)]),
    Rule("LSET", 18, lambda v: [_key(v), _index(v), _value(v)]),
    Rule("LINSERT", 22, _linsert),
    Rule("LRANGE", 30, lambda v: [_key(v), _index(v), _index(v)]),
    Rule("LRANGE", 12, lambda v: [_key(v), b"0", b"-1"]),
    Rule("LREM", 18, lambda v: [_key(v), v.integer(-4, 4), _value(v)]),
    Rule("LTRIM", 4, lambda v: [_key(v), _index(v), _index(v)]),
    Rule("LPOS", 20, _lpos),
    Rule("LMOVE", 16, _route),
    Rule("RPOPLPUSH", 10, lambda v: [_key(v), _key(v)]),
    Rule("LMPOP", 14, _lmpop),
    Rule("BLPOP", 4, _blpop),
    Rule("BRPOP", 4, _blpop),
    Rule("BLMOVE", 4, lambda v: _route(v) + [_timeout(v)]),
    Rule("BRPOPLPUSH", 3, lambda v: [_key(v), _key(v), _timeout(v)]),
    Rule("BLMPOP", 3, lambda v: [_timeout(v)] + _lmpop(v)),
    Rule("SORT", 22, _sort(True)),
    Rule("SORT_RO", 10, _sort(False)),
    Rule("SET", 10, _weight),
    Rule("HSET", 5, lambda v: [b"h_" + v.choice(_VALUES[:16]), b"f",
                               v.choice(_NUMBERS + [b"x", b""])]),
    Rule("SADD", 3, _sadd),
    Rule("SET", 1, lambda v: [_key(v), b"a string"]),
    Rule("DEL", 6, lambda v: [_key(v)]),
    Rule("COPY", 2, lambda v: [_key(v), _key(v), b"REPLACE"]),
    Rule("RENAME", 1, lambda v: [_key(v), _key(v)]),
    Rule("OBJECT ENCODING", 3, lambda v: [_key(v)]),
    Rule("TYPE", 1, lambda v: [_key(v)]),
]
