// How large the values of each database are: the section keysizes of INFO.
//
// A line for each type with values: how many have a size from each power of two on, below the next.
// Strings are measured in bytes, collections in elements. Databases of up to a few hundred thousand
// keys are counted, of larger ones a share of the buckets is, and the counts are scaled up; so the
// section never takes more than some milliseconds.
//
// Thread rule: within a batch; takes one partition's lock at a time.
#pragma once

#include <cstdint>
#include <string>

#include "engine/engine.h"

namespace ringtail::server {

/// The lines "db0_distrib_strings_sizes:16=2,32=1" and so on; `seed` chooses what is sampled.
std::string DescribeKeySizes(engine::Engine& engine, int64_t seed);

}  // namespace ringtail::server
