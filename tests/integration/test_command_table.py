"""COMMAND and its subcommands: what clients, cluster routers and redis-cli's hints read."""
import pytest

from resp import ErrorReply

# Every command that Redis 7.0 has too.
COMMANDS = """
lpush rpush lpushx rpushx lpop rpop llen lindex lset linsert lrange lrem ltrim lpos lmove rpoplpush
lmpop blpop brpop blmove brpoplpush blmpop sort sort_ro
sadd srem scard sismember smismember smembers spop srandmember smove sscan sinter sinterstore
sintercard sunion sunionstore sdiff sdiffstore pfadd pfcount pfmerge pfdebug pfselftest
hset hmset hsetnx hget hmget hgetall hkeys hvals hlen hstrlen hexists hdel hincrby hincrbyfloat
hrandfield hscan
xadd xlen xrange xrevrange xdel xtrim xsetid xread xreadgroup xgroup xack xpending xclaim
xautoclaim xinfo
multi exec discard watch unwatch
zadd zincrby zrem zcard zcount zlexcount zscore zmscore zrange zrangestore zrevrange
zrangebyscore zrevrangebyscore zrangebylex zrevrangebylex zremrangebyrank zremrangebyscore
zremrangebylex zpopmin zpopmax zmpop bzpopmin bzpopmax bzmpop zrandmember zscan zunion zinter zdiff
zunionstore zinterstore zdiffstore zintercard geoadd geodist geohash geopos geosearch
geosearchstore georadius georadius_ro georadiusbymember georadiusbymember_ro dump restore
restore-asking migrate
append auth bitcount bitfield bitfield_ro bitop bitpos client command config copy dbsize debug
decr decrby del echo exists expire expireat expiretime flushall flushdb get getbit getdel getex
getrange getset hello incr incrby incrbyfloat info keys latency lcs lolwut memory mget monitor
module move mset msetnx object persist pexpire pexpireat pexpiretime ping psetex pttl quit randomkey
rename renamenx reset scan select set setbit setex setnx setrange shutdown slowlog strlen substr
swapdb time touch ttl type unlink
eval evalsha eval_ro evalsha_ro fcall fcall_ro function script """.split()
OUR_OWN = "hexpire hpexpire hexpireat hpexpireat httl hpttl hexpiretime hpexpiretime hpersist \
hgetex hsetex hgetdel sunioncard sdiffcard xackdel xdelex lmovem blmovem delex delifeq digest msetex commandlog hotkeys".split()

KEY_LINES = [
    ("GET", "a"), ("SET", "a", "1"), ("SET", "a", "1", "EX", "10", "GET"), ("MGET", "a", "b"),
    ("MSET", "a", "1", "b", "2"), ("MSETNX", "a", "1", "b", "2"), ("DEL", "a", "b"),
    ("RENAME", "a", "b"), ("COPY", "a", "b"), ("COPY", "a", "b", "REPLACE"),
    ("BITOP", "AND", "d", "a", "b"), ("BITFIELD", "a", "GET", "u8", "0"),
    ("BITFIELD", "a", "SET", "u8", "0", "1"), ("OBJECT", "ENCODING", "a"),
    ("MEMORY", "USAGE", "a"), ("LCS", "a", "b"), ("GETEX", "a"), ("EXPIRE", "a", "1"), ("PING",),
    ("SELECT", "1"), ("nosuch", "a"), ("GET",), ("GET", "a", "b"), ("CONFIG", "GET", "x"),
    ("TOUCH", "a", "b"), ("SETBIT", "a", "0", "1"), ("GETDEL", "a"), ("SCAN", "0"),
    ("MOVE", "a", "1"), ("EXISTS", "a", "a"), ("CLIENT", "bogus"), ("LCS", "a"),
    *(tuple(line.strip().split(" ")) for line in """
        LPUSH a 1|RPUSH a 1|LPUSHX a 1|RPUSHX a 1|LPOP a|RPOP a 2|LLEN a|LINDEX a 0|LSET a 0 x
        LINSERT a BEFORE x y|LRANGE a 0 1|LREM a 0 x|LTRIM a 0 1|LPOS a x|LMOVE a b LEFT RIGHT
        RPOPLPUSH a b|LMPOP 2 a b LEFT|LMPOP 3 a b LEFT|LMPOP x a b LEFT|BLPOP a b 0|BRPOP a 0
        BLMOVE a b LEFT RIGHT 0|BRPOPLPUSH a b 0|BLMPOP 0 2 a b LEFT|SORT a|SORT a BY x* STORE d
        SORT a STORE d STORE e|SORT_RO a BY x* GET y*
        SADD a x|SREM a x|SCARD a|SISMEMBER a x|SMISMEMBER a x|SMEMBERS a|SPOP a|SRANDMEMBER a
        SMOVE a b x|SSCAN a 0|SINTER a b|SINTERSTORE d a b|SINTERCARD 2 a b|SUNION a b
        SUNIONSTORE d a b|SDIFF a b|SDIFFSTORE d a b|PFADD a x|PFCOUNT a b|PFMERGE d a b
        HSET a f v|HMSET a f v|HSETNX a f v|HGET a f|HMGET a f|HGETALL a|HKEYS a|HVALS a|HLEN a
        HSTRLEN a f|HEXISTS a f|HDEL a f|HINCRBY a f 1|HINCRBYFLOAT a f 1|HRANDFIELD a|HSCAN a 0
        XADD a * f v|XLEN a|XRANGE a - +|XREVRANGE a + -|XDEL a 1-1|XTRIM a MAXLEN 1|XSETID a 1-1
        XREAD STREAMS a b 0 0|XREAD COUNT 1 BLOCK 0 STREAMS a 0|XREADGROUP GROUP g c STREAMS a >
        XREAD STREAMS a b 0|XGROUP CREATE a g $|XGROUP DESTROY a g|XACK a g 1-1|XPENDING a g
        XCLAIM a g c 0 1-1|XAUTOCLAIM a g c 0 0|XINFO STREAM a|XINFO GROUPS a|XINFO CONSUMERS a g
        ZADD a 1 x|ZINCRBY a 1 x|ZREM a x|ZCARD a|ZCOUNT a 0 1|ZLEXCOUNT a - +|ZSCORE a x|ZRANK a x
        ZRANGE a 0 1|ZRANGESTORE d a 0 1|ZREVRANGE a 0 1|ZRANGEBYSCORE a 0 1|ZRANGEBYLEX a - +
        ZREMRANGEBYRANK a 0 1|ZREMRANGEBYSCORE a 0 1|ZREMRANGEBYLEX a - +|ZPOPMIN a|ZMPOP 2 a b MIN
        BZPOPMIN a b 0|BZPOPMAX a 0|BZMPOP 0 2 a b MAX|ZRANDMEMBER a|ZSCAN a 0|ZUNION 2 a b
        ZINTER 2 a b WEIGHTS 1 2|ZDIFF 2 a b|ZUNIONSTORE d 2 a b|ZINTERSTORE d 2 a b AGGREGATE MAX
        ZDIFFSTORE d 2 a b|ZINTERCARD 2 a b|ZUNION 3 a b|GEOADD a 1 2 x|GEODIST a x y|GEOHASH a x
        GEOPOS a x|GEOSEARCH a FROMMEMBER x BYRADIUS 1 m|GEORADIUS a 1 2 3 m|DUMP a|RESTORE a 0 x
        GEORADIUS a 1 2 3 m STORE d|GEORADIUS a 1 2 3 m STOREDIST d|GEORADIUSBYMEMBER a x 1 m STORE d
        GEORADIUS_RO a 1 2 3 m|GEOSEARCHSTORE d a FROMMEMBER x BYRADIUS 1 m|MIGRATE h 1 a 0 5
        MIGRATE h 1  0 5 KEYS a b|WATCH a b|MULTI|EXEC|XREAD STREAMS STREAMS 0|XREADGROUP GROUP STREAMS c STREAMS a >
    """.strip().replace("\n", "|").split("|"))]


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


@pytest.mark.parametrize("name", ["zrank", "zrevrank"])
def test_commands_with_the_arity_of_7_2(server, oracle, name):
    """WITHSCORE came behind 7.0; all else is as it was."""
    own, theirs = (process.call("COMMAND", "INFO", name)[0] for process in (server, oracle))
    assert (own[1], theirs[1]) == (-3, 3)
    assert own[:1] + [set(own[2])] + own[3:6] + [set(own[6])] == (
        theirs[:1] + [set(theirs[2])] + theirs[3:6] + [set(theirs[6])])


@pytest.mark.parametrize("name", COMMANDS)
def test_tips_equal_redis_s(server, oracle, name):
    """Of the command and of those of its subcommands that Redis 7.0 has."""
    own, theirs = (process.call("COMMAND", "INFO", name)[0] for process in (server, oracle))
    assert own[7] == theirs[7]
    tips = {entry[0]: entry[7] for entry in own[9]}
    for entry in theirs[9]:
        assert tips[entry[0]] == entry[7], entry[0]


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
