// Any bytes that have a HyperLogLog's header are counted, merged, described and added to without a
// step outside, and what is made of them is sound: what counts goes on to count, and dense and
// sparse say the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "storage/hyperloglog.h"

namespace {

namespace hyperloglog = ringtail::storage::hyperloglog;

void Require(bool holds, const char* claim) {
  if (holds) return;
  std::fprintf(stderr, "not true: %s\n", claim);
  std::abort();
}

void AddElements(std::string bytes, std::string_view input) {
  constexpr size_t kSparseBytesMax = 200;  // so that short inputs become dense as well
  const bool was_whole = hyperloglog::Count(bytes).has_value();
  for (const char c : input.substr(0, 16)) {
    const auto observation = hyperloglog::Observe({&c, 1});
    const auto outcome = hyperloglog::Raise(bytes, observation, kSparseBytesMax);
    if (outcome == hyperloglog::Outcome::kCorrupt) {
      Require(!was_whole, "a whole one takes every element");
    }
    if (was_whole) {
      Require(outcome != hyperloglog::Outcome::kChanged ||
                  hyperloglog::Raise(bytes, observation, kSparseBytesMax) ==
                      hyperloglog::Outcome::kUnchanged,
              "an element changes nothing the second time");
    }
  }
  Require(!was_whole || hyperloglog::Count(bytes).has_value(), "a whole one stays whole");
  Require(hyperloglog::IsHyperLogLog(bytes), "it stays one");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // In a block of exactly its size, so that the sanitizer sees a step outside. Few inputs have 12
  // KB: the first byte can ask for a dense one filled with the input.
  std::string made = hyperloglog::MakeEmpty().substr(0, hyperloglog::kHeaderBytes);
  if (!input.empty() && (input[0] & 1) != 0) {
    made[4] = 0;
    while (made.size() < hyperloglog::kDenseBytes) made += input;
    made.resize(hyperloglog::kDenseBytes);
  } else {
    made += input;
  }
  for (const std::string_view source : {std::string_view(made), input}) {
    if (!hyperloglog::IsHyperLogLog(source)) continue;
    const auto block = std::make_unique<char[]>(source.size());
    source.copy(block.get(), source.size());
    const std::string_view bytes(block.get(), source.size());
    hyperloglog::Registers registers{};
    const bool is_merged = hyperloglog::Merge(registers, bytes);
    const auto count = hyperloglog::Count(bytes);
    Require(is_merged == count.has_value(), "what can be merged can be counted");
    if (count) Require(*count == hyperloglog::Count(registers), "registers count the same");
    if (!hyperloglog::IsDense(bytes)) hyperloglog::DescribeSparse(bytes);
    std::string dense(bytes);
    Require(hyperloglog::MakeDense(dense) == is_merged, "what can be merged can be made dense");
    if (is_merged) Require(hyperloglog::Count(dense) == count, "a dense one counts the same");
    AddElements(std::string(bytes), input);
  }
  return 0;
}
