#include "persistence/rdb_file_reader.h"

#include <algorithm>
#include <string_view>

namespace ringtail::persistence {

Result<bool> RdbFileReader::Next(RdbRecord& record) {
  for (;;) {
    record_offset_ = scanner_.offset();
    const auto step = scanner_.Next(std::string_view(buffer_).substr(begin_), record);
    begin_ += scanner_.consumed_bytes();
    switch (step) {
      case RdbScanner::Step::kRecord: return true;
      case RdbScanner::Step::kError: return Error{scanner_.error()};
      case RdbScanner::Step::kEnd: return End();
      case RdbScanner::Step::kMore: break;
    }
    TRY(const bool has_more, ReadMore());
    if (!has_more) {
      return Error{"offset " + std::to_string(record_offset_) + ": the file ends within what begins here, at " +
                   std::to_string(record_offset_ + buffer_.size() - begin_)};
    }
  }
}

// As much again as there is, so that a large record is looked at a few times only.
Result<bool> RdbFileReader::ReadMore() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t have = buffer_.size();
  buffer_.resize(have + std::max(have, options_.block_bytes));
  size_t end = have;
  while (end < buffer_.size()) {
    const auto count = file_.Read({buffer_.data() + end, buffer_.size() - end});
    if (!count.ok()) return count.error();
    if (count.value() == 0) break;
    end += count.value();
  }
  buffer_.resize(end);
  return end > have;
}

Result<bool> RdbFileReader::End() {
  if (begin_ == buffer_.size()) {
    TRY(const bool has_more, ReadMore());
    if (!has_more) return false;
  }
  return Error{"offset " + std::to_string(scanner_.offset()) + ": there are bytes behind the end"};
}

}  // namespace ringtail::persistence
