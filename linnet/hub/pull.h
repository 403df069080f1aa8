// Downloads a model from the Hugging Face Hub into the cache, like Python's huggingface_hub: it skips cached files,
// resumes broken downloads and checks the hash of every file.
//
//   std::filesystem::path folder = hub::pull(settings, *hub::parse_spec("bigscience/bloomz-560m"), show);
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/hub/cache.h"

namespace linnet::hub {

struct Progress {
  std::string_view file;
  std::uintmax_t done, total;  // bytes of this file; total 0 if unknown
  std::size_t number, count;   // index of this file, from 1, and number of files
};
using ProgressFn = std::function<void(const Progress&)>;

// The files of a listing that the model needs: configuration, tokenizer, templates, pooling, and the weights as
// safetensors, else pytorch_model.bin, else the only .gguf file; or only `wanted` (a name or a quantisation). kBadInput
// with the choices if none or several match.
std::vector<std::string> files_to_pull(const std::vector<std::string>& listing, const Spec& spec);

// Returns the path of the model: the snapshot's folder, or the GGUF file. Offline: from the cache. kBadInput: not found
// (with the nearest names), gated, private, invalid names. kRuntime: network, disk.
std::filesystem::path pull(const Settings& settings, const Spec& spec, const ProgressFn& progress = {});

}  // namespace linnet::hub
