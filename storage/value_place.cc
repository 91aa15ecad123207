#include "storage/value_place.h"

#include <cstring>

namespace ringtail::storage {

Entry* ValuePlace::Reshape(Encoding encoding, size_t blob_bytes) {
  return Entry::CreateLike(entry(), encoding, blob_bytes, entry().is_volatile());
}

// The payload of the old entry has moved or is gone.
void ValuePlace::Install(Entry* entry) {
  database_.ReplaceShell(key_.hash, found_, entry, now_ms_);
  found_.entry = entry;
}

char* ValuePlace::OpenGap(size_t offset, size_t byte_count) {
  const std::string_view old = bytes();
  const size_t size = old.size() + byte_count;
  if (entry().FitsInPlace(Encoding::kBlob, size)) {
    const size_t old_size = old.size();
    entry().GrowBlob(size);
    char* const at = data() + offset;
    std::memmove(at + byte_count, at, old_size - offset);
    return at;
  }
  Entry* const grown = Reshape(Encoding::kBlob, size);
  char* const to = grown->blob().data();
  std::memcpy(to, old.data(), offset);
  std::memcpy(to + offset + byte_count, old.data() + offset, old.size() - offset);
  Install(grown);
  return data() + offset;
}

void ValuePlace::CloseGap(size_t offset, size_t byte_count) {
  const std::string_view old = bytes();
  const size_t size = old.size() - byte_count;
  const size_t rest = size - offset;
  if (entry().FitsInPlace(Encoding::kBlob, size)) {
    // The length's own bytes may become fewer, so what stays in front may move as well.
    char* const from = data();
    std::memmove(from + offset, from + offset + byte_count, rest);
    entry().SetBlobBytes(size);
    if (data() != from) std::memmove(data(), from, size);
    return;
  }
  Entry* const shrunk = Reshape(Encoding::kBlob, size);
  char* const to = shrunk->blob().data();
  std::memcpy(to, old.data(), offset);
  std::memcpy(to + offset, old.data() + offset + byte_count, rest);
  Install(shrunk);
}

void ValuePlace::Assign(std::string_view bytes) {
  Entry* const assigned = Reshape(Encoding::kBlob, bytes.size());
  std::memcpy(assigned->blob().data(), bytes.data(), bytes.size());
  Install(assigned);
}

void ValuePlace::BecomeObject(std::unique_ptr<Object> object) {
  if (!is_packed()) {
    delete static_cast<Object*>(entry().pointer());
    entry().SetPointer(object.release());
    return;
  }
  Entry* const reshaped = Reshape(Encoding::kObject, 0);
  reshaped->SetPointer(object.release());
  Install(reshaped);
}

void ValuePlace::BecomePacked(std::string_view bytes) {
  Entry* const packed = Reshape(Encoding::kBlob, bytes.size());
  std::memcpy(packed->blob().data(), bytes.data(), bytes.size());
  delete static_cast<Object*>(entry().pointer());
  Install(packed);
}

}  // namespace ringtail::storage
