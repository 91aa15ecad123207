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

}  // namespace
}  // namespace ringtail::commands
