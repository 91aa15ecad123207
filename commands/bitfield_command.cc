#include <algorithm>
#include <limits>
#include <vector>

#include "commands/bitfield.h"
#include "commands/bitmap_handlers.h"
#include "commands/context.h"

namespace ringtail::commands::bitmaps {
namespace {

enum class Kind : uint8_t { kGet, kSet, kIncrBy };

struct Operation {
  Kind kind;
  BitfieldType type;
  BitfieldOverflow overflow;
  uint64_t bit;
  int64_t operand;
};

struct Program {
  std::vector<Operation> operations;
  uint64_t write_bytes = 0;  // length that the writing operations need
  bool is_writing = false;
};

std::optional<BitfieldOverflow> ParseOverflow(std::string_view word) {
  if (EqualsIgnoreCase(word, "WRAP")) return BitfieldOverflow::kWrap;
  if (EqualsIgnoreCase(word, "SAT")) return BitfieldOverflow::kSaturate;
  if (EqualsIgnoreCase(word, "FAIL")) return BitfieldOverflow::kFail;
  return std::nullopt;
}

// The operation at args[at], if it is one with all its operands.
std::optional<Kind> KindAt(Args args, size_t at) {
  const size_t operands = args.size() - at - 1;
  if (EqualsIgnoreCase(args[at], "GET") && operands >= 2) return Kind::kGet;
  if (EqualsIgnoreCase(args[at], "SET") && operands >= 3) return Kind::kSet;
  if (EqualsIgnoreCase(args[at], "INCRBY") && operands >= 3) return Kind::kIncrBy;
  return std::nullopt;
}

// Reads one operation's operands from args[at + 1] on; false after an error was answered.
bool ParseOperands(CommandContext& ctx, Args args, size_t at, Operation& operation) {
  const auto type = ParseBitfieldType(args[at + 1]);
  if (!type) {
    ctx.reply().Error(errors::kBitfieldType);
    return false;
  }
  operation.type = *type;
  const auto bit = BitOffsetArg(ctx, args[at + 2], type->bits);
  if (!bit) return false;
  operation.bit = *bit;
  if (operation.kind == Kind::kGet) return true;
  const auto operand = ctx.IntArg(args[at + 3]);
  if (!operand) return false;
  operation.operand = *operand;
  return true;
}

bool ParseProgram(CommandContext& ctx, Args args, Program& program) {
  auto overflow = BitfieldOverflow::kWrap;
  for (size_t at = 2; at < args.size(); ++at) {
    if (EqualsIgnoreCase(args[at], "OVERFLOW") && at + 1 < args.size()) {
      const auto parsed = ParseOverflow(args[++at]);
      if (!parsed) {
        ctx.reply().Error(errors::kBitfieldOverflow);
        return false;
      }
      overflow = *parsed;
      continue;
    }
    const auto kind = KindAt(args, at);
    if (!kind) {
      ctx.SyntaxError();
      return false;
    }
    Operation operation{.kind = *kind, .type = {}, .overflow = overflow, .bit = 0, .operand = 0};
    if (!ParseOperands(ctx, args, at, operation)) return false;
    if (*kind != Kind::kGet) {
      program.is_writing = true;
      program.write_bytes =
          std::max(program.write_bytes, (operation.bit + operation.type.bits - 1) / 8 + 1);
    }
    program.operations.push_back(operation);
    at += *kind == Kind::kGet ? 2 : 3;
  }
  return true;
}

void RunReading(CommandContext& ctx, Args args, const Program& program) {
  const KeyRef key = ctx.Read(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  std::optional<storage::StringView> value;
  if (key) value.emplace(*key.entry());
  const std::string_view bytes = key ? value->bytes() : std::string_view();
  ctx.reply().Array(program.operations.size());
  for (const Operation& operation : program.operations) {
    ctx.reply().Integer(ReadBitfield(bytes, operation.bit, operation.type));
  }
}

// What an operation did: only if it wrote something does growing the string count as a change.
enum class Written : uint8_t { kNothing, kSame, kOther };

Written RunOperation(CommandContext& ctx, const Operation& operation, std::span<char> bytes) {
  const int64_t old =
      ReadBitfield({bytes.data(), bytes.size()}, operation.bit, operation.type);
  if (operation.kind == Kind::kGet) {
    ctx.reply().Integer(old);
    return Written::kNothing;
  }
  const bool is_set = operation.kind == Kind::kSet;
  const auto value =
      is_set ? FitInBitfield(operation.type, operation.operand, operation.overflow)
             : AddInBitfield(operation.type, old, operation.operand, operation.overflow);
  if (!value) {
    ctx.reply().Null();
    return Written::kNothing;
  }
  WriteBitfield(bytes, operation.bit, operation.type, *value);
  ctx.reply().Integer(is_set ? old : *value);
  return *value == old ? Written::kSame : Written::kOther;
}

void RunWriting(CommandContext& ctx, Args args, const Program& program) {
  KeyRef key = ctx.Write(args[1]);
  if (!ctx.IsType(key, ValueType::kString)) return;
  const size_t old_bytes = key ? storage::StringBytes(*key.entry()) : 0;
  const auto bytes = ctx.OpenBytes(key, std::max<size_t>(old_bytes, program.write_bytes));
  const bool has_grown = bytes.size() != old_bytes;
  bool is_changed = false;
  ctx.reply().Array(program.operations.size());
  for (const Operation& operation : program.operations) {
    const Written written = RunOperation(ctx, operation, bytes);
    is_changed |= written == Written::kOther || (written == Written::kSame && has_grown);
  }
  if (is_changed || has_grown) ctx.Changed(key);
  if (is_changed) ctx.Notify(kNotifyString, "setbit", args[1]);
}

}  // namespace

// BITFIELD key [GET type offset] [[OVERFLOW WRAP|SAT|FAIL] SET|INCRBY type offset value] ...
void Bitfield(CommandContext& ctx, Args args) {
  Program program;
  if (!ParseProgram(ctx, args, program)) return;
  program.is_writing ? RunWriting(ctx, args, program) : RunReading(ctx, args, program);
}

// BITFIELD_RO key [GET type offset] ...
void BitfieldRo(CommandContext& ctx, Args args) {
  Program program;
  if (!ParseProgram(ctx, args, program)) return;
  if (program.is_writing) return ctx.reply().Error(errors::kBitfieldReadOnly);
  RunReading(ctx, args, program);
}

bool FindBitfieldKey(Args args, KeyPositions& out) {
  if (args.size() < 2) return false;
  bool is_reading = true;
  // As Redis does: what is no operation at all counts as a write.
  for (size_t at = 2; at < args.size() && is_reading;) {
    const bool is_overflow = EqualsIgnoreCase(args[at], "OVERFLOW");
    const size_t operands = is_overflow ? 1 : 2;
    is_reading = (is_overflow || EqualsIgnoreCase(args[at], "GET")) && at + operands < args.size();
    at += 1 + operands;
  }
  out.Push(1, is_reading ? kKeyRo | kKeyAccess : kKeyRw | kKeyAccess | kKeyUpdate);
  return true;
}

}  // namespace ringtail::commands::bitmaps
