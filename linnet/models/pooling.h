// How the rows of a text become one vector: what a sentence-transformers folder says about it.
//
//   if (fs::exists(folder / kPoolingFile)) options.pooling = read_pooling(folder / kPoolingFile);
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace linnet::models {

enum class EmbedPooling : std::uint8_t {
  kMean = 1,
  kCls,
  kLast
};  // the numbers are those of a GGUF file's pooling_type

inline constexpr const char* kPoolingFile = "1_Pooling/config.json";  // beside the model

// The config.json of a Pooling module; the mean where it names no mode. Damaged, or a mode that is none of ours:
// kBadInput naming the file.
EmbedPooling read_pooling(const std::filesystem::path& file);

// The same for who can do without: nothing where the mode is none of ours, or several are on.
std::optional<EmbedPooling> find_pooling(const std::filesystem::path& file);

}  // namespace linnet::models
