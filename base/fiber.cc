#include "base/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer) && !defined(__SANITIZE_THREAD__)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

#if defined(__x86_64__)
extern "C" {
void RingtailSwitchStack(void** left, void* entered);
void RingtailEnterFiber();
}
#endif

namespace ringtail {
namespace {

void Must(bool claim) {
  if (!claim) std::abort();
}

// Switching saves what a call must preserve (System V ABI), changes the stack pointer, and restores the same. swapcontext
// would also make a system call for the signal mask, which no one changes here.
#if defined(__x86_64__)

asm(R"(
.text
.type RingtailSwitchStack,@function
.hidden RingtailSwitchStack
.globl RingtailSwitchStack
RingtailSwitchStack:
  .cfi_startproc
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .cfi_endproc
.size RingtailSwitchStack,.-RingtailSwitchStack
)");

// The first switch to a fiber arrives here with the function in rbx and its argument in r12.
asm(R"(
.text
.type RingtailEnterFiber,@function
.hidden RingtailEnterFiber
.globl RingtailEnterFiber
RingtailEnterFiber:
  .cfi_startproc
  .cfi_undefined rip
  movq %r12, %rdi
  callq *%rbx
  ud2
  .cfi_endproc
.size RingtailEnterFiber,.-RingtailEnterFiber
)");

void* FirstPoint(char* top, size_t, void (*main)(Fiber*), Fiber* fiber) {
  // As if RingtailSwitchStack had been called: control words, six registers, where to return to.
  auto* words = reinterpret_cast<uint64_t*>(top) - 10;
  std::memset(words, 0, 10 * sizeof(uint64_t));
  uint32_t mxcsr = 0;
  uint16_t x87 = 0;
  asm volatile("stmxcsr %0" : "=m"(mxcsr));
  asm volatile("fnstcw %0" : "=m"(x87));
  words[0] = mxcsr | uint64_t{x87} << 32;
  words[4] = reinterpret_cast<uint64_t>(fiber);   // r12
  words[5] = reinterpret_cast<uint64_t>(main);    // rbx
  words[7] = reinterpret_cast<uint64_t>(&RingtailEnterFiber);
  return words;
}

void SwitchStack(void** left, void* entered) { RingtailSwitchStack(left, entered); }

#else


void* FirstPoint(char* top, size_t bytes, void (*main)(Fiber*), Fiber* fiber) {
  auto* context = new ucontext_t;
  getcontext(context);
  context->uc_stack.ss_sp = top - bytes;
  context->uc_stack.ss_size = bytes;
  context->uc_link = nullptr;
  makecontext(context, reinterpret_cast<void (*)()>(main), 1, fiber);
  return context;
}

void SwitchStack(void** left, void* entered) {
  ucontext_t here;
  *left = &here;
  swapcontext(&here, static_cast<ucontext_t*>(entered));
}

#endif

}  // namespace

Fiber::~Fiber() {
  Must(work_ == nullptr);
#if defined(__SANITIZE_THREAD__)
  if (own_shadow_ != nullptr) __tsan_destroy_fiber(own_shadow_);
#endif
  if (stack_ != nullptr) {
    munmap(stack_, stack_bytes_ + static_cast<size_t>(sysconf(_SC_PAGESIZE)));
  }
}

void Fiber::Map() {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* const memory = mmap(nullptr, stack_bytes_ + page, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  Must(memory != MAP_FAILED);
  Must(mprotect(memory, page, PROT_NONE) == 0);
  stack_ = static_cast<char*>(memory);
  own_point_ = FirstPoint(stack_ + page + stack_bytes_, stack_bytes_, &Fiber::Main, this);
#if defined(__SANITIZE_THREAD__)
  own_shadow_ = __tsan_create_fiber(0);
#endif
}

bool Fiber::Start(Work work, void* argument) {
  Must(work_ == nullptr);
  if (stack_ == nullptr) Map();
  work_ = work;
  argument_ = argument;
  return Resume();
}

bool Fiber::Resume() {
  Must(work_ != nullptr);
  SwitchIn();
  return work_ == nullptr;
}

void Fiber::SwitchIn() {
#if defined(__SANITIZE_ADDRESS__)
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  __sanitizer_start_switch_fiber(&thread_shadow_, stack_ + page, stack_bytes_);
#endif
#if defined(__SANITIZE_THREAD__)
  thread_shadow_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(own_shadow_, 0);
#endif
  SwitchStack(&thread_point_, own_point_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(thread_shadow_, nullptr, nullptr);
#endif
}

void Fiber::Suspend() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&own_shadow_, thread_stack_, thread_stack_bytes_);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(thread_shadow_, 0);
#endif
  SwitchStack(&own_point_, thread_point_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(own_shadow_, &thread_stack_, &thread_stack_bytes_);
#endif
}

// The stack is kept when a piece of work is done: the next one goes on in the same loop.
void Fiber::Main(Fiber* fiber) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &fiber->thread_stack_, &fiber->thread_stack_bytes_);
#endif
  for (;;) {
    fiber->work_(fiber->argument_);
    fiber->work_ = nullptr;
    fiber->Suspend();
  }
}

}  // namespace ringtail
