#include "proto/reply_writer.h"

#include <algorithm>

#include "base/parse_number.h"

namespace ringtail::proto {
namespace {

bool IsLineBreak(char byte) { return byte == '\r' || byte == '\n'; }

// Line breaks around a one-line text are dropped as Redis drops them.
std::string_view TrimLineBreaks(std::string_view text) {
  while (!text.empty() && IsLineBreak(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsLineBreak(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

void ReplyWriter::SimpleString(std::string_view text) { Line('+', text); }

void ReplyWriter::Error(std::string_view text) {
  text = TrimLineBreaks(text);
  ++error_count_;
  const std::string_view code = text.substr(0, std::min(text.find(' '), sizeof(last_error_code_)));
  std::copy(code.begin(), code.end(), last_error_code_);
  last_error_code_size_ = static_cast<uint8_t>(code.size());
  Line('-', text);
}

void ReplyWriter::Double(double value) {
  if (version_ == RespVersion::kResp2) return BulkDouble(value);
  NumberText place;
  Line(',', FormatDouble(value, place));
}

void ReplyWriter::BigNumber(std::string_view digits) {
  if (version_ == RespVersion::kResp2) return Bulk(digits);
  Line('(', digits);
}

void ReplyWriter::BulkDouble(double value) {
  NumberText place;
  Bulk(FormatDouble(value, place));
}

void ReplyWriter::BulkShared(SharedBytes block, size_t offset, size_t size) {
  Header('$', size);
  output_->AppendShared(std::move(block), offset, size);
  Literal("\r\n");
}

void ReplyWriter::Verbatim(std::string_view format, std::string_view text) {
  if (version_ == RespVersion::kResp2) return Bulk(text);
  // Readers take exactly three bytes for the format.
  char prefix[4] = {' ', ' ', ' ', ':'};
  std::copy_n(format.begin(), std::min<size_t>(format.size(), 3), prefix);
  Header('=', text.size() + sizeof(prefix));
  output_->Append({prefix, sizeof(prefix)});
  output_->Append(text);
  Literal("\r\n");
}

void ReplyWriter::EndMap(Deferred begin, size_t pair_count) {
  if (version_ == RespVersion::kResp2) return InsertHeader(begin, '*', pair_count * 2);
  InsertHeader(begin, '%', pair_count);
}

void ReplyWriter::EndSet(Deferred begin, size_t count) {
  InsertHeader(begin, version_ == RespVersion::kResp2 ? '*' : '~', count);
}

// A one-line element; a line break inside would start an element of the text's own choosing.
void ReplyWriter::Line(char type, std::string_view text) {
  output_->Append({&type, 1});
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, kCopiedWholeBytesMax);
    char* const place = output_->Reserve(piece.size());
    std::transform(piece.begin(), piece.end(), place,
                   [](char byte) { return IsLineBreak(byte) ? ' ' : byte; });
    output_->Commit(piece.size());
    text.remove_prefix(piece.size());
  }
  Literal("\r\n");
}

void ReplyWriter::BulkInPieces(std::string_view bytes) {
  Header('$', bytes.size());
  output_->Append(bytes);
  Literal("\r\n");
}

void ReplyWriter::InsertHeader(Deferred begin, char type, uint64_t count) {
  char header[kHeaderBytesMax];
  header[0] = type;
  char* const end = EndLine(WriteDecimal(header + 1, count));
  output_->Insert(begin.position_, {header, static_cast<size_t>(end - header)});
}

}  // namespace ringtail::proto
