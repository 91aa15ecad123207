"""DUMP, RESTORE and MIGRATE: what they refuse, and values that both servers are handed the same."""
from vocabulary import Rule

# Payloads as redis-server 7.0 dumps them: strings, a list, a set, a hash, a sorted set.
_PAYLOADS = [bytes.fromhex(text) for text in (
    "0001760a009108ceb219388ace",
    "00c1c7cf0a0067eda236b4db26d0",
    "00c30932017878e025000178780a00bcb80bdda0706be7",
    "1201020c0c00000002008161020101ff0a0094962b23ac17aa85",
    "0b0e02000000030000000100020003000a00a5025ce26d6e4d1b",
    "020101610a006296e97e44d21a6d",
    "10121200000004008166028176028167020c01ff0a00de133993f783817e",
    "111414000000040081610283312e35048162020201ff0a00fa02b425af188763",
)]


def _payload(v):
    payload = v.choice(_PAYLOADS)
    kind = v.below(20)
    if kind == 0:
        return payload[:v.below(len(payload))]
    if kind == 1:
        at = v.below(len(payload))
        return payload[:at] + bytes([payload[at] ^ (1 + v.below(255))]) + payload[at + 1:]
    return v.value() if kind == 2 else payload


def _restore(v):
    is_absolute = v.chance(0.3)
    args = [v.key(), v.unix_milliseconds() if is_absolute else v.milliseconds_ahead(), _payload(v)]
    if v.chance(0.4):
        args[1] = b"0"
    if is_absolute:
        args.append(v.mixed_case(b"ABSTTL"))
    if v.chance(0.7):
        args.append(v.mixed_case(b"REPLACE"))
    for _ in range(v.choice([0, 0, 0, 1, 1, 2])):
        args += [v.option(b"IDLETIME", b"FREQ"), v.integer(-1, 300)]
    if v.chance(0.04):
        args.append(v.option(b"IDLETIME", b"FREQ", b"bogus", b"ABSTTL", b""))
    return args


# Nobody listens on port 1; and where there is no key, nobody is called.
def _migrate(v):
    args = [b"127.0.0.1", b"1", v.key(), v.database(), v.choice([b"10", b"0", b"-1", b"abc", b"", b"9999999999999999999"])]
    for _ in range(v.choice([0, 0, 1, 2])):
        args += v.choice([[b"COPY"], [b"REPLACE"], [b"AUTH", b"x"], [b"AUTH2", b"x", b"y"], [b"AUTH"], [b"bogus"]])
    if v.chance(0.4):
        args[2] = v.choice([b"", b"", b"", b"k1"])
        args += [v.mixed_case(b"KEYS")] + v.choice([v.many_keys(), []])
    return args


RULES = [
    Rule("DUMP", 10, lambda v: [v.key()]),
    Rule("RESTORE", 30, _restore),
    Rule("RESTORE-ASKING", 3, _restore),
    Rule("MIGRATE", 4, _migrate),
]
