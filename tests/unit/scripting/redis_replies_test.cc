// Scripts and the replies that redis-server 7.0.15 gave to them, in RESP2 and RESP3.
//
// redis_replies.txt: "> script" (a line end in it is written <NL>), "2 reply", and "3 reply" where
// RESP3 differs.
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/unit/project_root.h"
#include "tests/unit/scripting/script_fixture.h"

namespace ringtail::scripting {
namespace {

std::string WithLineEnds(std::string script) {
  for (size_t place = script.find("<NL>"); place != std::string::npos;
       place = script.find("<NL>")) {
    script.replace(place, 4, "\n");
  }
  return script;
}

std::string Escape(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '\\') {
      text += "\\\\";
    } else if (byte == '\r') {
      text += "\\r";
    } else if (byte == '\n') {
      text += "\\n";
    } else if (code >= 32 && code < 127) {
      text += byte;
    } else {
      char hex[8];
      snprintf(hex, sizeof(hex), "\\x%02x", code);
      text += hex;
    }
  }
  return text;
}

void Replay(const char* name) {
  std::ifstream file(ProjectRoot() / "tests/unit/scripting" / name);
  ASSERT_TRUE(file.is_open());
  std::string script;
  std::string line;
  bool has_resp3 = true;
  std::string resp2;
  int count = 0;
  const auto check = [&](proto::RespVersion version, const std::string& expected) {
    ScriptFixture scripts;
    scripts.version = version;
    EXPECT_EQ(Escape(scripts.Eval(WithLineEnds(script))), expected)
        << script << (version == proto::RespVersion::kResp2 ? " [RESP2]" : " [RESP3]");
    ++count;
  };
  while (std::getline(file, line)) {
    const std::string rest = line.size() > 2 ? line.substr(2) : "";
    if (line[0] == '>') {
      if (!has_resp3) check(proto::RespVersion::kResp3, resp2);
      script = rest;
    } else if (line[0] == '2') {
      resp2 = rest;
      has_resp3 = false;
      check(proto::RespVersion::kResp2, rest);
    } else {
      has_resp3 = true;
      check(proto::RespVersion::kResp3, rest);
    }
  }
  EXPECT_GT(count, 100);
}

TEST(RedisReplies, CoreScriptsAnswerAsOnRedis) { Replay("redis_replies.txt"); }
TEST(RedisReplies, CjsonAnswersAsOnRedis) { Replay("redis_replies_cjson.txt"); }
TEST(RedisReplies, CmsgpackAndStructAnswerAsOnRedis) { Replay("redis_replies_packing.txt"); }

}  // namespace
}  // namespace ringtail::scripting
