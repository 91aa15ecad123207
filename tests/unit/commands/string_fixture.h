// CommandFixture with what tests of strings need besides: effects as text, keys of another type, blocks.
//
//   class StringCommands : public StringFixture {};
//   TEST_F(StringCommands, GetDelLogsADel) {
//     Run({"SET", "key", "v"});
//     EXPECT_EQ(EffectsOf({"GETDEL", "key"}), "DEL key\n");
//   }
#pragma once

#include <string>
#include <vector>

#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {

class StringFixture : public CommandFixture {
 protected:
  static constexpr std::string_view kWrongTypeReply =
      "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n";

  /// What a command logs: a line for each effect, SELECT left out.
  std::string EffectsOf(const std::vector<std::string>& words) {
    return EffectsWhile([&] { Run(words); });
  }
  /// What anything logs, likewise.
  template <typename Work>
  std::string EffectsWhile(Work&& work) {
    EffectRecorder recorder;
    engine_.log().AddReader(&recorder);
    work();
    engine_.log().RemoveReader(&recorder);
    return Lines(recorder.Take());
  }

  /// Puts an empty packed list under the key.
  void PutList(std::string_view name) {
    const Key key = engine_.MakeKey(name);
    Entry* entry = Entry::Create({.key = name, .type = ValueType::kList, .payload_bytes = 0});
    engine_.GetDatabase(0, key.hash).Add(key.hash, entry, clock_.WallMs());
  }

  /// The entry of a key, or null.
  Entry* Find(std::string_view name) {
    const Key key = engine_.MakeKey(name);
    engine::Database* database = engine_.FindDatabase(0, key.hash);
    return database == nullptr ? nullptr : database->Find(key).entry;
  }
  int64_t ExpiryOf(std::string_view name) { return Find(name)->expiry_ms(); }
  std::string EncodingOf(std::string_view name) {
    return std::string(storage::StringEncodingName(*Find(name)));
  }
  std::string Now(int64_t plus_ms) { return std::to_string(clock_.WallMs() + plus_ms); }

  static std::string Bulk(std::string_view bytes) {
    return "$" + std::to_string(bytes.size()) + "\r\n" + std::string(bytes) + "\r\n";
  }
  static std::string Integer(int64_t value) { return ":" + std::to_string(value) + "\r\n"; }

  const std::string kOk = "+OK\r\n";
  const std::string kNull = "$-1\r\n";
  const std::string kSyntax = "-ERR syntax error\r\n";
  const std::string kNotInteger = "-ERR value is not an integer or out of range\r\n";

 private:
  // The log's RESP (arrays of bulks without line breaks of their own) as words and lines.
  static std::string Lines(std::string_view resp) {
    std::string lines;
    while (!resp.empty()) {
      size_t count = Number(resp);
      std::string line;
      for (; count > 0; --count) {
        const size_t size = Number(resp);
        line += (line.empty() ? "" : " ") + std::string(resp.substr(0, size));
        resp.remove_prefix(size + 2);
      }
      if (!line.starts_with("SELECT ")) lines += line + "\n";
    }
    return lines;
  }
  static size_t Number(std::string_view& resp) {
    const size_t end = resp.find("\r\n");
    const size_t number = std::stoul(std::string(resp.substr(1, end - 1)));
    resp.remove_prefix(end + 2);
    return number;
  }
};

}  // namespace ringtail::commands
