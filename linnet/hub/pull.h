// Brings a model from the Hugging Face Hub into the cache, as Python's huggingface_hub would: what is already there is
// not fetched again, a broken download goes on where it stopped, and every file is checked against its hash.
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
  std::uintmax_t done, total;  // bytes of this file; total 0 where unknown
  std::size_t number, count;   // of this file among all, from 1
};
using ProgressFn = std::function<void(const Progress&)>;

// Files of a listing that running the model needs: configuration, tokenizer, templates, pooling, and the weights as
// safetensors, else as pytorch_model.bin, else the only .gguf file; or `wanted` alone (a name or a quantisation).
// kBadInput that lists the choices where none or several fit.
std::vector<std::string> files_to_pull(const std::vector<std::string>& listing, const Spec& spec);

// The path to run from: the snapshot's folder, or the GGUF file. Offline: what the cache holds.
// kBadInput: not found (with the nearest names), gated, private, refused names. kRuntime: network, disk.
std::filesystem::path pull(const Settings& settings, const Spec& spec, const ProgressFn& progress = {});

}  // namespace linnet::hub
