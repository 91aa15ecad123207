"""The differences from Redis 7.0 that are meant, each with its reason. Everything else must be
equal, byte for byte.

A normaliser takes (command, reply tree) and returns what remains to be compared.
"""
import re

import resp


def _shape(_command, reply):
    """Only what kind of reply it is."""
    if isinstance(reply, list):
        return "array"
    if isinstance(reply, dict):
        return "map"
    return reply if isinstance(reply, resp.ErrorReply) else type(reply).__name__


def _item_shapes(_command, reply):
    """The number of elements and the kind of each."""
    return [type(item).__name__ for item in reply] if isinstance(reply, list) else reply


def _sorted(_command, reply):
    """The elements in any order."""
    return sorted(reply) if isinstance(reply, list) else reply


def _sorted_deep(_command, reply):
    if isinstance(reply, list):
        return sorted((_sorted_deep(_command, item) for item in reply), key=repr)
    return reply


def _pairs(_command, reply):
    """A map, or the array of pairs that RESP2 has for it."""
    if isinstance(reply, list) and len(reply) % 2 == 0:
        return dict(zip(reply[0::2], reply[1::2]))
    return reply


def _hello(command, reply):
    """Which fields there are; the version and the id are the server's own."""
    fields = _pairs(command, reply)
    if not isinstance(fields, dict):
        return reply
    own = (b"server", b"version", b"id", b"modules")
    return {name: None if name in own else value for name, value in fields.items()}


def _scan(command, reply):
    """A complete scan: the set of keys. A part of one: only its shape, the order of the table is
    our own."""
    if not isinstance(reply, list) or len(reply) != 2:
        return reply
    words = [arg.upper() for arg in command]
    counts = [int(count) for word, count in zip(words[2:], words[3:])
              if word == b"COUNT" and count.isdigit()]
    if command[1] == b"0" and counts and counts[-1] >= 10000:
        return [reply[0], sorted(set(reply[1]))]
    return ["cursor" if reply[0].isdigit() else reply[0], "keys"]


def _random_shape(command, reply):
    """One drawn at random, or so many."""
    return _item_shapes(command, reply) if isinstance(reply, list) else _shape(command, reply)


def _hash_scan(command, reply):
    """A complete scan: the fields with their values. A part of one: only its shape."""
    if not isinstance(reply, list) or len(reply) != 2:
        return reply
    counts = [int(value) for word, value in zip(command[3:], command[4:])
              if word.upper() == b"COUNT" and value.isdigit()]
    if command[2] == b"0" and counts and max(counts) >= 10000:
        return [reply[0], _pairs(command, reply[1])]
    return ["cursor" if reply[0].isdigit() else reply[0], "fields"]


def _command_table(command, reply):
    """Whole tables of commands differ, we have others; what is asked by name is compared, but for the
    descriptions, which are ours."""
    is_whole = len(command) == 1 or (
        len(command) == 2 and command[1].lower() in (b"info", b"docs", b"list"))
    if is_whole:
        return _shape(command, reply)
    if command[1].lower() == b"docs" and isinstance(reply, (list, dict)):
        return list(reply) if isinstance(reply, dict) else reply[::2]
    return reply


def _without_our_policies(_command, reply):
    """The error lists the policies there are; we have two more."""
    if isinstance(reply, resp.ErrorReply):
        for policy in (b", allkeys-adaptive", b", volatile-adaptive"):
            reply = reply.replace(policy, b"")
    return bytes(reply)


def _list_encoding(_command, reply):
    """Redis 7.0 calls every list a quicklist, 7.2 a small one a listpack."""
    return b"quicklist" if reply == b"listpack" else reply


class Near:
    """A number that equals any other within the tolerance."""

    def __init__(self, value, tolerance):
        self.value = value
        self.tolerance = tolerance

    def __eq__(self, other):
        return isinstance(other, Near) and abs(self.value - other.value) <= self.tolerance

    def __repr__(self):
        return "%d within %d" % (self.value, self.tolerance)


def _time(tolerance):
    """The two servers read their clocks at slightly different times. -1, -2 and errors stay
    exact."""
    def near(_command, reply):
        if isinstance(reply, int) and not isinstance(reply, bool) and reply > 0:
            return Near(reply, tolerance)
        return reply
    return near


TOLERANCE_MS = 3000


# ---- Streams

def _near_ms(value):
    return Near(value, TOLERANCE_MS)


def _stream_fields(reply, drop=(), times=()):
    """A map without some fields, times as near ones."""
    fields = _pairs(None, reply)
    if not isinstance(fields, dict):
        return reply
    return {name: _near_ms(value) if name in times else value
            for name, value in fields.items() if name not in drop}


def _xpending(_command, reply):
    """How long each entry has been pending is the clock's."""
    if not isinstance(reply, list):
        return reply
    return [[item[0], item[1], _near_ms(item[2]), item[3]]
            if isinstance(item, list) and len(item) == 4 else item for item in reply]


def _xadd(command, reply):
    """An id of * is the clock's."""
    return reply[:1].isdigit() if b"*" in command and isinstance(reply, bytes) else reply


def _xread(command, reply):
    """An id of + is Redis 7.4's."""
    return None if any(arg.split(b"\0")[0] == b"+" for arg in command) else reply


def _xautoclaim(command, reply):
    """Redis takes memory for as many ids as COUNT says, and fails if that is not to be had."""
    return None if any(arg.isdigit() and 1 << 28 < int(arg) <= 1 << 63 for arg in command[6:]) \
        else reply


def _xinfo_consumers(_command, reply):
    """When a consumer was last active is Redis 7.2's; when it was seen is the clock's."""
    if not isinstance(reply, list):
        return reply
    return [_stream_fields(item, drop=(b"inactive",), times=(b"idle",)) for item in reply]


def _without_clock_ids(reply):
    """Ids that a server made from its clock, as one."""
    if isinstance(reply, list):
        return [_without_clock_ids(item) for item in reply]
    if isinstance(reply, bytes) and re.fullmatch(rb"1[0-9]{12}-[0-9]+", reply):
        return b"clock"
    return reply


def _xinfo_stream(_command, reply):
    """The index is another one; times are the clock's, and there is one more since Redis 7.2."""
    fields = _stream_fields(reply, drop=(b"radix-tree-nodes",))
    if isinstance(fields, dict):
        fields = {name: _without_clock_ids(value) for name, value in fields.items()}
    if not isinstance(fields, dict) or not isinstance(fields.get(b"groups"), list):
        return fields
    groups = []
    for group in map(_stream_fields, fields[b"groups"]):
        group[b"pending"] = [[entry, owner, _near_ms(time), count]
                             for entry, owner, time, count in group[b"pending"]]
        consumers = []
        for consumer in group[b"consumers"]:
            consumer = _stream_fields(consumer, drop=(b"active-time",), times=(b"seen-time",))
            consumer[b"pending"] = [[entry, _near_ms(time), count]
                                    for entry, time, count in consumer[b"pending"]]
            consumers.append(consumer)
        group[b"consumers"] = consumers
        groups.append(group)
    fields[b"groups"] = groups
    return fields


# command or "command|subcommand", in lower case -> (reason, normaliser)
EXPLAINED = {
    b"keys": ("the order of the table is our own", _sorted),
    b"scan": ("the order of the table is our own", _scan),
    b"randomkey": ("random", _shape),
    b"ttl": ("clock", _time(TOLERANCE_MS // 1000)),
    b"pttl": ("clock", _time(TOLERANCE_MS)),
    b"expiretime": ("clock, when the time was set by a relative one", _time(TOLERANCE_MS // 1000)),
    b"pexpiretime": ("clock, when the time was set by a relative one", _time(TOLERANCE_MS)),
    b"object|idletime": ("clock", _shape),
    b"object|freq": ("a random counter", _shape),
    b"object|refcount": ("Redis shares its small integers; we share nothing", _shape),
    b"object|encoding": ("small lists are packed, as in Redis 7.2", _list_encoding),
    b"object|help": ("our own text", _shape),
    b"client|help": ("our own text", _shape),
    b"config|help": ("our own text", _shape),
    b"memory|help": ("our own text", _shape),
    b"slowlog|help": ("our own text", _shape),
    b"latency|help": ("our own text", _shape),
    b"pubsub|channels": ("no order is promised", _sorted),
    b"pubsub|shardchannels": ("no order is promised", _sorted),
    b"pubsub|help": ("our own text", _shape),
    b"debug|help": ("our own text", _shape),
    b"client|id": ("our own ids", _shape),
    b"client|info": ("our own ids and buffers", _shape),
    b"hello": ("our own name, version and ids", _hello),
    b"config|get": ("no order is promised", _pairs),
    b"config|set": ("we have more eviction policies", _without_our_policies),
    b"command": ("we have other commands than Redis 7.0", _command_table),
    b"command|help": ("our own text", _shape),
    b"command|count": ("we have other commands than Redis 7.0", _shape),
    b"hgetall": ("the order of the fields is our own", _pairs),
    b"hkeys": ("the order of the fields is our own", _sorted),
    b"hvals": ("the order of the fields is our own", _sorted),
    b"hscan": ("the order of the fields is our own", _hash_scan),
    b"hrandfield": ("random", _random_shape),
    b"command|getkeysandflags": ("flags have no order", _sorted_deep),
    b"memory|usage": ("our entries are smaller", _shape),
    b"time": ("clock", _item_shapes),
    b"info": ("our own figures", _shape),
    b"lolwut": ("our own art", _shape),
    b"xpending": ("clock", _xpending),
    b"xadd": ("clock", _xadd),
    b"xautoclaim": ("Redis reserves memory by COUNT", _xautoclaim),
    b"xread": ("+ is since Redis 7.4", _xread),
    b"xinfo|consumers": ("clock, and a field of Redis 7.2", _xinfo_consumers),
    b"xinfo|stream": ("clock, our own index, and a field of Redis 7.2", _xinfo_stream),
    b"xinfo|help": ("our own text", _shape),
    b"xgroup|help": ("our own text", _shape),
    b"debug|stringmatch-len": ("Redis 7.0 has no such subcommand", lambda _command, _reply: None),
}


# Sets: members have no order but in a small set of integers, and some are drawn by chance.

def _sscan(command, reply):
    """A complete scan: the set of members. A part of one: only its shape."""
    return _scan(command[:1] + command[2:], reply)


def _drawn(command, reply):
    """How many members were drawn; all of them, if there was no choice."""
    if not isinstance(reply, list):
        return _shape(command, reply)
    counts = [int(arg) for arg in command[2:3] if arg.lstrip(b"-").isdigit()]
    is_whole = counts and counts[0] > len(reply)
    return sorted(reply) if is_whole else len(reply)


EXPLAINED.update({
    b"smembers": ("sets have no order", _sorted),
    b"sinter": ("sets have no order", _sorted),
    b"sunion": ("sets have no order", _sorted),
    b"sdiff": ("sets have no order", _sorted),
    b"spop": ("random", _drawn),
    b"srandmember": ("random", _drawn),
    b"sscan": ("the order of the table is our own", _sscan),
})


def _is_small_set(mine, theirs):
    """Redis has packed sets from 7.2 on; 7.0 keeps the same ones as tables."""
    return mine == b"$8\r\nlistpack\r\n" and theirs == b"$9\r\nhashtable\r\n"


# Sorted sets.

def _rank(command, reply):
    """WITHSCORE is of Redis 7.2: before, a fourth argument was one too many."""
    return "later" if len(command) == 4 else reply


# DUMP: which of RDB's encodings is written is each server's own affair; that the other reads it is tested elsewhere.
EXPLAINED[b"dump"] = ("the bytes are in another encoding", _shape)

EXPLAINED |= {
    b"zscan": ("the order of the table is our own", _hash_scan),
    b"zrandmember": ("random", _random_shape),
    b"zrank": ("Redis 7.0 has no WITHSCORE", _rank),
    b"zrevrank": ("Redis 7.0 has no WITHSCORE", _rank),
}


# Positions: without ASC, DESC or COUNT they have no order; with ANY, any of them will do.

def _positions(command, reply):
    words = [word.upper() for word in command]
    if not isinstance(reply, list):
        return reply
    if b"ANY" in words:
        return len(reply)
    is_ordered = any(word in words for word in (b"ASC", b"DESC", b"COUNT"))
    return reply if is_ordered else sorted(reply, key=repr)


EXPLAINED |= {name: ("without an order asked for there is none", _positions) for name in (
    b"geosearch", b"georadius", b"georadius_ro", b"georadiusbymember", b"georadiusbymember_ro")}


def name_of(command):
    """The key of a command in EXPLAINED."""
    name = command[0].lower()
    if len(command) > 1:
        with_subcommand = name + b"|" + command[1].lower()
        if with_subcommand in EXPLAINED:
            return with_subcommand
    return name


def _to_the_zero_bytes(raw):
    """Redis ends each name in an error about an unknown command at its first zero byte."""
    return re.sub(rb"\x00[^']*'", b"'", raw)


def _elements(raw):
    """The raw elements of a raw array."""
    position = raw.index(b"\r\n") + 2
    elements = []
    while position < len(raw):
        end = resp.reply_end(raw, position)
        elements.append(raw[position:end])
        position = end
    return elements


def _same_transaction(queue, mine, theirs):
    """EXEC's reply is as each of its commands' would have been."""
    if mine[:1] != b"*" or theirs[:1] != b"*":
        return False
    mine, theirs = _elements(mine), _elements(theirs)
    return len(mine) == len(theirs) == len(queue) and all(map(same, queue, mine, theirs))


class Queues:
    """What each connection has queued since MULTI, from its commands and their replies."""

    def __init__(self):
        self.queues = {}

    def judge(self, connection, command, mine, theirs):
        """`same`, for the next command on the connection."""
        name = command[0].upper()
        if theirs == b"+QUEUED\r\n":
            self.queues.setdefault(connection, []).append(command)
        elif name in (b"MULTI", b"EXEC", b"DISCARD", b"RESET"):
            queue = self.queues.pop(connection, []) if name != b"MULTI" else []
            if name == b"EXEC" and mine != theirs:
                return _same_transaction(queue, mine, theirs)
        return same(command, mine, theirs)


def is_corruption_seen(command, mine, theirs):
    """A HyperLogLog that another command has damaged: Redis finds out late or never, and writes
    on. What it writes then is no concern of ours, so the run has to start over."""
    return (command[0].upper() in (b"PFADD", b"PFCOUNT", b"PFMERGE", b"PFDEBUG")
            and mine.startswith(b"-INVALIDOBJ") and not theirs.startswith(b"-ERR"))


def _is_stale_errno(command, theirs):
    """Redis's SORT does not reset errno: when the command before it met a number out of range, it
    takes its own numbers for unsound."""
    return (command[0].upper() in (b"SORT", b"SORT_RO")
            and theirs.startswith(b"-ERR One or more scores can't be converted"))


def _is_tie_of_weights(command, mine, theirs):
    """Elements of equal weights come in the order of their source, and a set's is its table's own."""
    words = [word.upper() for word in command]
    if words[0] not in (b"SORT", b"SORT_RO") or b"BY" not in words or mine[:1] != b"*":
        return False
    return theirs[:1] == b"*" and sorted(_elements(mine)) == sorted(_elements(theirs))


def _is_unpacked_by_sort(command, mine, theirs):
    """Redis unpacks a sorted set for good when SORT reads it. The family of lists sorts this one."""
    return (command[2:] == [b"z0"] and mine == b"$8\r\nlistpack\r\n"
            and theirs == b"$8\r\nskiplist\r\n")


def same(command, mine, theirs):
    """Whether two raw replies are equal, or differ as explained."""
    if mine == theirs:
        return True
    if theirs.startswith(b"-ERR unknown ") and _to_the_zero_bytes(mine) == theirs:
        return True
    if _is_stale_errno(command, theirs) and not mine.startswith(b"-"):
        return True
    if _is_tie_of_weights(command, mine, theirs):
        return True
    if name_of(command) == b"object|encoding" and _is_unpacked_by_sort(command, mine, theirs):
        return True
    if name_of(command) == b"object|encoding" and _is_small_set(mine, theirs):
        return True
    entry = EXPLAINED.get(name_of(command))
    if entry is None:
        return False
    normalise = entry[1]
    return normalise(command, resp.parse(mine)[0]) == normalise(command, resp.parse(theirs)[0])
