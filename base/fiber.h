// A stack of its own for work that may have to be left in the middle and gone on with later.
//
//   Fiber fiber(stack_bytes);
//   fiber.Start(work, argument);        // false: the work has left itself in the middle, by fiber.Suspend()
//   while (!fiber.Resume()) ServeOthers();
//
// For work that calls into code that cannot return half done, such as an interpreter; whatever the work refers to must
// live until it is done. The stack is mapped once, grows by touching it, and ends in a page that may not be touched.
// Thread rule: all calls on the one thread that made it; Suspend on the fiber's stack, the others off it.
#pragma once

#include <cstddef>

namespace ringtail {

class Fiber {
 public:
  explicit Fiber(size_t stack_bytes) : stack_bytes_(stack_bytes) {}
  /// The work must be done.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  using Work = void (*)(void* argument);
  /// Runs work(argument) on the fiber's stack until it is done or suspends itself. Whether it is done.
  bool Start(Work work, void* argument);
  /// Goes on with suspended work. Whether it is done.
  bool Resume();
  /// Leaves the work where it is, and returns when Resume is called.
  void Suspend();
  /// Between Start and the end of the work.
  bool is_busy() const { return work_ != nullptr; }

 private:
  static void Main(Fiber* fiber);
  void Map();
  void SwitchIn();

  const size_t stack_bytes_;
  char* stack_ = nullptr;          // lowest address: the guard page
  void* own_point_ = nullptr;      // where the fiber was left
  void* thread_point_ = nullptr;   // where its thread was left
  Work work_ = nullptr;
  void* argument_ = nullptr;
  // What the sanitizers want to know of both stacks.
  [[maybe_unused]] void* own_shadow_ = nullptr;
  [[maybe_unused]] void* thread_shadow_ = nullptr;
  [[maybe_unused]] const void* thread_stack_ = nullptr;
  [[maybe_unused]] size_t thread_stack_bytes_ = 0;
};

}  // namespace ringtail
