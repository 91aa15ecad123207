// Carries small tasks from any thread to one.
//
//   if (mailbox.Push([id] { ... })) WakeTheOwner();
//   mailbox.RunAll();                    // on the owner's thread
//
// Tasks of one thread run in the order in which it pushed them. Push is one allocation and one
// compare-and-swap; RunAll takes all that is there with one exchange. Thread rule: Push from any
// thread, the rest from the owner.
#pragma once

#include <atomic>
#include <memory>
#include <type_traits>
#include <utility>

namespace ringtail::net {

class Mailbox {
 public:
  Mailbox() = default;
  ~Mailbox() { Drop(head_.exchange(nullptr, std::memory_order_acquire)); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Adds a task. True if the mailbox was empty, so that the owner has to be woken.
  template <typename Function>
  bool Push(Function&& function) {
    Node* node = new TaskNode<std::decay_t<Function>>(std::forward<Function>(function));
    Node* before = head_.load(std::memory_order_relaxed);
    // The release publishes the task; whoever finds the list empty is the one to wake the owner.
    // The node is the owner's from here on and not to be looked at again.
    do {
      node->next = before;
    } while (!head_.compare_exchange_weak(before, node, std::memory_order_release,
                                          std::memory_order_relaxed));
    return before == nullptr;
  }

  /// Runs the tasks that were there when it was called; what they push themselves waits for the
  /// next call. Returns how many ran.
  size_t RunAll() {
    Node* node = Reverse(head_.exchange(nullptr, std::memory_order_acquire));
    size_t count = 0;
    while (node != nullptr) {
      std::unique_ptr<Node> owned(std::exchange(node, node->next));
      owned->Run();
      ++count;
    }
    return count;
  }

  bool empty() const { return head_.load(std::memory_order_relaxed) == nullptr; }

 private:
  struct Node {
    virtual ~Node() = default;
    virtual void Run() = 0;
    Node* next = nullptr;
  };
  template <typename Function>
  struct TaskNode final : Node {
    explicit TaskNode(Function f) : function(std::move(f)) {}
    void Run() override { function(); }
    Function function;
  };

  static Node* Reverse(Node* newest) {
    Node* oldest = nullptr;
    while (newest != nullptr) {
      Node* next = std::exchange(newest->next, oldest);
      oldest = std::exchange(newest, next);
    }
    return oldest;
  }
  static void Drop(Node* node) {
    while (node != nullptr) delete std::exchange(node, node->next);
  }

  std::atomic<Node*> head_{nullptr};
};

}  // namespace ringtail::net
