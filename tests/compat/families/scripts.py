"""The scripting group: scripts composed of calls and conversions, the cache of scripts, libraries of functions.

A script draws a few statements; each adds to the table `r`, which it returns in the end. Nothing in them depends on
addresses, time or the order of a table's pairs."""
from vocabulary import Rule

SMALL_SCRIPTS = [
    b"return 1", b"return ARGV[1]", b"return redis.call('GET', KEYS[1])",
    b"return {KEYS[1], ARGV[1], #KEYS, #ARGV}", b"return redis.call('INCR', KEYS[1])",
    b"#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])",
    b"#!lua flags=no-writes\nreturn redis.call('SET', KEYS[1], ARGV[1])",
    b"#!lua\nreturn redis.call('APPEND', KEYS[1], 'x')", b"#!lua flags=nosuch\nreturn 1",
    b"#!python\nreturn 1", b"return", b"retur 1", b"error('message')", b"error({err='CODE text'})",
    b"return redis.error_reply('MINE text')", b"return redis.status_reply('FINE')",
    b"return {err='text'}", b"return {ok='text'}", b"nosuch = 1", b"return nosuch",
    b"return redis.nosuch", b"redis.call()", b"redis.call({})", b"return redis.call('GET')",
]
CALLS = [
    (b"GET", b"k"), (b"SET", b"kv"), (b"INCR", b"k"), (b"APPEND", b"kv"), (b"DEL", b"k"),
    (b"EXISTS", b"k"), (b"STRLEN", b"k"), (b"TYPE", b"k"), (b"RPUSH", b"kv"), (b"LPOP", b"k"),
    (b"LRANGE", b"kii"), (b"LLEN", b"k"), (b"SADD", b"kv"), (b"SCARD", b"k"), (b"SISMEMBER", b"kv"),
    (b"HSET", b"kvv"), (b"HGET", b"kv"), (b"HLEN", b"k"), (b"HINCRBY", b"kvi"), (b"ZADD", b"kiv"),
    (b"ZSCORE", b"kv"), (b"ZRANGE", b"kii"), (b"ZCARD", b"k"), (b"MGET", b"kk"), (b"RENAME", b"kk"),
    (b"PERSIST", b"k"), (b"SELECT", b"d"), (b"ECHO", b"v"), (b"PING", b""), (b"NOSUCH", b"k"),
    (b"MULTI", b""), (b"GET", b"kk"), (b"BLPOP", b"ki"), (b"BLMPOP", b"in"), (b"EVAL", b"vi"),
    (b"INCRBYFLOAT", b"kf"), (b"SETRANGE", b"kiv"), (b"GETRANGE", b"kii"), (b"LMOVE", b"kkLR"),
]
CONVERSIONS = [
    b"r[#r+1] = {1, 2.9, -3.5, 'x', true, {4, {5}}}", b"r[#r+1] = {1, nil, 3}", b"r[#r+1] = false",
    b"r[#r+1] = tostring(1e15)", b"r[#r+1] = tostring(0.1)", b"r[#r+1] = 2^53", b"r[#r+1] = {}",
    b"r[#r+1] = tonumber('0x10')", b"r[#r+1] = {ok='status'}", b"r[#r+1] = {err='ERR error'}",
    b"r[#r+1] = {double=3.25}", b"r[#r+1] = {big_number='123456789012345678901234567890'}",
    b"r[#r+1] = {verbatim_string={format='txt', string='text'}}", b"r[#r+1] = {map={a=1}}",
    b"r[#r+1] = {set={a=true}}", b"redis.setresp(3)", b"redis.setresp(2)", b"redis.setresp(4)",
    b"r[#r+1] = redis.sha1hex('x')", b"r[#r+1] = string.format('%d %s %5.2f', 3, 'x', 1.5)",
    b"r[#r+1] = bit.band(255, 15)", b"r[#r+1] = bit.tohex(-1)", b"r[#r+1] = cjson.encode({1, 'x', false})",
    b"r[#r+1] = cjson.decode('[1, 2.5, \"x\", null, {\"a\": []}]')[3]",
    b"r[#r+1] = cmsgpack.pack({1, 'x', -300, 1.5})", b"r[#r+1] = cmsgpack.unpack('\\147\\1\\2\\3')",
    b"r[#r+1] = struct.pack('>I2s', 258, 'x')", b"r[#r+1] = {struct.unpack('>I2', '\\1\\2')}",
    b"r[#r+1] = {pcall(error, 'x')}", b"r[#r+1] = select('#', 1, 2, 3)", b"r[#r+1] = {unpack({1, 2, 3})}",
    b"r[#r+1] = string.rep('ab', 3, nil)", b"r[#r+1] = ('x'):byte()", b"r[#r+1] = #ARGV",
    b"r[#r+1] = table.concat({1, 2, 'x'}, '-')", b"table.sort(r, function() return false end)",
    b"r[#r+1] = KEYS[1]", b"r[#r+1] = ARGV[1]", b"r[#r+1] = math.floor(3.7)",
    b"r[#r+1] = redis.acl_check_cmd('GET', 'x')", b"r[#r+1] = type(redis.REDIS_VERSION)",
]


def _quoted(text):
    return b"'" + b"".join(b"\\%03d" % byte for byte in text) + b"'"


def _argument(v, kind):
    if kind == "k":
        return v.choice([b"KEYS[1]", b"KEYS[2]", _quoted(v.key())])
    if kind == "v":
        return v.choice([b"ARGV[1]", b"'x'", b"12", b"1.5", _quoted(v.value()[:60])])
    if kind == "i":
        return b"%d" % (v.below(8) - 3)
    if kind == "f":
        return v.choice([b"1.5", b"'-0.25'", b"'x'"])
    if kind == "d":
        return b"%d" % v.below(4)
    if kind == "n":
        return b"1, KEYS[1], 'LEFT'"
    return {"L": b"'LEFT'", "R": b"'RIGHT'"}[kind]


def _call(v):
    name, kinds = v.choice(CALLS)
    words = [_quoted(v.mixed_case(name))] + [_argument(v, kind) for kind in kinds.decode()]
    function = b"redis.call" if v.chance(0.7) else b"redis.pcall"
    return b"r[#r+1] = " + function + b"(" + b", ".join(words) + b")"


def _script(v):
    if v.chance(0.25):
        return v.choice(SMALL_SCRIPTS)
    statements = [_call(v) if v.chance(0.65) else v.choice(CONVERSIONS)
                  for _ in range(1 + v.below(4))]
    return b"local r = {} " + b" ".join(statements) + b" return r"


def _operands(v):
    keys = [v.key() for _ in range(v.choice([2, 2, 2, 1, 0]))]
    count = b"%d" % len(keys) if v.chance(0.96) else v.choice([b"-1", b"9", b"x", b""])
    return [count] + keys + [v.value() for _ in range(v.choice([1, 1, 0, 2]))]


def _sha(v):
    return v.choice([b"e0e1f9fabfc9d4800c877a703b823ac0578ff8db", b"a" * 40, b"short",
                     b"E0E1F9FABFC9D4800C877A703B823AC0578FF8DB",
                     b"098e0f0d1448c0a81dafe820f66d460eb09263da"])


def _library(v):
    name = v.choice([b"lib", b"other", b"third"])
    function = v.choice([b"f", b"g", b"h"])
    body = v.choice([b"return redis.call('GET', keys[1])", b"return args", b"return #keys",
                     b"return redis.call('SET', keys[1], args[1])", b"error('x')", b"return"])
    flags = v.choice([b"", b"", b"flags={'no-writes'},", b"flags={'nosuch'},"])
    code = (b"#!lua name=" + name + b"\nredis.register_function{function_name='" + function + b"',"
            + flags + b"callback=function(keys, args) " + body + b" end}")
    if v.chance(0.08):
        code = v.choice([b"return 1", b"#!lua\nreturn 1", b"#!lua name=a-b\nx", b"#!js name=x\n",
                         b"#!lua name=lib\nredis.call('GET', 'x')", b"#!lua name=lib\nreturn 1",
                         b"#!lua name=lib\nredis.register_function('f')"])
    return [v.option(b"REPLACE")] * v.choice([0, 1, 1]) + [code]


RULES = [
    Rule("EVAL", 60, lambda v: [_script(v)] + _operands(v)),
    Rule("EVAL_RO", 10, lambda v: [_script(v)] + _operands(v)),
    Rule("EVALSHA", 6, lambda v: [_sha(v)] + _operands(v)),
    Rule("EVALSHA_RO", 2, lambda v: [_sha(v)] + _operands(v)),
    Rule("SCRIPT LOAD", 3, lambda v: [v.choice(SMALL_SCRIPTS)]),
    Rule("SCRIPT EXISTS", 3, lambda v: [_sha(v) for _ in range(1 + v.below(3))]),
    Rule("SCRIPT FLUSH", 0.3, lambda v: [v.option(b"SYNC", b"ASYNC", b"x")][:v.below(2)]),
    Rule("SCRIPT KILL", 0.5, lambda v: []),
    Rule("FUNCTION LOAD", 6, _library),
    Rule("FUNCTION DELETE", 1, lambda v: [v.choice([b"lib", b"other", b"third", b"none"])]),
    Rule("FUNCTION FLUSH", 0.3, lambda v: [v.option(b"SYNC", b"ASYNC", b"x")][:v.below(2)]),
    Rule("FUNCTION LIST", 1, lambda v: [b"LIBRARYNAME", v.choice([b"lib", b"other", b"none"]),
                                        b"WITHCODE"][:v.choice([2, 3])]),
    Rule("FUNCTION STATS", 1, lambda v: []),
    Rule("FUNCTION KILL", 0.5, lambda v: []),
    Rule("FCALL", 12, lambda v: [v.choice([b"f", b"g", b"h", b"F", b"none"])] + _operands(v)),
    Rule("FCALL_RO", 5, lambda v: [v.choice([b"f", b"g", b"h", b"none"])] + _operands(v)),
]
