// Makes a stretch of a large list smaller while nobody changes it, so that any of its elements can
// still be read alone.
//
//   std::vector<char> frozen;
//   if (Freeze(begin, end, count, frozen)) …             // else not worth it
//   std::vector<char> scratch;
//   const PackedView view = ThawRange(frozen.data(), from, count, scratch);
//
// Elements of one list tend to look alike: the same prefix, the same length, digits where others
// have digits. So they are written below each other and each column keeps only as many bits as it
// has different characters: none where all elements agree, four for digits and hexadecimal. An
// element then takes the same number of bits wherever it is, and number i begins at i times that.
// A shorter element has "nothing" as a character of its last columns.
//
//   column count 1 | kind 1 | bits of an element 2 | symbol count 2
//   | columns: first symbol 2, bits 1 | symbols 2 each | elements, bit after bit
//   | 8 bytes that mean nothing, so that the reader may load eight at a time
//
// Thread rule: pure functions over the caller's memory.
#pragma once

#include <cstddef>
#include <vector>

#include "storage/packed.h"

namespace ringtail::storage {

/// Writes `count` packed elements to `out` in frozen form. False, if that would not save a
/// quarter: then `out` means nothing. About 2 ns for each byte.
bool Freeze(const char* begin, const char* end, size_t count, std::vector<char>& out);

/// Elements from number `from` on in packed form, in `scratch`. The view is for walking only: it
/// has no count. About 1 ns for each byte.
PackedView ThawRange(const char* frozen, size_t from, size_t count, std::vector<char>& scratch);

}  // namespace ringtail::storage
