// How the rows of a text become one vector: sentence-transformers' Pooling module, or a GGUF file's pooling type.
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

// The numbers of the first three are those of a GGUF file's pooling_type.
enum class EmbedPooling : std::uint8_t { kMean = 1, kCls, kLast, kMax, kMeanSqrtLength, kWeightedMean };

// By sentence-transformers' name ("mean", "cls", "lasttoken", …); "last" is "lasttoken".
std::optional<EmbedPooling> pooling_named(std::string_view name);
std::string_view pooling_name(EmbedPooling pooling);  // sentence-transformers'

struct PoolingConfig {
  std::vector<EmbedPooling> modes{EmbedPooling::kMean};  // several: their vectors one after another
  bool include_prompt = true;                            // false: the rows of a prompt are left out
};

// The config.json of a Pooling module, with the flags of old versions or with `pooling_mode`. Damaged, a mode or a key
// that sentence-transformers 6.2 does not have: kBadInput naming it.
PoolingConfig read_pooling(const std::filesystem::path& file);

// What a GGUF file has; nothing where it has none. A type that makes no vector of a text: kBadInput.
std::optional<EmbedPooling> gguf_pooling(const GgufFile& file);

// hidden [rows, width]; text i is rows starts[i] to starts[i + 1], its first `skip` rows are left out. A text without
// other rows: kInvalidArgument.
Tensor pool(const Tensor& hidden, std::span<const std::int32_t> starts, std::span<const EmbedPooling> modes,
            std::int64_t skip = 0);

// Writes the modules.json and the Pooling module of a folder whose vectors are pooled so, for sentence-transformers.
void write_modules(const std::filesystem::path& folder, EmbedPooling pooling, std::int64_t hidden);

}  // namespace linnet::models
