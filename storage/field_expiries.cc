#include "storage/field_expiries.h"

namespace ringtail::storage {

void FieldExpiries::Settle(size_t index, const Due& due) {
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (heap_[parent].expiry_ms <= due.expiry_ms) break;
    Put(index, heap_[parent]);
    index = parent;
  }
  for (;;) {
    size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].expiry_ms < heap_[child].expiry_ms) ++child;
    if (due.expiry_ms <= heap_[child].expiry_ms) break;
    Put(index, heap_[child]);
    index = child;
  }
  Put(index, due);
}

void FieldExpiries::Add(HashField* field) {
  const Due due{field->expiry_ms(), field};
  heap_.push_back(due);
  Settle(heap_.size() - 1, due);
}

void FieldExpiries::Remove(const HashField* field) {
  const size_t index = field->heap_index();
  const Due last = heap_.back();
  heap_.pop_back();
  if (index < heap_.size()) Settle(index, last);
  if (heap_.empty()) heap_ = {};
}

void FieldExpiries::Update(HashField* field) {
  Settle(field->heap_index(), {field->expiry_ms(), field});
}

void FieldExpiries::Moved(HashField* field, uint32_t index) {
  Put(index, {field->expiry_ms(), field});
}

const char* FieldExpiries::Verify() const {
  for (size_t i = 0; i < heap_.size(); ++i) {
    if (heap_[i].field->heap_index() != i) return "a field does not know its place in the heap";
    if (heap_[i].field->expiry_ms() != heap_[i].expiry_ms) return "a field's expiry is another";
    if (i > 0 && heap_[(i - 1) / 2].expiry_ms > heap_[i].expiry_ms) return "the heap is disorderly";
  }
  return nullptr;
}

}  // namespace ringtail::storage
