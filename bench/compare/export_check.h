// Compares a JSONL export with what it must be, by code that shares nothing with any store.
#pragma once

#include <filesystem>

#include "compare/dataset.h"

namespace datawal::bench {

// Throws unless `file` has one line for each entry of `dataset`, with its value, in ascending order
// of the keys, and nothing else.
void check_export(const std::filesystem::path& file, const Dataset& dataset, Generation generation);

}  // namespace datawal::bench
