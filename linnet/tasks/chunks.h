// Chunks of a long text that overlap, each with the special tokens around it, as the `stride` of Hugging Face's
// tokenizers makes them.
//
//   for (const Chunk& chunk : chunks_of({.text = ids, .max_length = 512, .stride = 128}, tokenizer.frame()))
//     engine.submit({.ids = chunk.ids, .type_ids = chunk.type_ids, …});
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "linnet/tokenizer/encoding.h"
#include "linnet/tokenizer/frame.h"

namespace linnet::tasks {

struct Chunk {
  std::vector<std::int32_t> ids, type_ids;
  std::vector<std::ptrdiff_t> tokens;  // per id its index in the text; -1: a special token, or one of the other text
};

struct ChunkOptions {
  std::span<const std::int32_t> text = {};   // without special tokens
  std::span<const std::int32_t> other = {};  // of a pair: the text that every chunk has
  bool text_is_first = true;                 // of a pair
  std::int64_t max_length = 0;               // tokens of a chunk, with special ones and the other text; 0: one chunk
  std::int64_t stride = 0;                   // tokens that adjacent chunks share
  Side side = Side::kRight;                  // kLeft: the chunks begin at the text's end
};

// One chunk at least. kInvalidArgument if the text needs several and max_length has too little room for that.
std::vector<Chunk> chunks_of(const ChunkOptions& options, const Frame& frame);

// Offsets of a text in characters, as Python counts them.
class CharacterOffsets {
 public:
  explicit CharacterOffsets(std::string_view text);
  std::int64_t operator()(std::int64_t byte) const { return before_[static_cast<std::size_t>(byte)]; }

 private:
  std::vector<std::int64_t> before_;  // per byte: characters that begin before it
};

}  // namespace linnet::tasks
