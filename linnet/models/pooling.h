// Pools the rows of a text to one vector: sentence-transformers' Pooling module, or a GGUF file's pooling type.
//
//   const PoolingConfig pooling = read_pooling(folder / "1_Pooling/config.json");
//   Tensor vectors = pool(model.forward(batch), batch.starts, pooling.modes);   // [texts, modes * hidden]
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "linnet/tensor/tensor.h"

namespace linnet {
class GgufFile;
}

namespace linnet::models {

// The first three have the numbers of a GGUF file's pooling_type.
enum class EmbedPooling : std::uint8_t { kMean = 1, kCls, kLast, kMax, kMeanSqrtLength, kWeightedMean };

// By sentence-transformers' name ("mean", "cls", "lasttoken", …); "last" is "lasttoken".
std::optional<EmbedPooling> pooling_named(std::string_view name);
std::string_view pooling_name(EmbedPooling pooling);  // sentence-transformers'

struct PoolingConfig {
  std::vector<EmbedPooling> modes{EmbedPooling::kMean};  // several: their vectors are concatenated
  bool include_prompt = true;                            // false: excludes the rows of a prompt
};

// The config.json of a Pooling module, with the flags of old versions or with `pooling_mode`. A damaged file, or a mode
// or key that sentence-transformers 6.2 does not have, is kBadInput naming it.
PoolingConfig read_pooling(const std::filesystem::path& file);

// The pooling of a GGUF file, if any. A type without one vector per text is kBadInput.
std::optional<EmbedPooling> gguf_pooling(const GgufFile& file);

// hidden [rows, width]; text i is rows starts[i] to starts[i + 1] without its first `skip` rows. kInvalidArgument if no
// row is left.
Tensor pool(const Tensor& hidden, std::span<const std::int32_t> starts, std::span<const EmbedPooling> modes,
            std::int64_t skip = 0);

// Writes modules.json and the Pooling module of a folder, for sentence-transformers.
void write_modules(const std::filesystem::path& folder, EmbedPooling pooling, std::int64_t hidden);

}  // namespace linnet::models
