"""Positions on the earth. Results without an order, and ANY, are compared as sets or by their number:
see explained.py."""
from vocabulary import FLOAT_JUNK, Rule

_KEYS = [b"geo:%d" % i for i in range(5)]
# Results are stored here, distances too. Read as positions these lie at one point, and which of those at the
# same distance a COUNT leaves, and in what order, is nobody's promise: so there is none where these are searched.
_STORED = _KEYS[3:]


def _key(v):
    return v.choice(_KEYS) if v.chance(0.97) else v.key()


def _member(v):
    return b"p%d" % v.below(40)


def _place(v):
    kind = v.below(40)
    if kind < 30:
        return [b"%.6f" % v.random.uniform(-20, 20), b"%.6f" % v.random.uniform(-20, 20)]
    if kind < 38:
        return [b"%.6f" % v.random.uniform(-180, 180), b"%.6f" % v.random.uniform(-70, 70)]
    # Refused. The map's very border is not among them: Redis does not look across the poles.
    if v.chance(0.5):
        return [v.choice([b"181", b"-180.1", v.choice(FLOAT_JUNK[:8])]), b"10"]
    return [b"10", v.choice([b"85.06", b"-90", b"nan", b"abc"])]


def _geoadd(v):
    args = [_key(v)]
    if v.chance(0.3):
        args.append(v.option(b"NX", b"XX", b"CH", b"CH"))
    for _ in range(1 + v.below(5)):
        args += _place(v) + [_member(v)]
    return args


def _unit(v):
    return v.option(b"m", b"km", b"ft", b"mi") if v.chance(0.98) else b"yd"


def _radius(v):
    kind = v.below(20)
    if kind < 18:
        return [b"%.3f" % v.random.uniform(0, 2_000_000), v.option(b"m")] if v.chance(0.5) else \
            [b"%d" % v.below(3000), _unit(v)]
    return [v.choice([b"-1", b"0", b"abc", b"1e3"]), _unit(v)]


def _words(v, key, is_stored):
    args = []
    if v.chance(0.5):
        args.append([v.option(b"ASC", b"DESC")])
    if v.chance(0.3) and key not in _STORED:
        count = [v.option(b"COUNT"), v.integer(0, 6)]
        args.append(count + ([v.option(b"ANY")] if not is_stored and v.chance(0.3) else []))
    if v.chance(0.04) or not is_stored:
        for word in (b"WITHCOORD", b"WITHDIST", b"WITHHASH"):
            if v.chance(0.3):
                args.append([v.option(word)])
    if v.chance(0.02):
        args.append([v.option(b"STOREDIST", b"bogus", b"COUNT")])
    return args


def _search(is_stored):
    def draw(v):
        key = _key(v)
        args = ([v.choice(_STORED)] if is_stored else []) + [key]
        start = [v.option(b"FROMMEMBER"), _member(v)] if v.chance(0.4) else \
            [v.option(b"FROMLONLAT")] + _place(v)
        if v.chance(0.6):
            by = [v.option(b"BYRADIUS")] + _radius(v)
        else:
            by = [v.option(b"BYBOX"), b"%d" % v.below(4000), b"%d" % v.below(4000),
                  v.option(b"km")]
        groups = [start, by] + _words(v, key, is_stored)
        if is_stored and v.chance(0.3):
            groups.append([v.option(b"STOREDIST")])
        if v.chance(0.03):
            groups.pop(v.below(len(groups)))
        v.random.shuffle(groups)
        return args + [word for group in groups for word in group]

    return draw


def _around(is_member, may_store):
    def draw(v):
        key = _key(v)
        args = [key] + ([_member(v)] if is_member else _place(v)) + _radius(v)
        is_stored = may_store and v.chance(0.4)
        groups = _words(v, key, is_stored)
        if is_stored:
            groups.append([v.option(b"STORE", b"STOREDIST"), v.choice(_STORED)])
        v.random.shuffle(groups)
        return args + [word for group in groups for word in group]

    return draw


RULES = [
    Rule("GEOADD", 60, _geoadd),
    Rule("GEODIST", 15, lambda v: [_key(v), _member(v), _member(v)] +
         ([_unit(v)] if v.chance(0.5) else [])),
    Rule("GEOHASH", 10, lambda v: [_key(v)] + [_member(v) for _ in range(v.below(4))]),
    Rule("GEOPOS", 10, lambda v: [_key(v)] + [_member(v) for _ in range(v.below(4))]),
    Rule("GEOSEARCH", 40, _search(False)),
    Rule("GEOSEARCHSTORE", 15, _search(True)),
    Rule("GEORADIUS", 15, _around(False, True)),
    Rule("GEORADIUS_RO", 8, _around(False, False)),
    Rule("GEORADIUSBYMEMBER", 15, _around(True, True)),
    Rule("GEORADIUSBYMEMBER_RO", 8, _around(True, False)),
    Rule("ZRANGE", 15, lambda v: [_key(v), b"0", b"-1", b"WITHSCORES"]),
    Rule("DEL", 2, lambda v: [_key(v)]),
]
