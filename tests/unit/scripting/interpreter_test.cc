// The interpreter's own contract: caches, outcomes, libraries, what reaches the caller.
#include "scripting/interpreter.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/scripting/script_fixture.h"

namespace ringtail::scripting {
namespace {

TEST(Interpreter, ScriptsAreFoundBySourceAndBySha) {
  ScriptFixture scripts;
  std::string error;
  const Script* const script = scripts.interpreter().Compile("return 1", error);
  ASSERT_NE(script, nullptr);
  EXPECT_EQ(View(script->sha), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  EXPECT_EQ(script->flags, uint32_t{kCompatMode});
  EXPECT_EQ(scripts.interpreter().FindBySource("return 1"), script);
  EXPECT_EQ(scripts.interpreter().FindBySha("E0E1F9FABFC9D4800C877A703B823AC0578FF8DB"), script);
  EXPECT_EQ(scripts.interpreter().Compile("return 1", error), script);
  EXPECT_EQ(scripts.interpreter().script_count(), 1U);
  EXPECT_EQ(scripts.interpreter().FindBySha("e0e1"), nullptr);
  scripts.interpreter().ForgetScript("E0E1F9FABFC9D4800C877A703B823AC0578FF8DB");
  EXPECT_EQ(scripts.interpreter().FindBySource("return 1"), nullptr);
  EXPECT_EQ(scripts.interpreter().script_count(), 0U);
}

TEST(Interpreter, ForgettingAllScriptsGivesTheirMemoryBack) {
  ScriptFixture scripts;
  scripts.interpreter().ForgetScripts();
  const size_t used_before = scripts.interpreter().used_bytes();
  std::string error;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_NE(scripts.interpreter().Compile("return " + std::to_string(i), error), nullptr);
  }
  EXPECT_GT(scripts.interpreter().used_bytes(), used_before + 100'000);
  scripts.interpreter().ForgetScripts();
  EXPECT_LT(scripts.interpreter().used_bytes(), used_before + 50'000);
}

TEST(Interpreter, FlagsOfTheFirstLineAreTheScripts) {
  ScriptFixture scripts;
  std::string error;
  const Script* const script = scripts.interpreter().Compile(
      "#!lua flags=no-writes,allow-oom,allow-stale,no-cluster,allow-cross-slot-keys,declared-keys\n"
      "return 1",
      error);
  ASSERT_NE(script, nullptr) << error;
  EXPECT_EQ(script->flags,
            kNoWrites | kAllowOom | kAllowStale | kNoCluster | kAllowCrossSlotKeys | kDeclaredKeys);
}

TEST(Interpreter, AnErrorOfACommandIsCountedOnce) {
  ScriptFixture scripts;
  scripts.Eval("return redis.call('incr', 'h')");
  EXPECT_TRUE(scripts.outcome.is_error);
  EXPECT_TRUE(scripts.outcome.is_error_counted);
  scripts.Eval("error('mine')");
  EXPECT_TRUE(scripts.outcome.is_error);
  EXPECT_FALSE(scripts.outcome.is_error_counted);
  scripts.Eval("return redis.pcall('incr', 'h')");
  EXPECT_FALSE(scripts.outcome.is_error);
}

TEST(Interpreter, CommandsGetTheArgumentsBytes) {
  ScriptFixture scripts;
  scripts.Eval("redis.call('set', KEYS[1], ARGV[1], 12, 1.5, -0.1, 1e17, 'a\\0b')", {"key"},
               {"arg"});
  ASSERT_EQ(scripts.caller.calls.size(), 1U);
  EXPECT_EQ(scripts.caller.calls[0],
            (std::vector<std::string>{"set", "key", "arg", "12", "1.5", "-0.10000000000000001",
                                      "1e+17", std::string("a\0b", 3)}));
}

TEST(Interpreter, CommandsMayHaveThousandsOfArguments) {
  ScriptFixture scripts;
  scripts.Eval("local t = {} for i = 1, 5000 do t[i] = i end redis.pcall('mset', unpack(t))");
  ASSERT_EQ(scripts.caller.calls.size(), 1U);
  ASSERT_EQ(scripts.caller.calls[0].size(), 5001U);
  EXPECT_EQ(scripts.caller.calls[0][5000], "5000");
}

TEST(Interpreter, RespVersionIsTheScriptsOwnAndLastsForOneRun) {
  ScriptFixture scripts;
  EXPECT_EQ(scripts.Eval("redis.setresp(3) return redis.call('big')"), "$3\r\n123\r\n");
  EXPECT_EQ(scripts.Eval("redis.setresp(3) return redis.call('big').big_number"), "$3\r\n123\r\n");
  EXPECT_EQ(scripts.Eval("redis.setresp(3) local v = redis.call('verbatim').verbatim_string "
                         "return {v.format, v.string}"),
            "*2\r\n$3\r\ntxt\r\n$2\r\nhi\r\n");
  EXPECT_EQ(scripts.Eval("redis.setresp(3) return {redis.call('true') == true, "
                         "redis.call('attribute')}"),
            "*2\r\n:1\r\n:1\r\n");
  EXPECT_EQ(scripts.Eval("return redis.call('big')"), "$3\r\n123\r\n");
}

TEST(Interpreter, LogAndReplicationReachTheCaller) {
  ScriptFixture scripts;
  scripts.Eval("redis.log(redis.LOG_WARNING, 'a', 5, {}, 'b') redis.set_repl(redis.REPL_AOF)");
  ASSERT_EQ(scripts.caller.logged.size(), 1U);
  EXPECT_EQ(scripts.caller.logged[0].first, LogLevel::kWarning);
  EXPECT_EQ(scripts.caller.logged[0].second, "a 5 b");
  EXPECT_EQ(scripts.caller.replication, kReplicateAof);
}

TEST(Interpreter, AclCheckAsksTheCaller) {
  ScriptFixture scripts;
  EXPECT_EQ(
      scripts.Eval("return {redis.acl_check_cmd('get', 'x'), redis.acl_check_cmd('set', 'x')}"),
      "*2\r\n:1\r\n$-1\r\n");
}

TEST(Interpreter, RandomNumbersAreThoseOfAFreshRedis) {
  ScriptFixture scripts;
  EXPECT_EQ(scripts.Eval("return tostring(math.random())"), "$16\r\n0.17082803611217\r\n");
  EXPECT_EQ(scripts.Eval("return tostring(math.random())"), "$16\r\n0.74990198051087\r\n");
}

TEST(Interpreter, SettingsOfCjsonLastForOneRun) {
  ScriptFixture scripts;
  scripts.Eval("cjson.encode_number_precision(3)");
  EXPECT_EQ(scripts.Eval("return cjson.encode(3.14159)"), "$7\r\n3.14159\r\n");
}

TEST(Interpreter, ChunksThatAScriptCompilesSeeItsGlobals) {
  ScriptFixture scripts;
  EXPECT_EQ(scripts.Eval("return loadstring('return KEYS[1]')()", {"k"}), "$1\r\nk\r\n");
  EXPECT_EQ(scripts.Load(1,
                         "#!lua name=a\nredis.register_function('f', function() "
                         "return loadstring('return KEYS')() end)"),
            "");
  EXPECT_NE(scripts.Call(1, "f").find("nonexistent global variable 'KEYS'"), std::string::npos);
  EXPECT_EQ(scripts.Eval("return loadstring('return KEYS[1]')()", {"k"}), "$1\r\nk\r\n");
}

TEST(FunctionLibraries, RegisterTheirFunctionsInBothForms) {
  ScriptFixture scripts;
  ASSERT_EQ(
      scripts.Load(7,
                   "#!lua name=mylib\n"
                   "local count = 0\n"
                   "redis.register_function('plain', function(keys, args) count = count + 1 "
                   "return {count, keys, args} end)\n"
                   "redis.register_function{function_name='named', description='what it does',\n"
                   "  callback=function() return 'named' end, flags={'no-writes', 'allow-oom'}}"),
      "");
  ASSERT_EQ(scripts.functions.size(), 2U);
  EXPECT_EQ(scripts.functions[0].name, "plain");
  EXPECT_FALSE(scripts.functions[0].has_description);
  EXPECT_EQ(scripts.functions[1].name, "named");
  EXPECT_EQ(scripts.functions[1].description, "what it does");
  EXPECT_EQ(scripts.functions[1].flags, kNoWrites | kAllowOom);
  EXPECT_EQ(scripts.Call(7, "plain", {"k"}, {"a", "b"}),
            "*3\r\n:1\r\n*1\r\n$1\r\nk\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(scripts.Call(7, "PLAIN").substr(0, 8), "*3\r\n:2\r\n");
  EXPECT_EQ(scripts.Call(7, "named"), "$5\r\nnamed\r\n");
}

TEST(FunctionLibraries, SeveralLiveSideBySideAndGoOneByOne) {
  ScriptFixture scripts;
  for (LibraryId id = 1; id <= 3; ++id) {
    ASSERT_EQ(scripts.Load(id, "#!lua name=lib\nredis.register_function('f', function() return " +
                                   std::to_string(id) + " end)"),
              "");
  }
  EXPECT_EQ(scripts.Call(2, "f"), ":2\r\n");
  scripts.interpreter().RemoveLibrary(2);
  EXPECT_FALSE(scripts.interpreter().HasLibrary(2));
  EXPECT_EQ(scripts.Call(2, "f"), "-ERR Function not found\r\n");
  const LibraryId kept[] = {3};
  scripts.interpreter().RetainLibraries(kept);
  EXPECT_FALSE(scripts.interpreter().HasLibrary(1));
  EXPECT_EQ(scripts.Call(3, "f"), ":3\r\n");
}

TEST(FunctionLibraries, LoadAnswersRedisErrors) {
  const std::string header = "#!lua name=a\n";
  const std::string lead = "ERR Error registering functions: ERR ";
  const std::pair<std::string, std::string> cases[] = {
      {"", "ERR Missing library metadata"},
      {"#!lua", "ERR Invalid library metadata"},
      {"#!lua\n", "ERR Library name was not given"},
      {"#!\n", "ERR Library name was not given"},
      {"#!lua name=\n",
       "ERR Library names can only contain letters, numbers, or underscores(_) and must be at "
       "least "
       "one character long"},
      {"#!lua x=a\n", "ERR Invalid metadata value given: x=a"},
      {"#!lua name=a name=b\n",
       "ERR Invalid metadata value, name argument was given multiple times"},
      {"#!js name=a\n", "ERR Engine 'js' not found"},
      {"#!lua name='a\n", "ERR Invalid library metadata"},
      {header + "x", "ERR Error compiling function: user_function:2: '=' expected near '<eof>'"},
      {header + "return 1", "ERR No functions registered"},
      {header + "error('x')",
       lead + "user_function:2: Script attempted to access nonexistent global variable 'error'"},
      {header + "redis.call('ping')",
       lead + "user_function:2: Script attempted to access nonexistent global variable 'call'"},
      {header + "local x = KEYS",
       lead + "user_function:2: Script attempted to access nonexistent global variable 'KEYS'"},
      {header + "x=1", lead + "user_function:2: Attempt to modify a readonly table"},
      {header + "redis.x=1", lead + "user_function:2: Attempt to modify a readonly table"},
      {header + "redis.register_function()",
       lead + "wrong number of arguments to redis.register_function"},
      {header + "redis.register_function('f')",
       lead + "calling redis.register_function with a single argument is only applicable to Lua "
              "table (representing named arguments)."},
      {header + "redis.register_function('f', 1)",
       lead + "second argument to redis.register_function must be a function"},
      {header + "redis.register_function({}, function() end)",
       lead + "first argument to redis.register_function must be a string"},
      {header + "redis.register_function({})",
       lead + "redis.register_function must get a function name argument"},
      {header + "redis.register_function{function_name='f'}",
       lead + "redis.register_function must get a callback argument"},
      {header + "redis.register_function{function_name='f', callback=1}",
       lead + "callback argument given to redis.register_function must be a function"},
      {header + "redis.register_function{callback=function() end, flags={'x'}}",
       lead + "unknown flag given"},
      {header + "redis.register_function{bad=1}",
       lead + "unknown argument given to redis.register_function"},
      {header + "redis.register_function('a b', function() end)",
       lead + "Library names can only contain letters, numbers, or underscores(_) and must be at "
              "least one character long"},
      {header + "redis.register_function('f', function() end) "
                "redis.register_function('f', function() end)",
       lead + "Function already exists in the library"},
      {header + "local function f() f() end redis.register_function('f', f) f()",
       lead + "user_function:2: stack overflow"},
  };
  ScriptFixture scripts;
  for (const auto& [source, error] : cases) {
    EXPECT_EQ(scripts.Load(1, source).substr(0, error.size()), error) << source;
    EXPECT_FALSE(scripts.interpreter().HasLibrary(1));
  }
}

TEST(FunctionLibraries, ALoadThatTakesTooLongEnds) {
  ScriptFixture scripts;
  scripts.caller.ticks_allowed = 2;
  scripts.caller.end_text = "FUNCTION LOAD timeout";
  EXPECT_EQ(scripts.Load(1, "#!lua name=a\nwhile true do end"),
            "ERR Error registering functions: ERR FUNCTION LOAD timeout");
  scripts.caller.ticks_allowed = 1'000'000;
  EXPECT_EQ(scripts.Load(1, "#!lua name=a\nredis.register_function('f', function() return 1 end)"),
            "");
  EXPECT_EQ(scripts.Call(1, "f"), ":1\r\n");
}

TEST(FunctionLibraries, ALoadThatTakesAllMemoryLeavesTheOthersWhole) {
  ScriptFixture scripts(size_t{4} << 20);
  ASSERT_EQ(scripts.Load(1,
                         "#!lua name=a\nredis.register_function('f', function() "
                         "return string.rep('x', 3) end)"),
            "");
  EXPECT_NE(scripts.Load(2, "#!lua name=b\nlocal t = {} for i = 1, 1e9 do t[i] = {} end")
                .find("not enough memory"),
            std::string::npos);
  EXPECT_EQ(scripts.Call(1, "f"), "$3\r\nxxx\r\n");
}

TEST(FunctionLibraries, FunctionsSeeWhatRedisShowsThem) {
  ScriptFixture scripts;
  ASSERT_EQ(
      scripts.Load(1,
                   "#!lua name=a\n"
                   "local register = redis.register_function\n"
                   "register('again', function() redis.register_function('x', register) end)\n"
                   "register('late', function() register('x', function() end) end)\n"
                   "register('keys', function() return KEYS end)\n"
                   "register('global', function() x = 1 end)\n"
                   "register('fail', function() return redis.call('nope') end)\n"
                   "register('field', function() return redis.zz end)\n"
                   "register('format', function() return string.format('%d', 5) end)"),
      "");
  EXPECT_EQ(scripts.Call(1, "again"),
            "-ERR user_function:3: attempt to call field 'register_function' (a nil value) script: "
            "again, on @user_function:3.\r\n");
  EXPECT_EQ(
      scripts.Call(1, "late"),
      "-ERR redis.register_function can only be called on FUNCTION LOAD command script: late, "
      "on @user_function:4.\r\n");
  EXPECT_EQ(scripts.Call(1, "keys"),
            "-ERR user_function:5: Script attempted to access nonexistent global variable 'KEYS' "
            "script: keys, on @user_function:5.\r\n");
  EXPECT_EQ(scripts.Call(1, "global"),
            "-ERR user_function:6: Attempt to modify a readonly table script: global, on "
            "@user_function:6.\r\n");
  EXPECT_EQ(scripts.Call(1, "fail"),
            "-ERR Unknown Redis command called from script script: fail, on @user_function:7.\r\n");
  EXPECT_EQ(scripts.Call(1, "field"), "$-1\r\n");
  EXPECT_EQ(scripts.Call(1, "format"), "$1\r\n5\r\n");
}

TEST(ScriptHeader, NamesAndFlagsAreInverse) {
  for (const ScriptFlags flag :
       {kNoWrites, kAllowOom, kAllowStale, kNoCluster, kAllowCrossSlotKeys, kDeclaredKeys}) {
    EXPECT_EQ(FlagByName(NameOfFlag(flag)), flag);
  }
  EXPECT_EQ(FlagByName("x"), std::nullopt);
  EXPECT_EQ(NameOfFlag(kCompatMode), "");
}

}  // namespace
}  // namespace ringtail::scripting
