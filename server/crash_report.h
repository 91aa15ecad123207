// What is left behind when the process dies of a bug: where, in which command, on which thread.
//
//   CrashReport::Install({.version = kVersion, .log_file = config.logfile, .notes = notes});
//   ...on each worker's thread:
//   CrashStack stack;                        // so that even a stack overflow is reported
//   note.SetCommand("get", client_id);       // two relaxed stores per command
//
// On SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT (a failed CHECK ends there) a report between
// "=== RINGTAIL BUG REPORT START" and "END" goes to the log file, or to standard output: signal,
// fault address, registers, stack, the thread's name and the command that each worker was last in.
// Then the signal takes the course it would have taken without us (core dump, or a sanitizer's own
// report).
//
// The handler allocates nothing, locks nothing and calls only what signal-safety(7) allows, and
// backtrace(), which is safe once libgcc has been loaded; Install sees to that.
// Addresses in the stack are written as `binary(+0x1234)`: addr2line -Cfe ringtail-server 0x1234
// names them.
//
// Thread rule: Install once, before other threads. A WorkerNote belongs to the thread that writes
// it; the handler reads all of them, as they are.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace ringtail::server {

/// What a worker leaves for the report. One cache line each, so workers do not disturb one another.
class alignas(64) WorkerNote {
 public:
  /// Says what is about to be executed. `name` must live for ever (the command table's does).
  void SetCommand(const char* name, uint64_t client_id) {
    command_.store(name, std::memory_order_relaxed);
    client_id_.store(client_id, std::memory_order_relaxed);
  }
  /// What SetCommand said last; nullptr before the first.
  const char* command() const { return command_.load(std::memory_order_relaxed); }
  uint64_t client_id() const { return client_id_.load(std::memory_order_relaxed); }

 private:
  std::atomic<const char*> command_{nullptr};
  std::atomic<uint64_t> client_id_{0};
};

struct CrashReportOptions {
  std::string_view version;
  /// Empty: standard output.
  std::string_view log_file;
  /// One per worker; must outlive the process's last crash, so in practice for ever.
  std::span<const WorkerNote> notes;
};

class CrashReport {
 public:
  /// Catches the five signals from now on, and gives the calling thread a stack to do it on.
  static void Install(const CrashReportOptions& options);
  /// Follows `CONFIG SET crash-log-enabled no`: the signals take their old course again.
  static void Uninstall();
};

/// A stack for the handler on the calling thread, for as long as this object lives.
class CrashStack {
 public:
  CrashStack();
  ~CrashStack();
  CrashStack(const CrashStack&) = delete;
  CrashStack& operator=(const CrashStack&) = delete;

 private:
  void* memory_ = nullptr;
  // What the thread had before: a sanitizer brings its own.
  void* previous_memory_ = nullptr;
  size_t previous_bytes_ = 0;
  int previous_flags_ = 0;
};

}  // namespace ringtail::server
