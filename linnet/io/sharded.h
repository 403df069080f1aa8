// A checkpoint in several files, with an index that says which file holds which tensor:
// {"metadata": {…}, "weight_map": {"tensor": "model-00001-of-00002.safetensors", …}}.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "linnet/io/checkpoint.h"

namespace linnet {

// (tensor, file) pairs. Every file name passes safe_relative_name; files in sub-folders are allowed.
std::vector<std::pair<std::string, std::string>> parse_shard_index(std::string_view json, std::string_view place);

// Opens every file the index names. A tensor that is missing from its file, and one in a file that the index does not
// list, are refused (kBadInput).
std::unique_ptr<CheckpointReader> open_sharded(const std::filesystem::path& index);

// One file that is not an index, by what it is (checkpoint.cpp).
std::unique_ptr<CheckpointReader> open_checkpoint_file(const std::filesystem::path& file);

}  // namespace linnet
