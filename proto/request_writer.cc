#include "proto/request_writer.h"

#include <cstring>

#include "proto/decimal.h"

namespace ringtail::proto {
namespace {

char* WriteHeader(char* out, char type, uint64_t count) {
  *out = type;
  out = WriteDecimal(out + 1, count);
  std::memcpy(out, "\r\n", 2);
  return out + 2;
}

}  // namespace

size_t RequestBytes(std::span<const std::string_view> args) {
  size_t bytes = 3 + DecimalWidth(args.size());
  for (const std::string_view arg : args) bytes += 5 + DecimalWidth(arg.size()) + arg.size();
  return bytes;
}

char* WriteRequest(char* out, std::span<const std::string_view> args) {
  out = WriteHeader(out, '*', args.size());
  for (const std::string_view arg : args) {
    out = WriteHeader(out, '$', arg.size());
    if (!arg.empty()) std::memcpy(out, arg.data(), arg.size());
    out += arg.size();
    std::memcpy(out, "\r\n", 2);
    out += 2;
  }
  return out;
}

void AppendRequest(std::string& out, std::span<const std::string_view> args) {
  const size_t old_size = out.size();
  out.resize(old_size + RequestBytes(args));
  WriteRequest(out.data() + old_size, args);
}

void AppendRequest(OutputBuffer& out, std::span<const std::string_view> args) {
  const size_t bytes = RequestBytes(args);
  constexpr size_t kWholeBytesMax = 1024;
  if (bytes <= kWholeBytesMax) {
    WriteRequest(out.Reserve(bytes), args);
    out.Commit(bytes);
    return;
  }
  char header[24];
  const auto append_header = [&](char type, uint64_t count) {
    out.Append({header, static_cast<size_t>(WriteHeader(header, type, count) - header)});
  };
  append_header('*', args.size());
  for (const std::string_view arg : args) {
    append_header('$', arg.size());
    out.Append(arg);
    out.Append("\r\n");
  }
}

}  // namespace ringtail::proto
