// A checkpoint in several files, with an index from tensors to files: {"metadata": {…}, "weight_map": {"tensor":
// "model-00001-of-00002.safetensors", …}}.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "linnet/io/checkpoint.h"

namespace linnet {

// (tensor, file) pairs. Every file name is checked by safe_relative_name; sub-folders are allowed.
std::vector<std::pair<std::string, std::string>> parse_shard_index(std::string_view json, std::string_view place);

// Opens every file of the index. A tensor that its file lacks, or that the index does not list, is kBadInput.
std::unique_ptr<CheckpointReader> open_sharded(const std::filesystem::path& index);

// One file that is not an index, by its content (checkpoint.cpp).
std::unique_ptr<CheckpointReader> open_checkpoint_file(const std::filesystem::path& file);

}  // namespace linnet
