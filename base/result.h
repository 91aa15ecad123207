// The answer of something that the world can make fail: a value, or an error a person can read.
//
//   Result<File> file = env.Open(path);
//   if (!file.ok()) return file.error();
//   Use(file.value());
//
// TRY(x) takes the value out of a Result expression or returns its error from the enclosing function.
// Errors are for the world's failures (disk, peer, memory, a file's content). A client's wrong request is
// an error reply, a broken invariant is a CHECK. Thread rule: values like any other.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace ringtail {

/// What went wrong, in a sentence that names the thing that failed and, where there is one, what to do.
struct Error {
  std::string message;
};

/// A value of type T, or an Error.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}         // NOLINT: implicit by intent
  Result(Error error) : state_(std::move(error)) {}     // NOLINT: implicit by intent

  bool ok() const { return std::holds_alternative<T>(state_); }
  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T&& value() && { return std::get<T>(std::move(state_)); }
  const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}     // NOLINT: implicit by intent

  bool ok() const { return !error_.has_value(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace ringtail

#define RINGTAIL_CONCAT_INNER(a, b) a##b
#define RINGTAIL_CONCAT(a, b) RINGTAIL_CONCAT_INNER(a, b)

/// `TRY(auto value, Compute());` declares value from the Result, or returns the Result's error.
#define TRY(declaration, expression)                                   \
  auto RINGTAIL_CONCAT(try_, __LINE__) = (expression);                 \
  if (!RINGTAIL_CONCAT(try_, __LINE__).ok()) {                         \
    return RINGTAIL_CONCAT(try_, __LINE__).error();                    \
  }                                                                    \
  declaration = std::move(RINGTAIL_CONCAT(try_, __LINE__)).value()

/// The same for a Result<void>.
#define TRY_VOID(expression)                                           \
  do {                                                                 \
    auto try_result = (expression);                                    \
    if (!try_result.ok()) return try_result.error();                   \
  } while (false)
