#include "persistence/rdb_file_writer.h"

#include <cstdio>

#include "persistence/crc64.h"
#include "persistence/rdb_format.h"
#include "persistence/rdb_value.h"

namespace ringtail::persistence {

RdbFileWriter::RdbFileWriter(ByteSink& sink, const Options& options)
    : sink_(sink), options_(options), writer_(block_, options.compresses ? &compressor_ : nullptr) {
  char header[kRdbHeaderBytes + 1];
  std::snprintf(header, sizeof(header), "REDIS%04u", unsigned{kRdbVersion});
  block_ = header;
}

void RdbFileWriter::Aux(std::string_view name, std::string_view value) {
  Opcode(RdbOpcode::kAux);
  writer_.String(name);
  writer_.String(value);
  HandOverIfFull();
}

void RdbFileWriter::Library(std::string_view source) {
  Opcode(RdbOpcode::kLibrary);
  writer_.String(source);
  HandOverIfFull();
}

void RdbFileWriter::Database(uint64_t index, uint64_t keys, uint64_t volatile_keys) {
  Opcode(RdbOpcode::kDatabase);
  writer_.Length(index);
  Opcode(RdbOpcode::kResize);
  writer_.Length(keys);
  writer_.Length(volatile_keys);
}

void RdbFileWriter::Key(const storage::Entry& entry, const KeyFacts& facts) {
  if (facts.expire_ms) {
    Opcode(RdbOpcode::kExpireMs);
    writer_.Fixed64(static_cast<uint64_t>(*facts.expire_ms));
  }
  if (facts.idle_s) {
    Opcode(RdbOpcode::kIdle);
    writer_.Length(*facts.idle_s);
  }
  if (facts.frequency) {
    Opcode(RdbOpcode::kFrequency);
    block_.push_back(static_cast<char>(*facts.frequency));
  }
  writer_.Type(WrittenType(entry));
  writer_.String(entry.key());
  WriteValue(entry, writer_);
  HandOverIfFull();
}

Result<void> RdbFileWriter::End() {
  Opcode(RdbOpcode::kEnd);
  const uint64_t checksum = options_.has_checksum ? Crc64(checksum_, block_) : 0;
  writer_.Fixed64(checksum);
  HandOver();
  return state_;
}

void RdbFileWriter::HandOverIfFull() {
  if (block_.size() >= options_.block_bytes) HandOver();
}

void RdbFileWriter::HandOver() {
  if (state_.ok()) {
    if (options_.has_checksum) checksum_ = Crc64(checksum_, block_);
    state_ = sink_.Write(block_);
    written_bytes_ += block_.size();
  }
  block_.clear();
}

}  // namespace ringtail::persistence
