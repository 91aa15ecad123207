"""What random commands are made of: few keys, so that commands meet, and arguments from the edges.

A family (families/*.py) is a list of Rule: a command's name, its weight, and a function that
draws its arguments from a Vocabulary. Everything comes from one seeded random generator, so a
seed is a test case.
"""
import random
import time

KEY_COUNT = 30
DATABASE_COUNT = 16
# Values may grow up to this (the servers run with proto-max-bulk-len at its minimum), which keeps
# the edges of offsets cheap: 2^31 is refused instead of allocated.
VALUE_BYTES_MAX = 1 << 20

INTEGER_EDGES = [
    b"-9223372036854775808", b"-9223372036854775809", b"-4294967297", b"-4294967296",
    b"-2147483649", b"-2147483648", b"-2", b"-1", b"0", b"1", b"2", b"7", b"8", b"255", b"256",
    b"65536", b"1048575", b"1048576", b"1048577", b"8388607", b"8388608", b"2147483647",
    b"2147483648", b"4294967295", b"4294967296", b"4294967297", b"536870912", b"9007199254740993",
    b"9223372036854775806", b"9223372036854775807", b"9223372036854775808",
    b"18446744073709551615", b"18446744073709551616", b"99999999999999999999999"]
INTEGER_JUNK = [
    b"", b" ", b"1 ", b" 1", b"+1", b"01", b"-0", b"--1", b"1.0", b"1e3", b"0x10", b"abc",
    b"1\x00", b"\xff", b"nan", b"inf", b"#1", b"-"]
FLOAT_EDGES = [
    b"0", b"-0", b"1", b"-1", b"0.1", b"-0.5", b"3.0", b"5.0e3", b"1e2", b"1e-5", b"1E5",
    b"0.00000000000000001", b"123456789012345678", b"1e17", b"1e18", b"1e300", b"-1e300",
    b"1e308", b"17976931348623157e292", b"9007199254740993", b"3.14159265358979323846", b".5",
    b"5.", b"0x10", b"0x1p3", b"1e22"]
FLOAT_JUNK = [
    b"", b" ", b"1 ", b" 1", b"nan", b"-nan", b"inf", b"-inf", b"+inf", b"Infinity", b"infinit",
    b"1e", b"e1", b"1..2", b"1,5", b"abc", b"1\x00", b"--1", b"1e4933", b"-1e4933"]


class Rule:
    """One command of a family: how often it is drawn, and how its arguments are."""

    def __init__(self, name, weight, draw, followed_by=None):
        """`draw(vocabulary)` gives the arguments; `followed_by(args)` a command to send right
        behind, or None.

        An empty name means that `draw` gives the command's name as well.
        """
        self.words = name.encode().split()
        self.name = name
        self.weight = weight
        self.draw = draw
        self.followed_by = followed_by


class Vocabulary:
    """Draws keys, values and arguments."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.keys = [b"k%d" % index for index in range(KEY_COUNT - 6)]
        self.keys += [b"", b"key with space", b"{tag}a", b"{tag}b", b"bin\x00\r\n\xff", b"K0"]
        self.now_s = int(time.time())

    def chance(self, probability):
        """True in this share of the draws."""
        return self.random.random() < probability

    def choice(self, items):
        return items[int(self.random.random() * len(items))]

    def below(self, limit):
        """An int in [0, limit)."""
        return int(self.random.random() * limit)

    def key(self):
        # A few keys get most of the traffic, so that a key sees long histories.
        if self.chance(0.5):
            return self.keys[self.below(6)]
        return self.choice(self.keys)

    def many_keys(self, most=5):
        """One to `most` keys; the same one twice now and then."""
        return [self.key() for _ in range(1 + self.below(most))]

    def value(self):
        """A string value: numbers, floats, text around the encodings' borders, binary, nothing."""
        kind = self.below(100)
        if kind < 25:
            return b"%d" % (self.below(20001) - 10000)
        if kind < 33:
            return self.choice(INTEGER_EDGES)
        if kind < 40:
            return self.choice(FLOAT_EDGES)
        if kind < 45:
            return self.choice(INTEGER_JUNK)
        if kind < 50:
            return self.choice(FLOAT_JUNK)
        if kind < 60:
            # 44 bytes is where Redis goes from embstr to raw, 20 where numbers end.
            return b"x" * self.choice([1, 7, 19, 20, 21, 43, 44, 45, 63, 64, 65, 100, 255, 256,
                                       257])
        if kind < 75:
            return bytes(self.below(256) for _ in range(self.below(12)))
        if kind < 99:
            return b"".join(self.choice([b"foo", b"bar", b"ohmytext", b"a", b"b", b"\r\n"])
                            for _ in range(self.below(8)))
        return b"v" * self.choice([1000, 4096, 16384, 65536])

    def integer(self, low=-10, high=100):
        """Mostly a harmless integer, sometimes an edge, sometimes not an integer."""
        kind = self.below(20)
        if kind < 15:
            return b"%d" % (low + self.below(high - low + 1))
        return self.edge_integer()

    def edge_integer(self):
        return self.choice(INTEGER_EDGES) if self.chance(0.8) else self.choice(INTEGER_JUNK)

    def floating(self):
        kind = self.below(10)
        if kind < 4:
            return b"%.*f" % (self.below(6), self.random.uniform(-1000, 1000))
        return self.choice(FLOAT_EDGES) if kind < 8 else self.choice(FLOAT_JUNK)

    def database(self):
        """Mostly one of the first four."""
        if self.chance(0.9):
            return b"%d" % self.below(4)
        return self.choice([b"15", b"16", b"-1", b"abc", b"", b"00", b"4294967296",
                            b"9223372036854775808"])

    def mixed_case(self, word):
        """The word as a client may write it."""
        kind = self.below(10)
        if kind < 6:
            return word.upper()
        if kind < 8:
            return word.lower()
        return bytes(byte ^ 0x20 if 65 <= byte & 0xDF <= 90 and self.chance(0.5) else byte
                     for byte in word)

    def option(self, *words):
        return self.mixed_case(self.choice(words))

    # Times. Whether a key is there must not depend on which server was asked first, so nothing
    # expires during a run: times are long past, or more than a day ahead.

    def seconds_ahead(self):
        """A relative number of seconds: over a day, at once, or not acceptable."""
        return self._duration(100_000, 10 ** 9, b"86401")

    def milliseconds_ahead(self):
        """A relative number of milliseconds, likewise."""
        return self._duration(100_000_000, 10 ** 12, b"86400001")

    def distinct_duration(self, is_seconds):
        """A relative time that hardly ever equals another: for GT and LT, which would see the
        clock."""
        span = 10 ** 9 if is_seconds else 10 ** 12
        return b"%d" % (span // 10 + self.below(span))

    def _duration(self, low, high, fixed):
        kind = self.below(10)
        if kind < 6:
            return b"%d" % (low + self.below(high))
        if kind < 7:
            return fixed
        return self.choice(_FAR_OR_REFUSED) if kind < 9 else self.choice(INTEGER_JUNK)

    def unix_seconds(self):
        """An absolute second: far ahead, long past, or not acceptable."""
        return self._instant(1)

    def unix_milliseconds(self):
        """An absolute millisecond, likewise."""
        return self._instant(1000)

    def _instant(self, unit):
        kind = self.below(10)
        if kind < 6:
            # Few distinct values, so that GT and LT meet equality.
            return b"%d" % ((self.now_s + 86400 * (2 + self.below(50))) * unit)
        if kind < 7:
            return b"%d" % ((self.now_s - 86400 * self.below(50) - 100) * unit)
        return self.choice(_PAST_FAR_OR_REFUSED[unit]) if kind < 9 else self.choice(INTEGER_JUNK)

    def expiry_option(self, words=(b"EX", b"PX", b"EXAT", b"PXAT")):
        """An expiry as SET and GETEX take it: word and number."""
        word = self.choice(words)
        draw = {b"EX": self.seconds_ahead, b"PX": self.milliseconds_ahead,
                b"EXAT": self.unix_seconds, b"PXAT": self.unix_milliseconds}[word]
        return [self.mixed_case(word), draw()]


_FAR_OR_REFUSED = [
    b"-9223372036854775808", b"-9223372036854775809", b"-4294967297", b"-1", b"0",
    b"2147483647000", b"9223372036854775", b"9223372036854776", b"9223372036854775806",
    b"9223372036854775807", b"9223372036854775808", b"18446744073709551616"]
# 2^31 and 2^32 are far ahead as seconds, and in 1970 as milliseconds: both are fine.
_PAST_FAR_OR_REFUSED = {
    1: _FAR_OR_REFUSED + [b"1", b"2147483648", b"4294967296"],
    1000: _FAR_OR_REFUSED + [b"1", b"2147483648", b"4294967296"],
}


# Spoiled by chance, these would end a connection, hold the server up or change what it compares.
# HELLO because Redis has renamed the connection when it comes to the syntax error behind SETNAME.
# HRANDFIELD because Redis builds a reply of any length that a negative count asks for.
# SPOP and SRANDMEMBER because what they draw must not matter, nor take minutes.
# ZRANK and ZREVRANK because Redis 7.0 refuses to queue a WITHSCORE that 7.2 takes.
# Those that subscribe because a connection would stay subscribed.
# Those that wait because of timeouts of hours.
NEVER_SPOILED = {b"CLIENT", b"DEBUG", b"CONFIG", b"HELLO",
                 b"HRANDFIELD",
                 b"SPOP", b"SRANDMEMBER",
                 b"ZRANK", b"ZREVRANK",
                 b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE",
                 b"UNSUBSCRIBE", b"PUNSUBSCRIBE", b"SUNSUBSCRIBE",
                 b"BLPOP", b"BRPOP", b"BLMOVE", b"BRPOPLPUSH", b"BLMPOP"}

_SOON = {b"EX": 86400, b"PX": 86400_000, b"EXPIRE": 86400, b"PEXPIRE": 86400_000,
         b"SETEX": 86400, b"PSETEX": 86400_000, b"RESTORE": 86400_000,
         b"RESTORE-ASKING": 86400_000}


def expires_soon(command):
    """Whether the command gives a key a time to live that may end during the run."""
    name = command[0].upper()
    if name in (b"EXPIRE", b"PEXPIRE", b"SETEX", b"PSETEX", b"RESTORE", b"RESTORE-ASKING"):
        return len(command) > 2 and _is_between_zero_and(command[2], _SOON[name])
    if name in (b"SET", b"GETEX"):
        return any(word.upper() in _SOON and _is_between_zero_and(time_value, _SOON[word.upper()])
                   for word, time_value in zip(command[2:], command[3:]))
    return False


def _is_between_zero_and(text, limit):
    return text.isdigit() and 0 < int(text) < limit


def spoil(vocabulary, command):
    """Makes a well-formed command wrong in one way: arity, a doubled or a foreign word, junk."""
    command = list(command)
    kind = vocabulary.below(8)
    if kind == 0 and len(command) > 1:
        del command[1 + vocabulary.below(len(command) - 1)]
    elif kind == 1:
        command = command[:1]
    elif kind == 2:
        command.append(vocabulary.value()[:100])
    elif kind == 3 and len(command) > 1:
        command.append(command[-1])
    elif kind == 4 and len(command) > 2:
        command[2 + vocabulary.below(len(command) - 2)] = vocabulary.edge_integer()
    elif kind == 5:
        command.insert(1 + vocabulary.below(len(command)), vocabulary.option(
            b"NX", b"XX", b"GT", b"LT", b"GET", b"KEEPTTL", b"REPLACE", b"COUNT", b"MATCH",
            b"PERSIST"))
    elif kind == 6 and len(command) > 2:
        command[-1], command[-2] = command[-2], command[-1]
    else:
        command += [b"x"] * (1 + vocabulary.below(4))
    return command
