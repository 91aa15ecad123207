"""Bits of strings."""
from vocabulary import Rule

_TYPES = [b"u1", b"u2", b"u4", b"u7", b"u8", b"u16", b"u31", b"u32", b"u33", b"u63", b"i1", b"i2",
          b"i5", b"i8", b"i16", b"i32", b"i33", b"i63", b"i64"]
_BAD_TYPES = [b"u0", b"u64", b"u65", b"i0", b"i65", b"x8", b"u", b"i", b"", b"8", b"u-1", b"u08",
              b"U8", b"I8", b"u4294967304", b"u8 "]


def _bit_offset(v):
    if v.chance(0.9):
        return b"%d" % v.below(300)
    return v.edge_integer()


def _field_type(v):
    return v.choice(_TYPES) if v.chance(0.95) else v.choice(_BAD_TYPES)


def _field_offset(v):
    offset = _bit_offset(v)
    # Redis multiplies a '#' offset unchecked: with the least integer it wraps around to bit 0.
    is_multiple = v.chance(0.3) and offset != b"-9223372036854775808"
    return b"#" + offset if is_multiple else offset


def _field_value(v):
    value = v.integer(-300, 300) if v.chance(0.8) else v.edge_integer()
    # Redis subtracts the least integer from a maximum, overflows, and saturates to the wrong side.
    return b"-4611686018427387904" if value == b"-9223372036854775808" else value


def _bitfield(v):
    args = [v.key()]
    for _ in range(v.below(5)):
        kind = v.below(20)
        if kind < 6:
            args += [v.option(b"GET"), _field_type(v), _field_offset(v)]
        elif kind < 11:
            args += [v.option(b"SET"), _field_type(v), _field_offset(v), _field_value(v)]
        elif kind < 16:
            args += [v.option(b"INCRBY"), _field_type(v), _field_offset(v), _field_value(v)]
        elif kind < 19:
            args += [v.option(b"OVERFLOW"), v.option(b"WRAP", b"SAT", b"FAIL", b"WRAP", b"SAT",
                                                     b"FAIL", b"bogus")]
        else:
            args.append(v.option(b"GET", b"SET", b"bogus"))
    return args


def _bitfield_ro(v):
    args = [v.key()]
    for _ in range(v.below(4)):
        if v.chance(0.9):
            args += [v.option(b"GET"), _field_type(v), _field_offset(v)]
        else:
            args += [v.option(b"SET"), _field_type(v), _field_offset(v), _field_value(v)]
    return args


def _range(v, needs_end):
    """[start [end [BYTE|BIT]]]"""
    args = []
    if v.chance(0.7):
        args.append(v.integer(-40, 60))
        if needs_end or v.chance(0.8):
            args.append(v.integer(-40, 60))
            if v.chance(0.5):
                args.append(v.option(b"BYTE", b"BIT", b"BIT", b"BYTE", b"bogus"))
    return args


def _bitpos(v):
    bit = v.choice([b"0", b"1"]) if v.chance(0.9) else v.edge_integer()
    return [v.key(), bit] + _range(v, needs_end=False)


def _bitop(v):
    operation = v.option(b"AND", b"OR", b"XOR", b"NOT") if v.chance(0.97) else b"NAND"
    sources = [v.key()] if operation.upper() == b"NOT" and v.chance(0.9) else v.many_keys(4)
    return [operation, v.key()] + sources


def _setbit(v):
    bit = v.choice([b"0", b"1"]) if v.chance(0.92) else v.edge_integer()
    return [v.key(), _bit_offset(v), bit]


RULES = [
    Rule("SETBIT", 25, _setbit),
    Rule("GETBIT", 15, lambda v: [v.key(), _bit_offset(v)]),
    Rule("BITCOUNT", 20, lambda v: [v.key()] + _range(v, needs_end=v.chance(0.9))),
    Rule("BITPOS", 25, _bitpos),
    Rule("BITOP", 25, _bitop),
    Rule("BITFIELD", 45, _bitfield),
    Rule("BITFIELD_RO", 15, _bitfield_ro),
]
