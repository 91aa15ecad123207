#include "storage/object.h"

#include "storage/string_value.h"

namespace ringtail::storage {

std::string_view EncodingName(const Entry& entry) {
  if (entry.type() == ValueType::kString) return StringEncodingName(entry);
  if (entry.encoding() == Encoding::kObject) return ObjectOf<Object>(entry).encoding_name();
  return entry.type() == ValueType::kSet && entry.has_variant() ? "intset" : "listpack";
}

}  // namespace ringtail::storage
