#include "net/block_receiver.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ringtail::net {
namespace {

constexpr size_t kFirstStageBytesMax = 64 * 1024;
constexpr size_t kStageFactor = 3;
// A receive may bring only a few bytes; moving this many costs less than the receive itself.
constexpr size_t kMoveBytesMin = 64 * 1024;

}  // namespace

void BlockReceiver::Begin(std::string_view arrived, size_t byte_count) {
  size_t stage = byte_count;
  while (stage > kFirstStageBytesMax + kStageFactor * arrived.size()) {
    stage = (stage + kStageFactor - 1) / kStageFactor;
  }
  block_ = SharedBytes::Create(stage);
  if (!arrived.empty()) std::memcpy(block_.data(), arrived.data(), arrived.size());
  received_ = arrived.size();
  byte_count_ = byte_count;
}

std::span<char> BlockReceiver::Room() {
  if (received_ == block_.size()) {
    const size_t stage = std::min(byte_count_, kStageFactor * block_.size());
    old_ = std::exchange(block_, SharedBytes::Create(stage));
    moved_ = 0;
  }
  return {block_.data() + received_, std::min(block_.size() - received_, kBlockReceiveBytesMax)};
}

void BlockReceiver::Received(size_t size) {
  received_ += size;
  // The stage sizes make the move end in time; "all of it" on the last byte is for the rounding.
  if (old_) MoveFromOld(received_ == block_.size() ? old_.size() : std::max(size, kMoveBytesMin));
}

void BlockReceiver::MoveFromOld(size_t size) {
  size = std::min(size, old_.size() - moved_);
  std::memcpy(block_.data() + moved_, old_.data() + moved_, size);
  moved_ += size;
  if (moved_ == old_.size()) old_ = SharedBytes();
}

SharedBytes BlockReceiver::Take() {
  received_ = 0;
  byte_count_ = 0;
  return std::exchange(block_, SharedBytes());
}

size_t BlockReceiver::reserved_bytes() const {
  return (block_ ? block_.reserved_bytes() : 0) + (old_ ? old_.reserved_bytes() : 0);
}

}  // namespace ringtail::net
