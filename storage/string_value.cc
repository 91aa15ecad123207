#include "storage/string_value.h"

#include <charconv>
#include <utility>

namespace ringtail::storage {

size_t FormatInt(int64_t value, char* out) {
  return static_cast<size_t>(std::to_chars(out, out + 20, value).ptr - out);
}

std::optional<int64_t> CanonicalInt(std::string_view bytes) {
  if (bytes.empty() || bytes.size() > 20) return std::nullopt;
  const char first = bytes[0];
  if (first == '0' && bytes.size() == 1) return 0;
  const bool is_negative = first == '-';
  const char lead = is_negative ? (bytes.size() > 1 ? bytes[1] : '\0') : first;
  if (lead < '1' || lead > '9') return std::nullopt;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), value);
  if (error != std::errc() || end != bytes.data() + bytes.size()) return std::nullopt;
  return value;
}

StringView::StringView(const Entry& entry) {
  switch (entry.encoding()) {
    case Encoding::kInt:
      bytes_ = {digits_, FormatInt(entry.int_value(), digits_)};
      break;
    case Encoding::kBlob:
      bytes_ = entry.blob_view();
      break;
    default: {
      // The view borrows; the entry stays the owner.
      SharedBytes block = SharedBytes::Adopt(entry.pointer());
      bytes_ = std::as_const(block).view();
      block.Release();
    }
  }
}

size_t StringBytes(const Entry& entry) {
  return entry.encoding() == Encoding::kBlob ? entry.blob_view().size()
                                             : StringView(entry).bytes().size();
}

std::optional<int64_t> StringInt(const Entry& entry) {
  if (entry.encoding() == Encoding::kInt) return entry.int_value();
  return CanonicalInt(StringView(entry).bytes());
}

Entry* MakeString(std::string_view key, std::string_view value, bool is_volatile) {
  if (const auto number = CanonicalInt(value)) return MakeInt(key, *number, is_volatile);
  if (value.size() >= kSharedStringBytesMin) {
    SharedBytes block = SharedBytes::Create(value.size());
    std::memcpy(block.data(), value.data(), value.size());
    return MakeShared(key, std::move(block), is_volatile);
  }
  Entry* entry =
      Entry::Create({.key = key, .payload_bytes = value.size(), .is_volatile = is_volatile});
  std::memcpy(entry->blob().data(), value.data(), value.size());
  return entry;
}

Entry* MakeInt(std::string_view key, int64_t value, bool is_volatile) {
  Entry* entry = Entry::Create({.key = key, .encoding = Encoding::kInt, .is_volatile = is_volatile});
  entry->SetIntValue(value);
  return entry;
}

Entry* MakeShared(std::string_view key, SharedBytes value, bool is_volatile) {
  Entry* entry =
      Entry::Create({.key = key, .encoding = Encoding::kShared, .is_volatile = is_volatile});
  entry->SetPointer(value.Release());
  return entry;
}

Entry* MakeText(std::string_view key, std::string_view text, bool is_volatile) {
  Entry* entry =
      Entry::Create({.key = key, .payload_bytes = text.size(), .is_volatile = is_volatile});
  std::memcpy(entry->blob().data(), text.data(), text.size());
  return entry;
}

RawString MakeRaw(std::string_view key, size_t size, bool is_volatile) {
  if (size < kSharedStringBytesMin) {
    Entry* entry = Entry::Create({.key = key, .payload_bytes = size, .is_volatile = is_volatile});
    entry->SetRaw(true);
    return {entry, entry->blob()};
  }
  SharedBytes block = SharedBytes::Create(size);
  const std::span<char> bytes{block.data(), size};
  return {MakeShared(key, std::move(block), is_volatile), bytes};
}

namespace {

std::optional<std::span<char>> GrowBlock(Entry& entry, size_t size) {
  SharedBytes block = SharedBytes::Adopt(entry.pointer());
  const bool is_ours = block.is_unique();
  const size_t old_size = block.size();
  std::span<char> bytes;
  if (is_ours) {
    // A quarter of room ahead, so that growing byte by byte stays linear.
    if (size > block.capacity()) block.Resize(size, size + size / 4);
    block.Resize(size);
    std::memset(block.data() + old_size, 0, size - old_size);
    bytes = {block.data(), size};
  }
  entry.SetPointer(block.Release());
  if (!is_ours) return std::nullopt;
  return bytes;
}

}  // namespace

std::optional<std::span<char>> GrowInPlace(Entry& entry, size_t size) {
  if (entry.encoding() == Encoding::kShared) return GrowBlock(entry, size);
  if (entry.encoding() != Encoding::kBlob || size >= kSharedStringBytesMin) return std::nullopt;
  const size_t old_size = entry.blob_view().size();
  if (size != old_size) {
    if (!entry.FitsInPlace(Encoding::kBlob, size)) return std::nullopt;
    entry.GrowBlob(size);
    std::memset(entry.blob().data() + old_size, 0, size - old_size);
  }
  entry.SetRaw(true);
  return entry.blob();
}

SharedBytes ShareBlock(const Entry& entry) {
  SharedBytes own = SharedBytes::Adopt(entry.pointer());
  SharedBytes shared = own;
  own.Release();
  return shared;
}

std::string_view StringEncodingName(const Entry& entry) {
  if (entry.encoding() == Encoding::kInt) return "int";
  return StringBytes(entry) <= kEmbstrBytesMax && !entry.is_raw() ? "embstr" : "raw";
}

}  // namespace ringtail::storage
