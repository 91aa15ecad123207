#include "server/crash_report.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#if defined(__SANITIZE_THREAD__)
// ThreadSanitizer would take the signal over after our report, and its own report hangs when two threads crash at once.
extern "C" const char* __tsan_default_options() { return "handle_segv=0:handle_abort=0"; }
#endif

namespace ringtail::server {
namespace {

// The process's to write for ever, as the report wants it.
std::array<WorkerNote, 2> notes;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream all;
  all << file.rdbuf();
  return all.str();
}

// A sanitizer takes over after our report and ends the process by exit.
auto EndsBySignalOrSanitizer(int signal) {
  return [signal](int status) {
    return (WIFSIGNALED(status) && WTERMSIG(status) == signal) ||
           (WIFEXITED(status) && WEXITSTATUS(status) != 0);
  };
}

// Crashes in a child, as `crash` does it, and gives back what the child wrote into its log file.
class CrashReportDeathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "ringtail_crash_" + std::to_string(getpid()) + ".log";
    std::remove(path_.c_str());
  }
  void TearDown() override { std::remove(path_.c_str()); }

  template <typename Crash>
  std::string ReportOf(int signal, Crash crash) {
    ::testing::FLAGS_gtest_death_test_style = "fast";
    const auto child = [&] {
      const rlimit no_core{0, 0};
      setrlimit(RLIMIT_CORE, &no_core);
      CrashReport::Install({.version = "1.2.3", .log_file = path_, .notes = notes});
      crash();
    };
    EXPECT_EXIT(child(), EndsBySignalOrSanitizer(signal), "");
    return ReadFile(path_);
  }

  std::string path_;
};

bool Has(const std::string& report, const std::string& part) {
  return report.find(part) != std::string::npos;
}

#if defined(__clang__)
__attribute__((optnone))
#else
__attribute__((noinline, optimize("O0"), no_sanitize("undefined", "address", "thread")))
#endif
int WriteTo(volatile int* address) {
  *address = 1;
  return *address;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
#if defined(__clang__)
__attribute__((optnone))
#else
__attribute__((noinline, optimize("O0")))
#endif
int Recurse(int depth) {
  volatile char frame[4096];
  frame[depth % 4096] = 1;
  return Recurse(depth + 1) + frame[0];
}
#pragma GCC diagnostic pop

volatile int* HiddenAddress() {
  volatile uintptr_t address = 0x1238;
  return reinterpret_cast<volatile int*>(address);
}

TEST_F(CrashReportDeathTest, TellsSignalAddressRegistersAndStack) {
  const std::string report = ReportOf(SIGSEGV, [] { WriteTo(HiddenAddress()); });
  EXPECT_TRUE(Has(report, "=== RINGTAIL BUG REPORT START: Cut & paste starting from here ===\n"));
  EXPECT_TRUE(Has(report, "Ringtail 1.2.3, pid "));
  EXPECT_TRUE(Has(report, "SIGSEGV"));
  EXPECT_TRUE(Has(report, "Fault address: 0x1238\n"));
#if defined(__x86_64__)
  EXPECT_TRUE(Has(report, "\nrip 0x"));
  EXPECT_TRUE(Has(report, "\nrsp 0x"));
#endif
  EXPECT_TRUE(Has(report, "unit_server("));
  EXPECT_TRUE(Has(report, "=== RINGTAIL BUG REPORT END.")) << report;
}

TEST_F(CrashReportDeathTest, TellsTheLastCommandOfEachWorker) {
  notes[1].SetCommand("getrange", 4711);
  const std::string report = ReportOf(SIGSEGV, [] { WriteTo(HiddenAddress()); });
  EXPECT_TRUE(Has(report, "worker 0: none yet\n")) << report;
  EXPECT_TRUE(Has(report, "worker 1: getrange, client 4711\n")) << report;
}

TEST_F(CrashReportDeathTest, ReportsAnAbortAndStillDiesOfIt) {
  const std::string report = ReportOf(SIGABRT, [] { std::abort(); });
  EXPECT_TRUE(Has(report, "SIGABRT")) << report;
  EXPECT_TRUE(Has(report, "Sent by: pid ")) << report;
  EXPECT_TRUE(Has(report, "=== RINGTAIL BUG REPORT END.")) << report;
}

TEST_F(CrashReportDeathTest, ReportsTheOverflowOfAWorkersStackWithItsName) {
  const std::string report = ReportOf(SIGSEGV, [] {
    std::thread worker([] {
      pthread_setname_np(pthread_self(), "worker-7");
      const CrashStack stack;
      Recurse(0);
    });
    worker.join();
  });
  EXPECT_TRUE(Has(report, "Thread: worker-7 (")) << report;
  EXPECT_TRUE(Has(report, "=== RINGTAIL BUG REPORT END.")) << report;
}

TEST_F(CrashReportDeathTest, TwoThreadsThatCrashTogetherWriteOneReport) {
  const std::string report = ReportOf(SIGSEGV, [] {
    const auto crash = [] { WriteTo(HiddenAddress()); };
    std::thread first(crash);
    std::thread second(crash);
    first.join();
    second.join();
  });
  const std::string start = "BUG REPORT START";
  EXPECT_EQ(report.find(start), report.rfind(start)) << report;
}

TEST_F(CrashReportDeathTest, UninstallGivesTheSignalsBack) {
  const std::string report = ReportOf(SIGABRT, [] {
    CrashReport::Uninstall();
    std::abort();
  });
  EXPECT_EQ(report, "");
}

TEST(CrashStack, GivesTheThreadItsFormerStackBack) {
  stack_t before{};
  sigaltstack(nullptr, &before);
  {
    const CrashStack stack;
    stack_t during{};
    sigaltstack(nullptr, &during);
    EXPECT_NE(during.ss_sp, before.ss_sp);
    EXPECT_EQ(during.ss_flags & SS_DISABLE, 0);
  }
  stack_t after{};
  sigaltstack(nullptr, &after);
  EXPECT_EQ(after.ss_sp, before.ss_sp);
  EXPECT_EQ(after.ss_flags, before.ss_flags);
}

}  // namespace
}  // namespace ringtail::server
