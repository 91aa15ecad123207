#include "proto/reply_parser.h"

#include <charconv>
#include <cstdlib>

namespace ringtail::proto {
namespace {

// Reads one reply by recursion, which depth_max bounds.
class Reader {
 public:
  Reader(std::string_view bytes, const ReplyParserLimits& limits)
      : bytes_(bytes), limits_(limits) {}

  ReplyOutcome Read(ReplyTree& tree, uint32_t depth) {
    if (depth > limits_.depth_max) return Fail("nested too deeply");
    std::string_view line;
    if (!TakeLine(line)) return ReplyOutcome::kNeedMore;
    if (line.empty()) return Fail("an empty line where a reply should be");
    const char type = line.front();
    line.remove_prefix(1);
    switch (type) {
      case '+':
        return Text(tree, ReplyType::kSimpleString, line);
      case '-':
        return Text(tree, ReplyType::kError, line);
      case '(':
        return IsBigNumber(line) ? Text(tree, ReplyType::kBigNumber, line)
                                 : Fail("not a big number");
      case ':':
        tree.type = ReplyType::kInteger;
        return ReadInteger(line, tree.integer) ? ReplyOutcome::kReply : Fail("not an integer");
      case '#':
        tree.type = ReplyType::kBoolean;
        tree.integer = line == "t" ? 1 : 0;
        return line == "t" || line == "f" ? ReplyOutcome::kReply : Fail("not a boolean");
      case ',':
        return Double(tree, line);
      case '_':
        tree.type = ReplyType::kNull;
        return line.empty() ? ReplyOutcome::kReply : Fail("text after a null");
      case '$':
        return Blob(tree, ReplyType::kBulk, line);
      case '!':
        return Blob(tree, ReplyType::kError, line);
      case '=':
        return Verbatim(tree, line);
      case '*':
        return Aggregate(tree, ReplyType::kArray, line, 1, depth);
      case '~':
        return Aggregate(tree, ReplyType::kSet, line, 1, depth);
      case '>':
        return Aggregate(tree, ReplyType::kPush, line, 1, depth);
      case '%':
        return Aggregate(tree, ReplyType::kMap, line, 2, depth);
      case '|':
        return Attribute(tree, line, depth);
      default:
        return Fail("unknown type of reply");
    }
  }

  size_t position() const { return position_; }
  std::string_view error() const { return error_; }

 private:
  bool TakeLine(std::string_view& line) {
    const size_t end = bytes_.find("\r\n", position_);
    if (end == std::string_view::npos) return false;
    line = bytes_.substr(position_, end - position_);
    position_ = end + 2;
    return true;
  }

  static bool ReadInteger(std::string_view text, int64_t& value) {
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value);
    return failure == std::errc() && stop == end;
  }

  static bool IsBigNumber(std::string_view text) {
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  }

  ReplyOutcome Text(ReplyTree& tree, ReplyType type, std::string_view text) {
    tree.type = type;
    tree.text = text;
    return ReplyOutcome::kReply;
  }

  ReplyOutcome Double(ReplyTree& tree, std::string_view text) {
    tree.type = ReplyType::kDouble;
    tree.text = text;
    char* end = nullptr;
    tree.number = std::strtod(tree.text.c_str(), &end);
    const bool is_whole = !text.empty() && end == tree.text.c_str() + tree.text.size();
    return is_whole ? ReplyOutcome::kReply : Fail("not a double");
  }

  ReplyOutcome Blob(ReplyTree& tree, ReplyType type, std::string_view length) {
    int64_t size = 0;
    if (!ReadInteger(length, size) || size > limits_.bulk_bytes_max) return Fail("bad bulk length");
    if (size == -1 && type == ReplyType::kBulk) {
      tree.type = ReplyType::kNull;
      return ReplyOutcome::kReply;
    }
    if (size < 0) return Fail("bad bulk length");
    const std::string_view rest = bytes_.substr(position_);
    const auto bulk_bytes = static_cast<size_t>(size);
    if (rest.size() < bulk_bytes + 2) return ReplyOutcome::kNeedMore;
    if (rest.substr(bulk_bytes, 2) != "\r\n") return Fail("no line end after a bulk");
    position_ += bulk_bytes + 2;
    return Text(tree, type, rest.substr(0, bulk_bytes));
  }

  ReplyOutcome Verbatim(ReplyTree& tree, std::string_view length) {
    const ReplyOutcome outcome = Blob(tree, ReplyType::kVerbatim, length);
    if (outcome != ReplyOutcome::kReply) return outcome;
    if (tree.text.size() < 4 || tree.text[3] != ':') return Fail("verbatim text without format");
    tree.format = tree.text.substr(0, 3);
    tree.text.erase(0, 4);
    return ReplyOutcome::kReply;
  }

  // Reads `count` groups of `width` children; allocates only as they arrive.
  ReplyOutcome Children(std::vector<ReplyTree>& children, std::string_view length, int64_t width,
                        uint32_t depth) {
    int64_t count = 0;
    if (!ReadInteger(length, count) || count < 0 || count > INT32_MAX) {
      return Fail("bad aggregate length");
    }
    for (int64_t i = 0; i < count * width; ++i) {
      const ReplyOutcome outcome = Read(children.emplace_back(), depth + 1);
      if (outcome != ReplyOutcome::kReply) return outcome;
    }
    return ReplyOutcome::kReply;
  }

  ReplyOutcome Aggregate(ReplyTree& tree, ReplyType type, std::string_view length, int64_t width,
                         uint32_t depth) {
    if (type == ReplyType::kArray && length == "-1") {
      tree.type = ReplyType::kNullArray;
      return ReplyOutcome::kReply;
    }
    tree.type = type;
    return Children(tree.children, length, width, depth);
  }

  ReplyOutcome Attribute(ReplyTree& tree, std::string_view length, uint32_t depth) {
    if (!tree.attributes.empty()) return Fail("attributes of attributes");
    const ReplyOutcome outcome = Children(tree.attributes, length, 2, depth);
    return outcome == ReplyOutcome::kReply ? Read(tree, depth + 1) : outcome;
  }

  ReplyOutcome Fail(std::string_view error) {
    error_ = error;
    return ReplyOutcome::kError;
  }

  std::string_view bytes_;
  const ReplyParserLimits& limits_;
  size_t position_ = 0;
  std::string_view error_;
};

void Describe(const ReplyTree& tree, std::string& out);

void DescribeAll(const std::vector<ReplyTree>& trees, std::string& out) {
  for (size_t i = 0; i < trees.size(); ++i) {
    if (i != 0) out += ", ";
    Describe(trees[i], out);
  }
}

void Describe(const ReplyTree& tree, std::string& out) {
  if (!tree.attributes.empty()) {
    out += "|";
    DescribeAll(tree.attributes, out);
    out += "| ";
  }
  const auto wrap = [&](std::string_view open, std::string_view close) {
    out += open;
    DescribeAll(tree.children, out);
    out += close;
  };
  switch (tree.type) {
    case ReplyType::kSimpleString:
      out += tree.text;
      break;
    case ReplyType::kError:
      out += "(error " + tree.text + ")";
      break;
    case ReplyType::kInteger:
      out += std::to_string(tree.integer);
      break;
    case ReplyType::kBulk:
    case ReplyType::kVerbatim:
      out += tree.format.empty() ? "\"" : tree.format + ":\"";
      out += tree.text + "\"";
      break;
    case ReplyType::kNull:
      out += "(nil)";
      break;
    case ReplyType::kNullArray:
      out += "(nil array)";
      break;
    case ReplyType::kArray:
      return wrap("[", "]");
    case ReplyType::kMap:
      return wrap("{", "}");
    case ReplyType::kSet:
      return wrap("~[", "]");
    case ReplyType::kPush:
      return wrap(">[", "]");
    case ReplyType::kDouble:
    case ReplyType::kBigNumber:
      out += tree.text;
      break;
    case ReplyType::kBoolean:
      out += tree.integer != 0 ? "true" : "false";
      break;
  }
}

}  // namespace

ReplyStep ParseReply(std::string_view bytes, ReplyTree& tree, const ReplyParserLimits& limits) {
  tree = ReplyTree();
  Reader reader(bytes, limits);
  const ReplyOutcome outcome = reader.Read(tree, 0);
  const size_t consumed = outcome == ReplyOutcome::kReply ? reader.position() : 0;
  return {outcome, consumed, reader.error()};
}

std::string DescribeReply(const ReplyTree& tree) {
  std::string out;
  Describe(tree, out);
  return out;
}

}  // namespace ringtail::proto
