#include "storage/list_freezer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

std::vector<std::string> Elements(const PackedView& view) {
  std::vector<std::string> elements;
  for (const char* at = view.first(); at != view.end(); at = view.Next(at)) {
    elements.push_back(view.Get(at).String());
  }
  return elements;
}

// Whether the elements could be frozen; if so, that every range of them reads as it was, byte for
// byte.
bool FreezesAndThaws(const std::vector<std::string>& elements, Random& random) {
  PackedBuffer buffer;
  for (const std::string& element : elements) packed::Append(buffer, element);
  const PackedView packed(buffer.bytes());
  std::vector<char> frozen;
  if (!Freeze(packed.first(), packed.end(), elements.size(), frozen)) return false;
  EXPECT_LE(frozen.size(), buffer.bytes().size() * 3 / 4 + 1);
  std::vector<char> scratch;
  const PackedView whole = ThawRange(frozen.data(), 0, elements.size(), scratch);
  EXPECT_EQ(whole.bytes().substr(kPackedHeaderBytes), packed.bytes().substr(kPackedHeaderBytes));
  for (int i = 0; i < 20; ++i) {
    const size_t from = random.Below(elements.size());
    const size_t count = 1 + random.Below(elements.size() - from);
    const auto first = elements.begin() + static_cast<std::ptrdiff_t>(from);
    EXPECT_EQ(Elements(ThawRange(frozen.data(), from, count, scratch)),
              std::vector<std::string>(first, first + static_cast<std::ptrdiff_t>(count)));
  }
  return true;
}

std::string RandomText(Random& random, size_t length, const std::string& alphabet) {
  std::string text;
  while (text.size() < length) text += alphabet[random.Below(alphabet.size())];
  return text;
}

TEST(ListFreezer, ElementsOfManyKindsReadAsTheyWere) {
  Random random(RunSeed());
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte += static_cast<char>(i);
  const std::vector<std::string> alphabets = {"x", "01", "0123456789", "0123456789abcdef",
                                              "-0123456789", every_byte};
  int frozen_count = 0;
  for (int run = 0; run < 2000; ++run) {
    const std::string& alphabet = alphabets[random.Below(alphabets.size())];
    const std::string prefix = random.Below(2) == 0 ? "" : RandomText(random, 8, every_byte);
    const size_t shortest = random.Below(20);
    const size_t longest = shortest + (random.Below(2) == 0 ? 0 : random.Below(40));
    std::vector<std::string> elements(1 + random.Below(600));
    for (std::string& element : elements) {
      const size_t length = shortest + random.Below(longest - shortest + 1);
      element = prefix + RandomText(random, length, alphabet);
    }
    frozen_count += FreezesAndThaws(elements, random) ? 1 : 0;
  }
  EXPECT_GT(frozen_count, 500);
}

TEST(ListFreezer, IntegersAndTextsMayBeMixed) {
  Random random(RunSeed());
  std::vector<std::string> elements;
  for (int i = 0; i < 400; ++i) {
    elements.push_back(i % 5 == 0 ? "" : std::to_string(10'000 + random.Below(90'000)));
  }
  elements.push_back("-1");
  elements.push_back("007");
  EXPECT_TRUE(FreezesAndThaws(elements, random));
}

TEST(ListFreezer, WhatWouldNotBecomeSmallerIsLeftAlone) {
  Random random(RunSeed());
  EXPECT_FALSE(FreezesAndThaws({"only one"}, random));
  EXPECT_FALSE(FreezesAndThaws({"", "", ""}, random));
  EXPECT_FALSE(FreezesAndThaws(std::vector<std::string>(100, std::string(64, 'x')), random));
  EXPECT_TRUE(FreezesAndThaws(std::vector<std::string>(100, std::string(63, 'x')), random));
}

}  // namespace
}  // namespace ringtail::storage
