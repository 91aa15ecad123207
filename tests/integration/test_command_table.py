"""COMMAND and its subcommands: what clients, cluster routers and redis-cli's hints read."""
import pytest

from resp import ErrorReply

# Every command of the first milestone that Redis 7.0 has too.
COMMANDS = """
append auth bitcount bitfield bitfield_ro bitop bitpos client command config copy dbsize debug
decr decrby del echo exists expire expireat expiretime flushall flushdb get getbit getdel getex
getrange getset hello incr incrby incrbyfloat info keys latency lcs lolwut memory mget monitor
move mset msetnx object persist pexpire pexpireat pexpiretime ping psetex pttl quit randomkey
rename renamenx reset scan select set setbit setex setnx setrange shutdown slowlog strlen substr
swapdb time touch ttl type unlink """.split()
OUR_OWN = "delex delifeq digest msetex commandlog".split()

KEY_LINES = [
    ("GET", "a"), ("SET", "a", "1"), ("SET", "a", "1", "EX", "10", "GET"), ("MGET", "a", "b"),
    ("MSET", "a", "1", "b", "2"), ("MSETNX", "a", "1", "b", "2"), ("DEL", "a", "b"),
    ("RENAME", "a", "b"), ("COPY", "a", "b"), ("COPY", "a", "b", "REPLACE"),
    ("BITOP", "AND", "d", "a", "b"), ("BITFIELD", "a", "GET", "u8", "0"),
    ("BITFIELD", "a", "SET", "u8", "0", "1"), ("OBJECT", "ENCODING", "a"),
    ("MEMORY", "USAGE", "a"), ("LCS", "a", "b"), ("GETEX", "a"), ("EXPIRE", "a", "1"), ("PING",),
    ("SELECT", "1"), ("nosuch", "a"), ("GET",), ("GET", "a", "b"), ("CONFIG", "GET", "x"),
    ("TOUCH", "a", "b"), ("SETBIT", "a", "0", "1"), ("GETDEL", "a"), ("SCAN", "0"),
    ("MOVE", "a", "1"), ("EXISTS", "a", "a"), ("CLIENT", "bogus"), ("LCS", "a")]


def flat(reply):
    """A map, also from the array that RESP2 has for it."""
    return dict(zip(reply[0::2], reply[1::2]))


@pytest.mark.parametrize("name", COMMANDS)
def test_info_equals_redis_s(server, oracle, name):
    """Arity, flags, key positions and ACL categories; a client routes and refuses by them."""
    entries = []
    for process in (server, oracle):
        (entry,) = process.call("COMMAND", "INFO", name)
        assert entry is not None, "%s is unknown" % name
        entries.append({"name": entry[0], "arity": entry[1], "flags": set(map(bytes, entry[2])),
                        "first": entry[3], "last": entry[4], "step": entry[5],
                        "categories": set(map(bytes, entry[6])), "subcommands": len(entry[9]) > 0})
    assert entries[0] == entries[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_key_specs_equal_redis_s(server, oracle, name):
    specs = []
    for process in (server, oracle):
        with process.connect() as connection:
            connection.call("HELLO", 3)
            entry = connection.call("COMMAND", "INFO", name)[0]
            specs.append([{key: sorted(value) if isinstance(value, list) else value
                           for key, value in spec.items() if key != b"notes"}
                          for spec in entry[8]])
    assert specs[0] == specs[1]


@pytest.mark.ringtail_only
@pytest.mark.parametrize("name", OUR_OWN)
def test_newer_commands_are_in_the_table(server, name):
    assert server.call("COMMAND", "INFO", name)[0][0] == name.encode()


def test_bare_command_count_and_list_agree(server):
    everything = server.call("COMMAND")
    names = sorted(entry[0] for entry in everything)
    assert server.call("COMMAND", "COUNT") == len(everything)
    listed = server.call("COMMAND", "LIST")
    assert sorted(name for name in listed if b"|" not in name) == names
    assert set(name.encode() for name in COMMANDS) <= set(names)
    assert sorted(entry[0] for entry in server.call("COMMAND", "INFO")) == names


def test_list_filters(server):
    named_get = set(server.call("COMMAND", "LIST", "FILTERBY", "PATTERN", "get*"))
    assert named_get >= {b"get", b"getex", b"getdel"} and b"set" not in named_get
    bitmaps = set(server.call("COMMAND", "LIST", "FILTERBY", "ACLCAT", "bitmap"))
    assert {b"setbit", b"bitcount", b"bitfield"} <= bitmaps and b"get" not in bitmaps
    assert server.call("COMMAND", "LIST", "FILTERBY", "MODULE", "none") == []
    assert server.call("COMMAND", "LIST", "FILTERBY", "ACLCAT", "nosuch") == []
    assert set(server.call("COMMAND", "LIST", "FILTERBY", "PATTERN",
                           "config|*")) >= {b"config|get", b"config|set"}


def test_info_of_subcommands_and_of_nothing(server):
    entry, nothing = server.call("COMMAND", "INFO", "config|get", "nosuch")
    assert entry[0] == b"config|get" and nothing is None


@pytest.mark.parametrize("line", KEY_LINES, ids=" ".join)
@pytest.mark.parametrize("subcommand", ["GETKEYS", "GETKEYSANDFLAGS"])
def test_getkeys_equals_redis_s(server, oracle, subcommand, line):
    replies = []
    for process in (server, oracle):
        reply = process.call("COMMAND", subcommand, *line)
        if subcommand == "GETKEYSANDFLAGS" and isinstance(reply, list):
            reply = [(key, sorted(flags)) for key, flags in reply]
        replies.append(reply)
    assert replies[0] == replies[1]


def test_docs_describe_every_command(server):
    documents = flat(server.call("COMMAND", "DOCS"))
    assert len(documents) == server.call("COMMAND", "COUNT")
    for name, document in documents.items():
        fields = flat(document)
        assert fields[b"summary"] and fields[b"since"] and fields[b"group"], name
    assert flat(server.call("COMMAND", "DOCS", "get", "nosuch")).keys() == {b"get"}


def test_docs_of_a_container_hold_its_subcommands(server):
    fields = flat(flat(server.call("COMMAND", "DOCS", "config"))[b"config"])
    assert {b"config|get", b"config|set", b"config|rewrite",
            b"config|resetstat"} <= set(flat(fields[b"subcommands"]))


@pytest.mark.parametrize("args", [
    ("bogus",), ("COUNT", "x"), ("LIST", "x"), ("LIST", "FILTERBY"),
    ("LIST", "FILTERBY", "bogus", "x"), ("GETKEYS",)], ids=" ".join)
def test_wrong_use_answers_as_redis_does(server, oracle, args):
    reply = server.call("COMMAND", *args)
    assert isinstance(reply, ErrorReply)
    assert reply == oracle.call("COMMAND", *args)


def test_every_container_has_help(server):
    for name in ("CLIENT", "COMMAND", "CONFIG", "OBJECT", "MEMORY", "SLOWLOG", "LATENCY", "DEBUG"):
        lines = server.call(name, "HELP")
        assert isinstance(lines, list) and len(lines) > 3, name
        assert lines[0].upper().startswith(name.encode() + b" <SUBCOMMAND>"), name
