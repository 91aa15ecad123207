#include "commands/executor.h"

#include "tests/unit/commands/command_fixture.h"

namespace ringtail::commands {
namespace {

class ExecutorTest : public CommandFixture {};

TEST_F(ExecutorTest, SetThenGetAnswersTheValue) {
  EXPECT_EQ(Run({"SET", "key", "value"}), "+OK\r\n");
  EXPECT_EQ(Run({"get", "key"}), "$5\r\nvalue\r\n");
}

TEST_F(ExecutorTest, UnknownCommandAnswersWithTheBeginningOfItsArguments) {
  EXPECT_EQ(Run({"NOPE", "a", "b"}),
            "-ERR unknown command 'NOPE', with args beginning with: 'a' 'b' \r\n");
}

TEST_F(ExecutorTest, WrongArityNamesTheCommandInLowerCase) {
  EXPECT_EQ(Run({"GET"}), "-ERR wrong number of arguments for 'get' command\r\n");
}

TEST_F(ExecutorTest, CommandsBeforeAuthenticationAnswerNoAuth) {
  client_.is_authenticated = false;
  EXPECT_EQ(Run({"GET", "key"}), "-NOAUTH Authentication required.\r\n");
}

TEST_F(ExecutorTest, WritesThatChangeSomethingAreLoggedAsTheyCame) {
  EffectRecorder recorder;
  engine_.log().AddReader(&recorder);
  Run({"SET", "key", "value"});
  EXPECT_EQ(recorder.Take(),
            "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n");
  engine_.log().RemoveReader(&recorder);
}

// All requests of a batch pass every stage before the first is executed, as a worker does it.
TEST_F(ExecutorTest, AskingForMembersAheadChangesNoAnswer) {
  for (int i = 0; i < 1000; ++i) Run({"HSET", "large", "f" + std::to_string(i), "v"});
  Run({"HSET", "small", "f1", "v"});
  Run({"SET", "string", "v"});
  const std::vector<std::vector<std::string>> batch = {
      {"HGET", "large", "f1"}, {"HGET", "small", "f1"}, {"HGET", "nokey", "f1"}, {"HGET", "large"},
      {"NOPE", "large", "f1"}, {"HGET", "string", "f1"}, {"DEL", "large"},
      {"HGET", "large", "f1"}, {"HSET", "large", "f1", "new"}, {"ZADD", "large", "1", "m"}};
  std::vector<Request> requests;
  engine_.BeginBatch(engine_.worker(0));
  args_.Clear();
  executor_.BeginBatch();
  for (const auto& words : batch) {
    Request request{.first_arg = args_.count(), .arg_count = static_cast<uint32_t>(words.size())};
    for (const std::string& word : words) args_.Push(word);
    executor_.Prepare(request, client_.db);
    requests.push_back(request);
  }
  for (const Request& request : requests) executor_.PrefetchEntries(request, client_.db);
  for (const Request& request : requests) executor_.PrefetchMemberBucket(request, client_.db);
  executor_.PrefetchMembers();
  proto::OutputBuffer output(pool_);
  for (const Request& request : requests) executor_.Execute(request, client_, output);
  engine_.EndBatch(engine_.worker(0));
  const std::string bytes = output.TakeString();
  const std::string found = "$1\r\nv\r\n";
  EXPECT_TRUE(bytes.starts_with(found + found + "$-1\r\n-ERR wrong number of arguments"));
  EXPECT_NE(bytes.find(":1\r\n$-1\r\n:1\r\n"), std::string::npos) << bytes;
}

}  // namespace
}  // namespace ringtail::commands
