"""Administrative commands whose replies do not depend on the machine, and errors of all of
them."""
from vocabulary import Rule

_UNKNOWN = [b"nosuch", b"GETT", b"", b"S E T", b"SET\r\n", b"\x00\xff", b"get ", b"x" * 200,
            b"'quoted'", b"%s%n"]


def _unknown(v):
    return [v.choice(_UNKNOWN)] + [v.value()[:200] for _ in range(v.below(6))]


def _config_get(v):
    names = [b"maxmemory", b"maxmemory-policy", b"MAXCLIENTS", b"timeout",
             b"hash-max-listpack-entries", b"hash-max-ziplist-entries", b"set-max-intset-entries",
             b"tcp-keepalive", b"databases", b"hz", b"lazyfree-lazy-*",
             b"slowlog-log-slower-than", b"nosuch", b"", b"appendfsync", b"proto-max-bulk-len",
             b"*-max-ziplist-*", b"save", b"lfu-*", b"activerehashing"]
    return [v.choice(names) for _ in range(1 + v.below(3))]


def _config_set(v):
    pairs = [
        (b"maxmemory-samples", v.choice([b"5", b"10", b"0", b"-1", b"abc", b""])),
        (b"lfu-decay-time", v.choice([b"1", b"0", b"-1", b"99999999999"])),
        (b"lazyfree-lazy-expire", v.choice([b"yes", b"no", b"YES", b"maybe", b""])),
        (b"slowlog-max-len", v.choice([b"128", b"-1", b"abc", b"4294967296"])),
        (b"hash-max-ziplist-value", v.choice([b"64", b"1kb", b"64b", b"-1", b"1xb"])),
        (b"client-query-buffer-limit", v.choice([b"1gb", b"1", b"abc"])),
        (b"timeout", v.choice([b"0", b"-1", b"2147483648", b"abc"])),
        (b"appendfsync", v.choice([b"everysec", b"always", b"no", b"sometimes"])),
        (b"databases", b"32"), (b"port", b"abc"), (b"nosuch", b"1"),
        (b"maxmemory-policy", b"bogus")]
    args = []
    for _ in range(1 + v.below(2)):
        args += v.choice(pairs)
    return args


def _getkeys(v):
    lines = [[b"GET", b"a"], [b"MSET", b"a", b"1", b"b", b"2"], [b"SET", b"a", b"1"],
             [b"BITOP", b"AND", b"d", b"a", b"b"], [b"RENAME", b"a", b"b"], [b"PING"],
             [b"nosuch", b"a"], [b"GET"], [b"COPY", b"a", b"b", b"DB", b"1"],
             [b"OBJECT", b"ENCODING", b"a"], [b"LCS", b"a", b"b"], [b"DEL", b"a", b"b", b"c"],
             [b"MSETNX", b"a", b"1"]]
    return v.choice(lines)


RULES = [
    Rule("", 4, _unknown),
    Rule("DEBUG SLEEP", 1, lambda v: [b"0"]),
    Rule("DEBUG STRINGMATCH-LEN", 1, lambda v: [v.choice([b"1", b"10", b"100"]),
                                                v.choice([b"a*a*b", b"*", b"?"])]),
    Rule("DEBUG PROTOCOL", 4, lambda v: [v.option(
        b"string", b"integer", b"double", b"null", b"array", b"set", b"map", b"bignum", b"true",
        b"false", b"verbatim", b"bogus")]),
    Rule("DEBUG ERROR", 1, lambda v: [b"MYERR some text"]),
    Rule("DEBUG POPULATE", 1, lambda v: [b"%d" % v.below(4), v.key(), b"%d" % v.below(30)]),
    Rule("CONFIG GET", 6, _config_get),
    Rule("CONFIG SET", 8, _config_set),
    Rule("CONFIG bogus", 1, lambda v: []),
    Rule("COMMAND GETKEYS", 4, _getkeys),
    Rule("COMMAND GETKEYSANDFLAGS", 4, _getkeys),
    Rule("COMMAND COUNT", 1, lambda v: []),
    Rule("COMMAND INFO", 2, lambda v: [v.choice([b"nosuch", b"", b"get|x"])]),
    Rule("COMMAND DOCS", 1, lambda v: [b"nosuch"]),
    Rule("COMMAND LIST FILTERBY", 2, lambda v: [v.option(b"MODULE", b"bogus"), b"nosuch"]),
    Rule("COMMAND bogus", 1, lambda v: []),
    Rule("MEMORY USAGE", 4, lambda v: [v.key()] + (
        [v.option(b"SAMPLES"), v.integer(-1, 5)] if v.chance(0.5) else [])),
    Rule("MEMORY bogus", 1, lambda v: []),
    Rule("SLOWLOG LEN", 1, lambda v: []),
    Rule("SLOWLOG GET", 2, lambda v: [v.integer(-2, 10)] if v.chance(0.7) else []),
    Rule("SLOWLOG RESET", 1, lambda v: []),
    Rule("SLOWLOG bogus", 1, lambda v: []),
    Rule("LATENCY LATEST", 1, lambda v: []),
    Rule("LATENCY HISTORY", 1, lambda v: [v.choice([b"command", b"bogus"])]),
    Rule("LATENCY RESET", 1, lambda v: [b"bogus"] if v.chance(0.5) else []),
    Rule("LATENCY bogus", 1, lambda v: []),
    Rule("TIME", 1, lambda v: []),
    Rule("INFO", 1, lambda v: [v.choice([b"bogus", b"server", b"ALL"])]),
    Rule("LOLWUT", 1, lambda v: []),
]
