#include "server/crash_report.h"

#include <execinfo.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <csignal>
#include <ctime>
#include <optional>

namespace ringtail::server {
namespace {

constexpr std::array<int, 5> kSignals = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
// backtrace() and its unwinder need some 10 KiB; a sanitizer's report, which may follow ours, more.
constexpr size_t kStackBytes = size_t{128} * 1024;
constexpr int kFramesMax = 64;

// Everything the handler may look at, put here beforehand: in a crash nothing can be asked for.
struct Prepared {
  std::array<char, 64> version{};
  std::array<char, 4096> log_file{};
  std::span<const WorkerNote> notes;
  std::array<struct sigaction, kSignals.size()> previous{};
};
Prepared prepared;
// The thread that reports; 0 while nobody does.
std::atomic<pid_t> reporting_thread{0};

template <size_t kBytes>
void CopyTerminated(std::string_view text, std::array<char, kBytes>& out) {
  const size_t taken = std::min(text.size(), kBytes - 1);
  std::copy_n(text.data(), taken, out.data());
  out[taken] = '\0';
}

// Text and numbers to a file descriptor without anything of stdio.
class SafeWriter {
 public:
  explicit SafeWriter(int fd) : fd_(fd) {}

  SafeWriter& operator<<(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = write(fd_, text.data(), text.size());
      if (written <= 0) break;
      text.remove_prefix(static_cast<size_t>(written));
    }
    return *this;
  }
  SafeWriter& Number(uint64_t value, unsigned base) {
    std::array<char, 20> digits;
    size_t begin = digits.size();
    do {
      digits[--begin] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    return *this << std::string_view(digits.data() + begin, digits.size() - begin);
  }
  SafeWriter& Decimal(int64_t value) {
    if (value < 0) *this << "-";
    return Number(value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value), 10);
  }
  SafeWriter& Hex(uint64_t value) { return (*this << "0x").Number(value, 16); }
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::string_view SignalName(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV, bad memory access";
    case SIGBUS:
      return "SIGBUS, bad memory access";
    case SIGFPE:
      return "SIGFPE, bad arithmetic";
    case SIGILL:
      return "SIGILL, bad instruction";
    case SIGABRT:
      return "SIGABRT, a check has failed or somebody asked for it";
    default:
      return "unknown";
  }
}

struct Register {
  std::string_view name;
  uint64_t value;
};

#if defined(__x86_64__)
std::array<Register, 17> RegistersOf(const ucontext_t& context) {
  const auto& g = context.uc_mcontext.gregs;
  const auto at = [&](int index) { return static_cast<uint64_t>(g[index]); };
  return {{{"rip", at(REG_RIP)},
           {"rsp", at(REG_RSP)},
           {"rbp", at(REG_RBP)},
           {"rax", at(REG_RAX)},
           {"rbx", at(REG_RBX)},
           {"rcx", at(REG_RCX)},
           {"rdx", at(REG_RDX)},
           {"rsi", at(REG_RSI)},
           {"rdi", at(REG_RDI)},
           {"r8", at(REG_R8)},
           {"r9", at(REG_R9)},
           {"r10", at(REG_R10)},
           {"r11", at(REG_R11)},
           {"r12", at(REG_R12)},
           {"r13", at(REG_R13)},
           {"r14", at(REG_R14)},
           {"r15", at(REG_R15)}}};
}
#elif defined(__aarch64__)
std::array<Register, 5> RegistersOf(const ucontext_t& context) {
  const auto& m = context.uc_mcontext;
  return {{{"pc", m.pc}, {"sp", m.sp}, {"lr", m.regs[30]}, {"x0", m.regs[0]}, {"x1", m.regs[1]}}};
}
#else
std::array<Register, 0> RegistersOf(const ucontext_t& /*context*/) { return {}; }
#endif

void WriteCause(SafeWriter& out, int signal, const siginfo_t& info) {
  out << "Ringtail " << prepared.version.data() << ", pid ";
  out.Decimal(getpid()) << "\nSignal: ";
  out.Decimal(signal) << " (" << SignalName(signal) << "), code ";
  out.Decimal(info.si_code) << "\n";
  if (info.si_code <= 0) {
    out << "Sent by: pid ";
    out.Decimal(info.si_pid) << ", uid ";
    out.Decimal(info.si_uid) << "\n";
  } else {
    out << "Fault address: ";
    out.Hex(reinterpret_cast<uintptr_t>(info.si_addr)) << "\n";
  }
  std::array<char, 16> thread_name{};
  prctl(PR_GET_NAME, thread_name.data());
  out << "Thread: " << thread_name.data() << " (";
  out.Decimal(syscall(SYS_gettid)) << ")\nTime: ";
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  out.Decimal(now.tv_sec) << " seconds since the epoch\n";
}

void WriteRegisters(SafeWriter& out, const ucontext_t& context) {
  out << "\n------ REGISTERS ------\n";
  for (const Register& one : RegistersOf(context)) {
    out << one.name << " ";
    out.Hex(one.value) << "\n";
  }
}

void WriteStack(SafeWriter& out) {
  out << "\n------ STACK TRACE ------\n";
  std::array<void*, kFramesMax> frames;
  const int count = backtrace(frames.data(), kFramesMax);
  backtrace_symbols_fd(frames.data(), count, out.fd());
}

void WriteCommands(SafeWriter& out) {
  if (prepared.notes.empty()) return;
  out << "\n------ LAST COMMAND OF EACH WORKER ------\n";
  for (size_t index = 0; index < prepared.notes.size(); ++index) {
    const WorkerNote& note = prepared.notes[index];
    out << "worker ";
    out.Number(index, 10) << ": ";
    const char* command = note.command();
    if (command == nullptr) {
      out << "none yet\n";
      continue;
    }
    out << command << ", client ";
    out.Number(note.client_id(), 10) << "\n";
  }
}

void WriteReport(int signal, const siginfo_t& info, const ucontext_t& context) {
  const bool is_to_file = prepared.log_file[0] != '\0';
  int fd = STDOUT_FILENO;
  if (is_to_file) {
    fd = open(prepared.log_file.data(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) fd = STDOUT_FILENO;
  }
  SafeWriter out(fd);
  out << "\n\n=== RINGTAIL BUG REPORT START: Cut & paste starting from here ===\n";
  // From the least to the most likely to fail: whatever ends this, what came before has been
  // written.
  WriteCause(out, signal, info);
  WriteCommands(out);
  WriteRegisters(out, context);
  WriteStack(out);
  out << "\n=== RINGTAIL BUG REPORT END. Make sure to include from START to END. ===\n\n"
         "Please report the crash with the lines above and, if there is one, the configuration "
         "file.\n";
  if (fd != STDOUT_FILENO) close(fd);
}

void TakeOldCourse(int signal, const siginfo_t& info) {
  for (size_t index = 0; index < kSignals.size(); ++index) {
    if (kSignals[index] == signal) sigaction(signal, &prepared.previous[index], nullptr);
  }
  // A fault happens again when the handler returns to the instruction that made it, with the right
  // context for a core dump. What was sent (abort, kill) has to be sent again; it waits until we
  // return.
  if (info.si_code <= 0) raise(signal);
}

void Handle(int signal, siginfo_t* info, void* context) {
  const auto self = static_cast<pid_t>(syscall(SYS_gettid));
  pid_t nobody = 0;
  if (!reporting_thread.compare_exchange_strong(nobody, self)) {
    // Another thread is at it and will end the process. If it cannot, this one does.
    for (int second = 0; second < 10; ++second) sleep(1);
    _exit(128 + signal);
  }
  WriteReport(signal, *info, *static_cast<const ucontext_t*>(context));
  TakeOldCourse(signal, *info);
}

}  // namespace

void CrashReport::Install(const CrashReportOptions& options) {
  CopyTerminated(options.version, prepared.version);
  CopyTerminated(options.log_file, prepared.log_file);
  prepared.notes = options.notes;
  // The first call loads libgcc, which allocates.
  std::array<void*, 1> frame;
  backtrace(frame.data(), 1);
  // Never destroyed: the main thread may crash until its very end.
  alignas(CrashStack) static std::byte room[sizeof(CrashStack)];
  static CrashStack* const main_stack = new (room) CrashStack;
  static_cast<void>(main_stack);

  struct sigaction action {};
  action.sa_sigaction = &Handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  // All five are held back while one is handled: a fault in the handler then ends the process at
  // once.
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) sigaddset(&action.sa_mask, signal);
  for (size_t index = 0; index < kSignals.size(); ++index) {
    struct sigaction previous {};
    sigaction(kSignals[index], &action, &previous);
    if (previous.sa_sigaction != &Handle) prepared.previous[index] = previous;
  }
}

void CrashReport::Uninstall() {
  for (size_t index = 0; index < kSignals.size(); ++index) {
    sigaction(kSignals[index], &prepared.previous[index], nullptr);
  }
}

CrashStack::CrashStack() {
  void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) return;  // Reports then run on the thread's own stack.
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = kStackBytes;
  stack_t previous{};
  if (sigaltstack(&stack, &previous) != 0) {
    munmap(memory, kStackBytes);
    return;
  }
  memory_ = memory;
  previous_memory_ = previous.ss_sp;
  previous_bytes_ = previous.ss_size;
  previous_flags_ = previous.ss_flags;
}

CrashStack::~CrashStack() {
  if (memory_ == nullptr) return;
  stack_t previous{};
  previous.ss_sp = previous_memory_;
  previous.ss_size = previous_bytes_;
  previous.ss_flags = previous_flags_;
  sigaltstack(&previous, nullptr);
  munmap(memory_, kStackBytes);
}

}  // namespace ringtail::server
