"""HyperLogLog: replies and bytes, of strings that are some, that only look so, or are corrupt."""
from vocabulary import Rule

_COUNTED = [b"h%d" % index for index in range(5)]
_CORRUPT = [b"corrupt%d" % index for index in range(3)]
_HEADER = b"HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"


def _key(v):
    return v.choice(_COUNTED) if v.chance(0.93) else v.key()


def _some_key(v):
    return v.choice(_CORRUPT) if v.chance(0.15) else _key(v)


def _element(v):
    return b"%d" % v.below(30000) if v.chance(0.9) else v.value()


def _elements(v):
    if v.chance(0.03):
        first = v.below(100000)
        return [b"%d" % (first + i) for i in range(v.choice([200, 1000, 3000]))]
    return [_element(v) for _ in range(v.below(8))]


def _runs(v):
    """Sparse runs that may or may not cover all registers."""
    runs = bytearray()
    for _ in range(v.below(6)):
        kind = v.below(4)
        if kind == 0:
            runs.append(v.below(64))
        elif kind == 1:
            runs += bytes([0x40 | v.below(64), v.below(256)])
        else:
            runs.append(0x80 | v.below(128))
    if v.chance(0.6):
        covered = 0
        position = 0
        while position < len(runs):
            if runs[position] & 0x80:
                covered += (runs[position] & 3) + 1
                position += 1
            elif runs[position] & 0x40:
                covered += ((runs[position] & 63) << 8 | runs[position + 1]) + 1
                position += 2
            else:
                covered += runs[position] + 1
                position += 1
        rest = 16384 - covered + (0 if v.chance(0.8) else v.below(5) - 2)
        if 0 < rest <= 16384:
            runs += bytes([0x40 | (rest - 1) >> 8, (rest - 1) & 255])
    if v.chance(0.1):
        runs.append(0x80 | v.below(128))
    return bytes(runs)


def _corrupt(v):
    kind = v.below(10)
    if kind < 6:
        value = _HEADER + v.choice([b"\x00", b"\x80"]) + _runs(v)
    elif kind < 7:
        value = v.choice([b"HYLL", b"hyll" + bytes(20), _HEADER, _HEADER + b"\x00",
                          b"HYLL\x02" + bytes(11), b"HYLL\x00" + bytes(11), b"HYLL" + bytes(12299),
                          b"HYLL" + bytes(12301)])
    else:
        value = b"HYLL" + bytes(11) + b"\x80" + bytes(v.choice([0, 1, 0x55, 0xFF])
                                                      for _ in range(4)) * 3072
    return [v.choice(_CORRUPT), value]


def _debug(v):
    subcommand = v.option(b"DECODE", b"ENCODING", b"TODENSE", b"GETREG", b"ENCODING", b"bogus")
    return [subcommand, _some_key(v)]


def _bytes_of(args):
    return [b"GET", args[0]]


RULES = [
    Rule("PFADD", 60, lambda v: [_key(v)] + _elements(v), followed_by=_bytes_of),
    Rule("PFADD", 10, lambda v: [v.choice(_CORRUPT)] + _elements(v), followed_by=_bytes_of),
    Rule("PFCOUNT", 30, lambda v: [_some_key(v)], followed_by=_bytes_of),
    Rule("PFCOUNT", 15, lambda v: [_some_key(v) for _ in range(1 + v.below(4))]),
    Rule("PFMERGE", 20, lambda v: [_some_key(v) for _ in range(1 + v.below(4))],
         followed_by=_bytes_of),
    Rule("PFDEBUG", 15, _debug),
    Rule("SET", 12, _corrupt),
    Rule("STRLEN", 4, lambda v: [_key(v)]),
    Rule("OBJECT ENCODING", 6, lambda v: [_some_key(v)]),
    Rule("EXPIRE", 2, lambda v: [_key(v), b"100000"]),
    Rule("DEL", 6, lambda v: [_some_key(v)]),
]
