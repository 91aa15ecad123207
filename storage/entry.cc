#include "storage/entry.h"

#include <array>

#include "storage/object.h"

namespace ringtail::storage {

char* Entry::WriteLength(char* at, size_t length) {
  if (length < 128) {
    *at = static_cast<char>(length);
    return at + 1;
  }
  if (length < 16384) {
    at[0] = static_cast<char>(0x80 | (length >> 8));
    at[1] = static_cast<char>(length & 0xff);
    return at + 2;
  }
  *at = static_cast<char>(0xc0);
  Store(at + 1, static_cast<uint32_t>(length));
  return at + 5;
}

Entry* Entry::Create(const Spec& spec) {
  const size_t options = (spec.is_volatile ? 12U : 0U) + (spec.has_annex ? 8U : 0U);
  const size_t size = kHeaderBytes + options + LengthBytes(spec.key.size()) + spec.key.size() +
                      PayloadBytes(spec.encoding, spec.payload_bytes);
  auto* entry = static_cast<Entry*>(memory::Allocate(size));
  entry->SetKind(spec.type, spec.encoding);
  entry->flags_ = static_cast<uint8_t>((spec.is_volatile ? kVolatileFlag : 0) |
                                       (spec.has_annex ? kAnnexFlag : 0));
  entry->SetStamp(0);
  entry->access_ = 0;
  char* at = entry->tail();
  if (spec.is_volatile) {
    Store(at, kNoExpiry);
    Store(at + 8, kNoHandle);
    at += 12;
  }
  if (spec.has_annex) {
    Store<void*>(at, nullptr);
    at += 8;
  }
  at = WriteLength(at, spec.key.size());
  std::memcpy(at, spec.key.data(), spec.key.size());
  at += spec.key.size();
  if (spec.encoding == Encoding::kBlob) WriteLength(at, spec.payload_bytes);
  return entry;
}

Entry* Entry::CreateLike(const Entry& from, Encoding encoding, size_t payload_bytes,
                         bool is_volatile) {
  Entry* entry = Create({.key = from.key(),
                         .type = from.type(),
                         .encoding = encoding,
                         .payload_bytes = payload_bytes,
                         .is_volatile = is_volatile,
                         .has_annex = from.has_annex()});
  entry->SetVariant(from.has_variant());
  entry->stamp_high_ = from.stamp_high_;
  entry->stamp_low_ = from.stamp_low_;
  entry->access_ = from.access_;
  if (is_volatile && from.is_volatile()) {
    entry->SetExpiryMs(from.expiry_ms());
    entry->SetExpiryHandle(from.expiry_handle());
  }
  return entry;
}

// Header and payload bits of `from` under another key; a pointer payload is then in two entries.
Entry* Entry::CreateWithKey(const Entry& from, std::string_view key) {
  const bool is_blob = from.encoding() == Encoding::kBlob;
  const size_t payload_bytes = is_blob ? from.blob_view().size() : 0;
  Entry* entry = Create({.key = key,
                         .type = from.type(),
                         .encoding = from.encoding(),
                         .payload_bytes = payload_bytes,
                         .is_volatile = from.is_volatile(),
                         .has_annex = from.has_annex()});
  entry->SetVariant(from.has_variant());
  entry->stamp_high_ = from.stamp_high_;
  entry->stamp_low_ = from.stamp_low_;
  entry->access_ = from.access_;
  if (from.is_volatile()) entry->SetExpiryMs(from.expiry_ms());
  if (is_blob) {
    std::memcpy(entry->blob().data(), from.blob_view().data(), payload_bytes);
  } else {
    entry->SetPointer(from.pointer());
  }
  return entry;
}

Entry* Entry::Rekey(Entry* from, std::string_view key) {
  Entry* entry = CreateWithKey(*from, key);
  DestroyShell(from);
  return entry;
}

Entry* Entry::Copy(const Entry& from, std::string_view key) {
  Entry* entry = CreateWithKey(from, key);
  if (from.encoding() == Encoding::kShared) {
    SharedBytes own = SharedBytes::Adopt(from.pointer());
    SharedBytes share = own;
    own.Release();
    entry->SetPointer(share.Release());
  } else if (from.encoding() == Encoding::kObject) {
    entry->SetPointer(ObjectOf<Object>(from).Clone().release());
  }
  return entry;
}

void Entry::Destroy(Entry* entry) {
  if (entry->encoding() == Encoding::kShared) SharedBytes::Adopt(entry->pointer());
  if (entry->encoding() == Encoding::kObject) delete &ObjectOf<Object>(*entry);
  DestroyShell(entry);
}

size_t Entry::allocated_bytes() const {
  const char* at = payload();
  if (encoding() != Encoding::kBlob) {
    return static_cast<size_t>(at - reinterpret_cast<const char*>(this)) + 8;
  }
  const size_t size = ReadLength(at);
  return static_cast<size_t>(at - reinterpret_cast<const char*>(this)) + size;
}

void Entry::SetBlobBytes(size_t size) { WriteLength(payload(), size); }

void Entry::GrowBlob(size_t size) {
  // The length's own size may grow with it.
  const std::string_view old = blob_view();
  std::memmove(payload() + LengthBytes(size), old.data(), old.size());
  SetBlobBytes(size);
}

size_t Entry::footprint_bytes() const {
  size_t bytes = memory::ReservedBytes(allocated_bytes());
  if (encoding() == Encoding::kShared) {
    SharedBytes shared = SharedBytes::Adopt(pointer());
    bytes += shared.reserved_bytes();
    shared.Release();
  } else if (encoding() == Encoding::kObject) {
    bytes += ObjectOf<Object>(*this).footprint_bytes();
  }
  return bytes;
}

std::string_view TypeName(ValueType type) {
  static constexpr std::array<std::string_view, 6> kNames = {"string", "list", "set",
                                                             "zset",   "hash", "stream"};
  return kNames[static_cast<size_t>(type)];
}

}  // namespace ringtail::storage
