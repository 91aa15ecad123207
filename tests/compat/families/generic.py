"""Commands on keys of any type, and on whole databases."""
from vocabulary import Rule

# Without "**" alone, which Redis does not match with the empty key (and "*" it does).
_PATTERNS = [b"*", b"k*", b"k1?", b"k[0-3]", b"k[^0-3]", b"k[3-0]", b"[k", b"k[", b"k[]", b"k\\1",
             b"\\", b"", b"?", b"k**", b"*1*", b"{tag}*", b"K0", b"k[a\\-z]*", b"[^k]*", b"???",
             b"k1", b"*\xff", b"key with*", b"k[0-"]


def _expire(unit):
    is_seconds, is_absolute = unit in ("s", "S"), unit in ("S", "MS")

    def draw(v):
        words = []
        for _ in range(v.choice([0, 0, 0, 1, 1, 1, 1, 2, 3])):
            words.append(v.option(b"NX", b"XX", b"GT", b"LT"))
        if v.chance(0.03):
            words.append(v.option(b"bogus", b"KEEPTTL", b""))
        if is_absolute:
            time_value = v.unix_seconds() if is_seconds else v.unix_milliseconds()
        elif any(word.upper() in (b"GT", b"LT") for word in words):
            time_value = v.distinct_duration(is_seconds)
        else:
            time_value = v.seconds_ahead() if is_seconds else v.milliseconds_ahead()
        return [v.key(), time_value] + words

    return draw


def _scan(v):
    if v.chance(0.7):
        args = [b"0", v.mixed_case(b"COUNT"), b"100000"]
    else:
        args = [v.integer(0, 50), v.mixed_case(b"COUNT"), v.integer(-1, 20)]
    if v.chance(0.5):
        args += [v.option(b"MATCH"), v.choice(_PATTERNS)]
    if v.chance(0.4):
        args += [v.option(b"TYPE"), v.option(b"string", b"hash", b"list", b"stream", b"bogus")]
    if v.chance(0.04):
        args.append(v.option(b"MATCH", b"TYPE", b"COUNT", b"bogus"))
    if v.chance(0.04):
        args[0] = v.choice([b"", b"-1", b"abc", b" 0", b"0 ", b"1.5", b"18446744073709551615",
                            b"18446744073709551616"])
    return args


def _copy(v):
    args = [v.key(), v.key()]
    if v.chance(0.4):
        args += [v.option(b"DB"), v.database()]
    if v.chance(0.5):
        args.append(v.option(b"REPLACE"))
    if v.chance(0.04):
        args.append(v.option(b"DB", b"REPLACE", b"bogus"))
    return args


def _flush_mode(v):
    kind = v.below(10)
    if kind < 5:
        return []
    return [v.option(b"SYNC", b"ASYNC")] if kind < 9 else [v.option(b"bogus", b"SYNC"), b"ASYNC"]


RULES = [
    Rule("DEL", 25, lambda v: v.many_keys()),
    Rule("UNLINK", 12, lambda v: v.many_keys()),
    Rule("EXISTS", 15, lambda v: v.many_keys()),
    Rule("TOUCH", 6, lambda v: v.many_keys()),
    Rule("TYPE", 10, lambda v: [v.key()]),
    Rule("EXPIRE", 25, _expire("s")),
    Rule("PEXPIRE", 25, _expire("ms")),
    Rule("EXPIREAT", 25, _expire("S")),
    Rule("PEXPIREAT", 25, _expire("MS")),
    Rule("TTL", 12, lambda v: [v.key()]),
    Rule("PTTL", 12, lambda v: [v.key()]),
    Rule("EXPIRETIME", 12, lambda v: [v.key()]),
    Rule("PEXPIRETIME", 12, lambda v: [v.key()]),
    Rule("PERSIST", 12, lambda v: [v.key()]),
    Rule("KEYS", 12, lambda v: [v.choice(_PATTERNS)]),
    Rule("SCAN", 25, _scan),
    Rule("RANDOMKEY", 6, lambda v: []),
    Rule("RENAME", 25, lambda v: [v.key(), v.key()]),
    Rule("RENAMENX", 20, lambda v: [v.key(), v.key()]),
    Rule("COPY", 30, _copy),
    Rule("MOVE", 20, lambda v: [v.key(), v.database()]),
    Rule("SWAPDB", 4, lambda v: [v.database(), v.database()]),
    Rule("OBJECT ENCODING", 30, lambda v: [v.key()]),
    Rule("OBJECT REFCOUNT", 4, lambda v: [v.key()]),
    Rule("OBJECT IDLETIME", 4, lambda v: [v.key()]),
    Rule("OBJECT FREQ", 4, lambda v: [v.key()]),
    Rule("OBJECT HELP", 1, lambda v: []),
    Rule("OBJECT bogus", 2, lambda v: [v.key()]),
    Rule("DBSIZE", 10, lambda v: []),
    Rule("FLUSHDB", 1, _flush_mode),
    Rule("FLUSHALL", 0.3, _flush_mode),
]
