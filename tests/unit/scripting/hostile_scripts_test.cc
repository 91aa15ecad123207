// Scripts that mean harm: each gets an error (or a harmless answer), and the interpreter works on.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/scripting/script_fixture.h"

namespace ringtail::scripting {
namespace {

// What a healthy interpreter answers.
void ExpectHealthy(ScriptFixture& scripts) {
  scripts.caller.ticks_allowed = scripts.caller.tick_count + 1'000'000;
  EXPECT_EQ(scripts.Eval("return {KEYS[1], #ARGV, redis.call('ping').ok, tostring(math.pi)}", {"k"},
                         {"a", "b"}),
            "*4\r\n$1\r\nk\r\n:2\r\n$4\r\nPONG\r\n$15\r\n3.1415926535898\r\n");
}

void ExpectError(std::string_view source, std::string_view part, int ticks_allowed = 1'000'000) {
  ScriptFixture scripts(size_t{16} << 20);
  scripts.caller.ticks_allowed = ticks_allowed;
  const std::string reply = scripts.Eval(source);
  EXPECT_EQ(reply.substr(0, 1), "-") << source << "\n" << reply.substr(0, 200);
  EXPECT_NE(reply.find(part), std::string::npos) << source << "\n" << reply.substr(0, 300);
  ExpectHealthy(scripts);
}

void ExpectEnded(std::string_view source) {
  ExpectError(source, "ERR Script killed by user with SCRIPT KILL.", 3);
}

void ExpectReply(std::string_view source, std::string_view expected) {
  ScriptFixture scripts(size_t{16} << 20);
  EXPECT_EQ(scripts.Eval(source), expected) << source;
  ExpectHealthy(scripts);
}

// The parser holds the name of its chunk without an anchor (CVE-2025-49844): collect while it
// compiles chunks whose name nobody else holds.
TEST(HostileScripts, ChunkNameSurvivesCollectionsWhileItIsParsed) {
  ExpectReply(
      "collectgarbage('setpause', 1) "
      "local parts = {} for i = 1, 3000 do parts[i] = 'local s' .. (i % 150) .. '=\"' .. i .. "
      "'x\"' "
      "  if i % 150 == 0 then parts[i] = parts[i] .. ' do end' end end "
      "for i = 1, 30 do "
      "  local f, message = loadstring('do ' .. table.concat(parts, ' end do ') .. ' end "
      "error(1)', "
      "    '@name' .. i .. string.rep('n', i)) "
      "  if not f then return message end "
      "  collectgarbage() "
      "  local ok, err = pcall(f) "
      "  if not string.find(err, 'name' .. i, 1, true) then return err end end "
      "return 'fine'",
      "$4\r\nfine\r\n");
}

TEST(HostileScripts, UnpackWithCountsThatOverflow) {
  for (const char* range : {"0, 2147483647", "-2147483648, 2147483647", "1, 2147483647",
                            "-2147483648, -1", "1, 8000", "2, 1e9"}) {
    ExpectError("return unpack({}, " + std::string(range) + ")", "too many results to unpack");
  }
  ExpectReply("return select('#', unpack({}, 2147483647, 2147483647))", ":1\r\n");
  ExpectReply("return select('#', unpack({}, 5, 1))", ":0\r\n");
}

// CVE-2025-46818: what one script leaves in a shared metatable or table, another user's script
// would run.
TEST(HostileScripts, NothingIsLeftForTheNextScript) {
  const char* const attempts[] = {
      "getmetatable('').__index = function() return 1 end",
      "rawset(getmetatable(''), '__index', 1)",
      "setmetatable(getmetatable(''), {})",
      "setmetatable(_G, {__index = function() return 1 end})",
      "rawset(_G, 'x', 1)",
      "x = 1",
      "_G.x = 1",
      "_G['redis'] = nil",
      "redis.call = nil",
      "rawset(redis, 'call', nil)",
      "string.rep = nil",
      "rawset(string, 'rep', nil)",
      "table.insert(redis, 1)",
      "table.insert(_G, 1, 2)",
      "table.insert(string, 'x')",
      "setmetatable(string, {__index = 1})",
      "getmetatable(_G).__index = 1",
      "rawset(getmetatable(_G), '__index', 1)",
      "for k in pairs(math) do math[k] = nil end",
      "cjson.encode = 1",
      "bit.band = 1",
      "struct.pack = 1",
      "cmsgpack.pack = 1",
      "coroutine.create = 1",
      "KEYS = {}",
      "loadstring('y = 5')()",
      "setmetatable(getmetatable('').__index, {})",
      "getmetatable('').__index.rep = 1",
      "error(_G)",
      "error(redis)",
  };
  ScriptFixture scripts;
  for (const char* const attempt : attempts) {
    const std::string reply = scripts.Eval(attempt);
    EXPECT_NE(reply.find("Attempt to modify a readonly table"), std::string::npos)
        << attempt << "\n"
        << reply;
    ExpectHealthy(scripts);
  }
  // A table of our own may be sorted, and has nothing of a frozen one's in it.
  EXPECT_EQ(scripts.Eval("table.sort(redis) table.remove(redis) return next({})"), "$-1\r\n");
  EXPECT_EQ(scripts.Eval("return rawget(_G, 1) == nil and rawget(_G, 'source') == nil"), ":1\r\n");
  EXPECT_EQ(scripts.Eval("return getmetatable(redis) == nil"), ":1\r\n");
  EXPECT_EQ(scripts.Eval("return ('x'):rep(2)"), "$2\r\nxx\r\n");
}

// CVE-2025-46819: long brackets of a level beyond what the lexer's ints count.
TEST(HostileScripts, LongBracketsOfAnyLevel) {
  ExpectError("return loadstring('[' .. string.rep('=', 1000000) .. '[')()", "attempt to call");
  ExpectError(
      "local level = string.rep('=', 1000000) "
      "return loadstring('return [' .. level .. '[x]' .. level:sub(2) .. ']')()",
      "attempt to call");
  ExpectReply(
      "local level = string.rep('=', 100000) "
      "return loadstring('return [' .. level .. '[x]' .. level .. ']')()",
      "$1\r\nx\r\n");
}

TEST(HostileScripts, SourcesLongerThanTheLexerCountsAreRefused) {
  ScriptFixture scripts(size_t{512} << 20);
  std::string source(kSourceBytesMax + 1, ' ');
  EXPECT_EQ(scripts.Eval(source),
            "-ERR Error compiling script (new function): chunk is too long\r\n");
  ExpectHealthy(scripts);
}

TEST(HostileScripts, BytecodeIsNeverLoaded) {
  const char* const texts[] = {
      "return loadstring(string.dump(function() return 1 end))()",
      "local d = string.dump(function() return 1 end) local i = 0 "
      "return load(function() i = i + 1 if i <= #d then return d:sub(i, i) end end)()",
      "local d = string.dump(function() return 1 end) return load(function() local x = d d = nil "
      "return x end)()",
  };
  for (const char* const text : texts) ExpectError(text, "attempt to call a nil value");
  ExpectError("\33LuaQ", "Error compiling script (new function): user_script:1: unexpected symbol");
  ExpectError("#!lua\n\33LuaQ", "Error compiling script");
}

// CVE-2024-46981: objects that are finalised when the state is closed.
TEST(HostileScripts, NoUserdataWithFinalisersCanBeMade) {
  ExpectError("newproxy(true)", "nonexistent global variable 'newproxy'");
  ExpectError("debug.setmetatable(1, {})", "nonexistent global variable 'debug'");
  ExpectReply(
      "setmetatable({}, {__gc = function() redis.call('boom') end}) collectgarbage() "
      "collectgarbage() return 1",
      ":1\r\n");
}

TEST(HostileScripts, LoadersFilesAndProcessesAreOutOfReach) {
  for (const char* const name : {"io", "os", "package", "require", "module", "dofile", "loadfile",
                                 "print", "debug", "getfenv", "setfenv", "newproxy"}) {
    ExpectError("return " + std::string(name),
                "Script attempted to access nonexistent global variable '" + std::string(name));
  }
}

TEST(HostileScripts, EndlessLoopsEnd) {
  ExpectEnded("while true do end");
  ExpectEnded("repeat until false");
  ExpectEnded("local function f() return f() end f()");
  ExpectEnded("for i = 1, 1e18 do end");
  ExpectEnded("while true do pcall(function() while true do end end) end");
  ExpectEnded("local function f() pcall(f) while true do end end f()");
  ExpectEnded("while true do pcall(error) end");
  ExpectEnded("while true do redis.call('ping') end");
  ExpectEnded("while true do redis.pcall('nope') end");
  ExpectEnded("while true do pcall(redis.call, 'nope') end");
  ExpectEnded("while true do collectgarbage() end");
  ExpectEnded("while true do loadstring('return 1') end");
  ExpectEnded("string.gsub(string.rep('x', 1000000), '.', function() while true do end end)");
  ExpectEnded("table.sort({3, 2, 1}, function() while true do end end)");
  ExpectEnded(
      "setmetatable({}, {__index = function() while true do end end}).x = nil "
      "return setmetatable({}, {__index = function() while true do end end}).x");
  ExpectEnded("load(function() while true do end end)");
  ExpectEnded("load(function() return ' ' end) while true do end");
  ExpectEnded("while true do string.rep('', 2147483647) end");
  ExpectEnded(
      "local t = {} for i = 1, 100000 do t[i] = i end while true do table.insert(t, 1, 1) end");
  ExpectEnded("local t = {} for i = 1, 100000 do t[i] = i end while true do table.concat(t) end");
  ExpectEnded("local s = string.rep('x', 1e6) while true do local t = s .. 'y' end");
  ExpectEnded("local s = string.rep('x', 1e6) while true do s:upper() end");
}

TEST(HostileScripts, NoHandlerRunsForTheErrorThatEndsAScript) {
  ExpectEnded("xpcall(function() while true do end end, function() while true do end end)");
  ExpectEnded(
      "while true do xpcall(function() while true do end end, function(e) return e end) end");
}

TEST(HostileScripts, EndlessLoopsInCoroutinesEnd) {
  ExpectEnded("coroutine.wrap(function() while true do end end)()");
  ExpectEnded(
      "local c = coroutine.create(function() while true do coroutine.yield() end end) "
      "while true do coroutine.resume(c) end");
  ExpectEnded(
      "while true do local c = coroutine.create(function() while true do end end) "
      "coroutine.resume(c) end");
  ExpectEnded("while true do pcall(coroutine.wrap(function() for i = 1, 90000 do end end)) end");
  ExpectEnded("local function f() coroutine.resume(coroutine.create(f)) while true do end end f()");
}

TEST(HostileScripts, AfterTheEndNoCommandIsCalled) {
  ScriptFixture scripts;
  scripts.caller.ticks_allowed = 1;
  scripts.Eval("pcall(function() while true do end end) redis.call('set', 'a', 'b')");
  EXPECT_TRUE(scripts.caller.calls.empty());
  ExpectHealthy(scripts);
}

TEST(HostileScripts, ErrorTablesRunNoCodeAfterTheEnd) {
  ExpectError("error(setmetatable({}, {__index = function() while true do end end}))", "ERR");
  ExpectError("error(setmetatable({}, {__tostring = function() while true do end end}))", "ERR");
  ExpectError("error(setmetatable({}, {__newindex = function() while true do end end}))", "ERR");
  ExpectError("error({})", "ERR");
  ExpectError("error({err = {}})", "ERR");
  ExpectReply("return setmetatable({}, {__index = function() while true do end end})", "*0\r\n");
}

TEST(HostileScripts, MemoryBombsEndInAnError) {
  ExpectError("local s = 'x' while true do s = s .. s end", "not enough memory");
  ExpectError("return string.rep('x', 1e9)", "not enough memory");
  ExpectError("local t = {} for i = 1, 1e9 do t[i] = i end", "not enough memory");
  ExpectError("local t = {} for i = 1, 1e9 do t[i] = {} end", "not enough memory");
  ExpectError("local t = {} while true do t = {t} end", "not enough memory");
  ExpectError("local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end",
              "not enough memory");
  ExpectError("return table.concat({string.rep('x', 2e7), string.rep('y', 2e7)})",
              "not enough memory");
  ExpectError(
      "return string.format('%s%s', string.rep('x', 1.2e7), string.rep('y', 1.2e7)):upper()",
      "not enough memory");
  ExpectError("return string.gsub(string.rep('x', 1e6), 'x', string.rep('y', 1000))",
              "not enough memory");
  ExpectError("return load(function() return string.rep(' ', 1e6) end)()", "attempt to call");
  ExpectError("local t = {} for i = 1, 24 do t = {t, t} end return cjson.encode(t)",
              "not enough memory");
  ExpectError("local t = {} for i = 1, 14 do t = {t, t, t, t} end return cmsgpack.pack(t)",
              "not enough memory");
  ExpectError("return struct.pack('c2147483647', 'x')", "string too short");
  ExpectError("redis.log(1, string.rep('x', 2e7), string.rep('x', 2e7))", "not enough memory");
}

TEST(HostileScripts, GarbageAloneDoesNotExhaustTheCap) {
  ScriptFixture scripts(size_t{8} << 20);
  EXPECT_EQ(scripts.Eval("local t = {} for i = 1, 20000 do t[i] = {i} end "
                         "for i = 1, 3000000 do local x = {i} end return #t"),
            ":20000\r\n");
}

TEST(HostileScripts, BombsThatTakeTimeEndByTicks) {
  ExpectEnded("local t = {} for i = 1, 60 do t = {t, t} end return cjson.encode(t)");
  ExpectEnded(
      "local t = {} for i = 1, 15 do local u = {} for j = 1, 100 do u[j] = t end t = u end "
      "return cmsgpack.pack(t)");
}

TEST(HostileScripts, DeepRecursion) {
  ExpectError("local function f() return 1 + f() end return f()", "stack overflow");
  ExpectError(
      "local function f() local t = setmetatable({}, {__index = f}) return t.x .. '' end "
      "return f()",
      "overflow");
  ExpectError("local function f() return coroutine.wrap(f)() end return f()", "C stack overflow");
  ExpectError("local function f() string.gsub('x', 'x', f) end f()", "C stack overflow");
  ExpectError("local function f() string.gsub('x', 'x', coroutine.wrap(f)) end f()",
              "C stack overflow");
  ExpectError(
      "local function f(n) if n == 0 then return coroutine.wrap(function() f(180) end)() end "
      "string.gsub('x', 'x', function() f(n - 1) end) end f(180)",
      "overflow");
  ExpectError(
      "local function f(n) if n == 0 then return coroutine.wrap(function() f(180) end)() end "
      "pcall(string.gsub, 'x', 'x', function() f(n - 1) end) "
      "return cjson.decode(string.rep('[', 2000)) end f(80)",
      "");
  ExpectError("local function f() table.sort({1, 2}, f) end f()", "overflow");
  ExpectReply("local n = 0 local function f() n = n + 1 load(f) end f() return n > 10", ":1\r\n");
  ExpectError("return loadstring('return ' .. string.rep('(', 10000) .. '1')()", "attempt to call");
  ExpectError("return loadstring(string.rep('do ', 10000))()", "attempt to call");
  ExpectError("return loadstring('return ' .. string.rep('{', 10000))()", "attempt to call");
  ExpectError("return loadstring('return ' .. string.rep('not ', 9999) .. '1')()",
              "attempt to call");
  ExpectError("return loadstring('return ' .. string.rep('a..', 10000) .. 'a')()",
              "attempt to call");
  ExpectError("return loadstring(string.rep('function f() ', 10000))()", "attempt to call");
  ExpectError("return loadstring('x = ' .. string.rep('f(', 10000))()", "attempt to call");
}

TEST(HostileScripts, DeepRepliesAndTexts) {
  ScriptFixture scripts;
  const std::string reply = scripts.Eval("local t = {} t[1] = t return t");
  EXPECT_NE(reply.find("reached lua stack limit"), std::string::npos);
  ExpectHealthy(scripts);
  ExpectError("return cjson.decode(string.rep('[', 1000000))", "too many nested");
  ExpectError("return cmsgpack.unpack(string.rep('\\145', 1000000))", "stack overflow");
  ExpectError("return cmsgpack.unpack(string.rep('\\129\\145', 1000000))", "stack overflow");
}

TEST(HostileScripts, PatternsThatRecurse) {
  ExpectError("return string.find(string.rep('a', 300000), string.rep('a?', 300000))",
              "pattern too complex");
  ExpectError("return string.find(string.rep('a', 300000), string.rep('a-', 300000) .. 'b')",
              "pattern too complex");
  ExpectError("return string.find(string.rep('a', 300000), string.rep('(a)', 300000))",
              "too many captures");
  ExpectReply("return #string.match(string.rep('a', 300000), '.-b?$')", ":300000\r\n");
}

TEST(HostileScripts, PatternsThatTakeForEverEnd) {
  ExpectEnded("return string.find(string.rep('a', 5000), '.-.-.-.-b')");
  ExpectEnded("return string.match(string.rep('a', 5000), '(.*)(.*)(.*)(.*)b')");
  ExpectEnded("return string.gsub(string.rep('a', 100000), '.-b', '')");
  ExpectEnded("return string.find(string.rep('(', 200000), '%b()%b()')");
}

TEST(HostileScripts, NumbersAtTheEdge) {
  ExpectReply("return bit.tohex(-1, -2147483648)", "$8\r\nFFFFFFFF\r\n");
  ExpectReply("return #bit.tohex(1, 2147483647)", ":8\r\n");
  ExpectError("return struct.pack('!4294967296b', 1)", "integral size overflow");
  ExpectError("return struct.unpack('!2147483648b', 'x')", "integral size overflow");
  ExpectError("return struct.unpack('>!1073741824d', string.rep('x', 8), 2)",
              "data string too short");
  ExpectError("return struct.unpack('c0', 'x', -9007199254740991)", "data string too short");
  ExpectError("return struct.unpack('dc0', struct.pack('d', -1) .. 'x')", "data string too short");
  ExpectError("return struct.unpack('dc0', struct.pack('d', 0/0) .. 'x')", "data string too short");
  ExpectError("return struct.unpack('dc0', struct.pack('d', 1e300) .. 'x')",
              "data string too short");
  ExpectReply("return string.sub('abc', -2147483648, 2147483647)", "$3\r\nabc\r\n");
  ExpectError("return string.byte(string.rep('x', 1e6), 1, -1)", "string slice too long");
  ExpectReply("return cjson.encode({[2^53] = 1, x = 1}) ~= nil", ":1\r\n");
  ExpectError("return cjson.encode({[2^53] = 1})", "excessively sparse array");
  ExpectError("cjson.encode_sparse_array(true, 0) return cjson.encode({[2^53] = 1})",
              "excessively sparse array");
  ExpectError("cjson.encode_sparse_array(true, 0) return cjson.encode({[2^31 - 1] = 1})",
              "not enough memory");
}

TEST(HostileScripts, RepliesThatAreNotRespEndInAnError) {
  for (const char* const reply : {"", "x", "$", "$5\r\nab", "*1000000000\r\n", "*2\r\n:1\r\n",
                                  "$-2\r\n", ":\r\n", "%1\r\n:1\r\n", "=2\r\nab\r\n", "|1\r\n",
                                  "*99999999999999999999\r\n", "$9223372036854775807\r\nx\r\n"}) {
    ScriptFixture scripts;
    scripts.caller.replies["bad"] = {reply, ""};
    // An aggregate shorter than it says may not be read past its end.
    const std::string answer = scripts.Eval("redis.call('bad') return 'taken'");
    if (std::string_view(reply) != "$-2\r\n") {
      EXPECT_EQ(answer.substr(0, 1), "-") << reply;
    }
    ExpectHealthy(scripts);
  }
}

}  // namespace
}  // namespace ringtail::scripting
