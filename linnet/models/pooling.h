// How the rows of a text become one vector: what a sentence-transformers folder says about it.
//
//   const SentenceModules modules = find_modules(folder);
//   if (modules.pooling) options.pooling = read_pooling(*modules.pooling);
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace linnet {
class GgufFile;
}

namespace linnet::models {

// The numbers are those of a GGUF file's pooling_type.
enum class EmbedPooling : std::uint8_t { kMean = 1, kCls, kLast };

// What follows the transformer in such a folder, by its modules.json; where it has none, by the usual folders' names.
struct SentenceModules {
  std::optional<std::filesystem::path> pooling;  // the config.json of its Pooling module
  bool unit = false;                             // vectors are scaled to length 1
};
// kBadInput: a modules.json that is no list of modules, or names a folder outside.
SentenceModules find_modules(const std::filesystem::path& folder);

// The config.json of a Pooling module; the mean where it names no mode. Damaged, or a mode that is none of ours:
// kBadInput naming the file.
EmbedPooling read_pooling(const std::filesystem::path& file);

// The same for who can do without: nothing where the mode is none of ours, or several are on.
std::optional<EmbedPooling> find_pooling(const std::filesystem::path& file);

// What a GGUF file says; nothing where it says nothing, or has a mode that is none of ours.
std::optional<EmbedPooling> gguf_pooling(const GgufFile& file);

// Makes the modules.json and the Pooling module of a folder whose vectors are pooled so, for sentence-transformers.
void write_modules(const std::filesystem::path& folder, EmbedPooling pooling, std::int64_t hidden);

}  // namespace linnet::models
