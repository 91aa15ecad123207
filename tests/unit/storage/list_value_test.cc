#include "storage/list_value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/storage/random_runs.h"

namespace ringtail::storage {
namespace {

// One list under one key, and what to ask of it.
class OneList {
 public:
  explicit OneList(int64_t directive) : limits_(ListLimits::Of(directive)) {
    database_.Add(key_.hash,
                  Entry::Create({.key = key_.bytes, .type = ValueType::kList,
                                 .encoding = Encoding::kBlob, .payload_bytes = 0}),
                  0);
    found_ = database_.Find(key_);
  }
  ~OneList() { database_.Erase(found_); }

  template <typename Work>
  auto Edit(Work&& work) {
    ValuePlace place(database_, key_, found_, 0);
    ListEditor editor(place, limits_);
    return work(editor);
  }
  ListView view() const { return ListView(*found_.entry); }
  const Entry& entry() const { return *found_.entry; }
  bool is_packed() const { return entry().encoding() == Encoding::kBlob; }
  const char* Verify() const {
    return is_packed() ? PackedView(entry().blob_view()).Verify()
                       : ObjectOf<ListDeque>(entry()).Verify();
  }
  std::vector<std::string> Elements(ListEnd toward = ListEnd::kTail) const {
    std::vector<std::string> elements;
    const size_t start = toward == ListEnd::kTail ? 0 : view().count() - 1;
    for (ListCursor at = view().From(start, toward); !at.is_done(); at.Next()) {
      elements.push_back(at.Get().String());
    }
    return elements;
  }

 private:
  KeyHasher hasher_{1};
  Key key_ = hasher_.MakeKey("list");
  Database database_{Database::Options{}};
  Database::Found found_;
  ListLimits limits_;
};

std::string RandomElement(Random& random) {
  return random.Below(100) == 0 ? std::to_string(random.Below(300))
                                : "element:" + std::to_string(random.Below(50));
}

std::string RandomValue(Random& random) {
  switch (random.Below(40)) {
    case 0:
      return std::string(9000 + random.Below(3000), 'h');
    case 1:
      return std::string(60 + random.Below(200), 'm');
    case 2:
      return "";
    default:
      return random.Below(2) == 0 ? std::to_string(random.Below(300))
                                  : "element:" + std::to_string(random.Below(50));
  }
}

size_t RemoveFromModel(std::deque<std::string>& model, const std::string& value, size_t max,
                       ListEnd from) {
  if (from == ListEnd::kTail) std::reverse(model.begin(), model.end());
  size_t removed = 0;
  std::deque<std::string> kept;
  for (std::string& element : model) {
    if (removed < max && element == value) {
      ++removed;
    } else {
      kept.push_back(std::move(element));
    }
  }
  model = std::move(kept);
  if (from == ListEnd::kTail) std::reverse(model.begin(), model.end());
  return removed;
}

void ExpectSame(const OneList& list, const std::deque<std::string>& model) {
  ASSERT_EQ(list.Verify(), nullptr);
  const std::vector<std::string> expected(model.begin(), model.end());
  ASSERT_EQ(list.Elements(), expected);
  if (!model.empty()) {
    ASSERT_EQ(list.Elements(ListEnd::kHead),
              std::vector<std::string>(expected.rbegin(), expected.rend()));
  }
}

// Lists between empty and some thousand elements, packed and large by turns.
void RunAgainstModel(int64_t directive, size_t size_max, int operations, size_t burst = 40) {
  Random random(RunSeed());
  OneList list(directive);
  std::deque<std::string> model;
  size_t target = size_max;
  size_t large_count = 0;
  size_t node_count_max = 0;
  size_t frozen_count = 0;
  for (int i = 0; i < operations; ++i) {
    if (i % 2000 == 0) target = random.Below(3) == 0 ? 1 + random.Below(8) : random.Below(size_max);
    const ListEnd end = random.Below(2) == 0 ? ListEnd::kHead : ListEnd::kTail;
    const std::string value = RandomValue(random);
    uint64_t kind = random.Below(100);
    const bool is_growing = model.size() < target;
    if (is_growing && kind >= 40 && kind < 70) kind -= 35;  // pushes instead of pops
    if (kind < 40 && model.size() <= target) {
      std::vector<std::string> texts(1 + random.Below(kind < 4 ? burst : 2), value);
      for (size_t n = 1; n < texts.size(); ++n) texts[n] = RandomElement(random);
      const std::vector<std::string_view> values(texts.begin(), texts.end());
      list.Edit([&](ListEditor& editor) { editor.Push(end, values); return 0; });
      for (const std::string& text : texts) {
        end == ListEnd::kHead ? model.push_front(text) : model.push_back(text);
      }
    } else if (model.empty()) {
      continue;
    } else if (kind < 70) {
      const size_t count = kind < 45 || model.size() > target * 2
                               ? std::min<size_t>(model.size(), 1 + random.Below(40))
                               : 1;
      list.Edit([&](ListEditor& editor) { editor.RemoveEnd(end, count); return 0; });
      const auto removed = static_cast<std::ptrdiff_t>(count);
      end == ListEnd::kHead ? model.erase(model.begin(), model.begin() + removed)
                            : model.erase(model.end() - removed, model.end());
    } else if (kind < 80) {
      const auto size = static_cast<int64_t>(model.size());
      const int64_t index = static_cast<int64_t>(random.Below(model.size() * 2 + 2)) - size - 1;
      const bool is_there = index < size && index >= -size;
      ASSERT_EQ(list.Edit([&](ListEditor& editor) { return editor.Set(index, value); }), is_there);
      if (is_there) model[static_cast<size_t>(index < 0 ? index + size : index)] = value;
    } else if (kind < 92) {
      const std::string pivot = random.Below(4) == 0 ? value : model[random.Below(model.size())];
      const bool is_behind = random.Below(2) == 0;
      auto at = std::find(model.begin(), model.end(), pivot);
      const bool is_there = at != model.end();
      const bool is_inserted = list.Edit([&](ListEditor& editor) {
        return editor.Insert(is_behind ? ListEditor::Side::kBehind : ListEditor::Side::kBefore,
                             pivot, value);
      });
      ASSERT_EQ(is_inserted, is_there);
      if (is_there) model.insert(is_behind ? at + 1 : at, value);
    } else if (kind < 99) {
      const bool is_greedy = !is_growing || random.Below(50) == 0;
      const size_t max = is_greedy ? model.size() + 1 : 1 + random.Below(3);
      const size_t removed =
          list.Edit([&](ListEditor& editor) { return editor.Remove(value, max, end); });
      ASSERT_EQ(removed, RemoveFromModel(model, value, max, end));
    } else {
      const size_t index = random.Below(std::min<size_t>(model.size(), 10));
      const size_t count = model.size() - index - random.Below(std::min<size_t>(
                                                      model.size() - index, 10));
      list.Edit([&](ListEditor& editor) { editor.Keep(index, count); return 0; });
      model = {model.begin() + static_cast<std::ptrdiff_t>(index),
               model.begin() + static_cast<std::ptrdiff_t>(index + count)};
    }
    large_count += list.is_packed() ? 0 : 1;
    if (!list.is_packed()) {
      const auto& deque = ObjectOf<ListDeque>(list.entry());
      node_count_max = std::max(node_count_max, deque.node_count());
      for (size_t n = 0; i % 50 == 0 && n < deque.node_count(); ++n) {
        frozen_count += deque.node(n).is_frozen() ? 1 : 0;
      }
    }
    ASSERT_EQ(list.view().count(), model.size());
    if (model.empty()) continue;
    const size_t index = random.Below(model.size());
    ASSERT_EQ(list.view().At(static_cast<int64_t>(index))->String(), model[index]);
    ASSERT_EQ(list.view().AtEnd(end).String(),
              end == ListEnd::kHead ? model.front() : model.back());
    if (i % 500 == 0) ExpectSame(list, model);
  }
  ExpectSame(list, model);
  EXPECT_GT(large_count, static_cast<size_t>(operations) / 10);
  EXPECT_LT(large_count, static_cast<size_t>(operations));
  EXPECT_GT(node_count_max, 6U);
  if (burst > 40) {
    EXPECT_GT(frozen_count, static_cast<size_t>(operations) / 100);
  }
}

TEST(ListValue, BehavesLikeADequeUnderTheDefaultLimits) {
  RunAgainstModel(-2, 1500, Operations(400'000));
}
TEST(ListValue, BehavesLikeADequeWithSmallNodes) { RunAgainstModel(-1, 900, Operations(200'000)); }
TEST(ListValue, BehavesLikeADequeWithFrozenNodes) {
  RunAgainstModel(-1, 12'000, Operations(100'000), 1200);
}
TEST(ListValue, BehavesLikeADequeWithNodesOfThreeEntries) {
  RunAgainstModel(3, 400, Operations(200'000));
}
TEST(ListValue, BehavesLikeADequeWithNodesOfOneEntry) {
  RunAgainstModel(0, 300, Operations(200'000));
}

void ExpectRunsOverAnyRange(int64_t directive, int count_max) {
  OneList list(directive);
  std::vector<std::string> model;
  for (int i = 0; i < count_max; ++i) {
    model.push_back(std::to_string(i));
    const std::string_view value = model.back();
    list.Edit([&](ListEditor& editor) { editor.Push(ListEnd::kTail, {&value, 1}); return 0; });
  }
  ASSERT_EQ(list.Verify(), nullptr);
  Random random(RunSeed());
  for (int i = 0; i < 2000; ++i) {
    const size_t index = random.Below(model.size());
    const size_t count = random.Below(std::min<size_t>(model.size() - index, 40) + 1);
    std::vector<std::string> seen;
    list.view().VisitRuns(index, count, [&](const char* at, const char*, size_t n) {
      const PackedView view({at - kPackedHeaderBytes, kPackedHeaderBytes});
      for (; n > 0; --n, at = NextElement(at)) seen.push_back(view.Get(at).String());
    });
    const auto from = model.begin() + static_cast<std::ptrdiff_t>(index);
    ASSERT_EQ(seen, std::vector<std::string>(from, from + static_cast<std::ptrdiff_t>(count)));
  }
}

TEST(ListValue, RunsGoOverAnyRange) { ExpectRunsOverAnyRange(8, 3000); }
TEST(ListValue, RunsGoOverAnyRangeOfFrozenNodes) { ExpectRunsOverAnyRange(-1, 30'000); }

TEST(ListValue, AlikeElementsOfALargeListTakeLessThanTheirBytes) {
  for (const auto& [format, bytes_max] : {std::pair{"element:%d", 5.0}, {"%016x", 9.5}}) {
    ListDeque list;
    Random random(1);
    for (int i = 0; i < 200'000; ++i) {
      char text[32];
      std::snprintf(text, sizeof(text), format, static_cast<unsigned>(random.Next() >> 44));
      list.Push(ListEnd::kTail, PackedNeedle(text), ListLimits::Of(-2));
    }
    EXPECT_LT(static_cast<double>(list.footprint_bytes()) / 200'000, bytes_max) << format;
    EXPECT_EQ(list.Verify(), nullptr);
  }
}

TEST(ListValue, ChangesShapeAtTheLimitAndBackAtHalfOfIt) {
  OneList list(10);
  const std::string_view value = "v";
  for (int i = 0; i < 10; ++i) {
    list.Edit([&](ListEditor& editor) { editor.Push(ListEnd::kTail, {&value, 1}); return 0; });
  }
  EXPECT_TRUE(list.is_packed());
  list.Edit([&](ListEditor& editor) { editor.Push(ListEnd::kTail, {&value, 1}); return 0; });
  EXPECT_FALSE(list.is_packed());
  list.Edit([&](ListEditor& editor) { editor.RemoveEnd(ListEnd::kTail, 5); return 0; });
  EXPECT_FALSE(list.is_packed());
  list.Edit([&](ListEditor& editor) { editor.RemoveEnd(ListEnd::kHead, 1); return 0; });
  EXPECT_TRUE(list.is_packed());
  EXPECT_EQ(list.view().count(), 5U);
}

TEST(ListValue, AValueLargerThanANodeGetsOneOfItsOwn) {
  OneList list(-2);
  const std::string huge(100'000, 'h');
  const std::vector<std::string_view> values = {"a", huge, "b"};
  list.Edit([&](ListEditor& editor) { editor.Push(ListEnd::kTail, values); return 0; });
  EXPECT_EQ(ObjectOf<ListDeque>(list.entry()).node_count(), 3U);
  EXPECT_TRUE(list.Edit([&](ListEditor& editor) {
    return editor.Insert(ListEditor::Side::kBefore, "a", huge);
  }));
  EXPECT_EQ(list.Elements(), (std::vector<std::string>{huge, "a", huge, "b"}));
  EXPECT_EQ(list.Verify(), nullptr);
}

TEST(ListValue, ACloneIsEqualAndApart) {
  OneList list(4);
  const std::vector<std::string_view> values = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
  list.Edit([&](ListEditor& editor) { editor.Push(ListEnd::kTail, values); return 0; });
  const auto clone = ObjectOf<ListDeque>(list.entry()).Clone();
  list.Edit([&](ListEditor& editor) { return editor.Remove("5", 1, ListEnd::kHead); });
  EXPECT_EQ(clone->element_count(), 9U);
  EXPECT_EQ(clone->Verify(), nullptr);
}

TEST(ListValue, FootprintIsWhatTheAllocatorGave) {
  if (kIsSanitized) GTEST_SKIP() << "operator new is not counted";
  for (const int64_t directive : {-2, -5, 100}) {
    ListDeque list;
    const ListLimits limits = ListLimits::Of(directive);
    const int64_t before = memory::UsedBytes();
    for (int i = 0; i < 200'000; ++i) {
      list.Push(ListEnd::kTail, PackedNeedle("element:" + std::to_string(i)), limits);
    }
    const auto used = static_cast<double>(memory::UsedBytes() - before);
    EXPECT_NEAR(static_cast<double>(list.footprint_bytes()), used, used / 20);
  }
}

}  // namespace
}  // namespace ringtail::storage
