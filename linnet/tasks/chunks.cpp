#include "linnet/tasks/chunks.h"

#include <algorithm>

#include "linnet/base/error.h"

namespace linnet::tasks {
namespace {

struct TokenRange {
  std::size_t begin, end;
};

// The first range is at the beginning of the text, or at its end (kLeft).
std::vector<TokenRange> ranges_of(std::size_t size, std::size_t room, std::size_t stride, Side side) {
  if (size <= room) return {{0, size}};
  std::vector<TokenRange> ranges;
  for (std::size_t done = 0;; done += room - stride) {
    const std::size_t end = std::min(done + room, size);
    ranges.push_back(side == Side::kRight ? TokenRange{done, end} : TokenRange{size - end, size - done});
    if (end == size) return ranges;
  }
}

Chunk framed(const ChunkOptions& options, const Frame& frame, TokenRange range) {
  Chunk chunk;
  const auto add = [&](std::int32_t id, std::int32_t type, std::ptrdiff_t token) {
    chunk.ids.push_back(id);
    chunk.type_ids.push_back(type);
    chunk.tokens.push_back(token);
  };
  for (const Frame::Piece& piece : frame.pieces) {
    if (piece.what == TemplatePiece::What::kToken) {
      add(piece.id, piece.type_id, -1);
    } else if ((piece.what == TemplatePiece::What::kFirst) == options.text_is_first) {
      for (std::size_t i = range.begin; i < range.end; ++i)
        add(options.text[i], piece.type_id, static_cast<std::ptrdiff_t>(i));
    } else {
      for (const std::int32_t id : options.other) add(id, piece.type_id, -1);
    }
  }
  return chunk;
}

}  // namespace

std::vector<Chunk> chunks_of(const ChunkOptions& options, const Frame& frame) {
  const auto special = std::ranges::count_if(
      frame.pieces, [](const Frame::Piece& piece) { return piece.what == TemplatePiece::What::kToken; });
  std::size_t room = options.text.size();
  const std::int64_t taken = special + std::ssize(options.other);
  if (options.max_length > 0 && std::ssize(options.text) + taken > options.max_length) {
    check(options.max_length > taken, "{} tokens of a chunk are taken by {}; give a larger limit than {}", taken,
          options.other.empty() ? "special tokens" : "special tokens and the other text", options.max_length);
    room = static_cast<std::size_t>(options.max_length - taken);
    check(options.stride < options.max_length - taken,
          "a chunk has room for {} tokens of the text, which is not more than the {} that it shares with the next one; "
          "give a smaller {}",
          room, options.stride, option("stride"));
  }
  std::vector<Chunk> chunks;
  for (const TokenRange range :
       ranges_of(options.text.size(), room, static_cast<std::size_t>(options.stride), options.side))
    chunks.push_back(framed(options, frame, range));
  return chunks;
}

CharacterOffsets::CharacterOffsets(std::string_view text) {
  before_.reserve(text.size() + 1);
  std::int64_t count = 0;
  for (const char c : text) {
    const bool continues = (static_cast<unsigned char>(c) & 0xC0) == 0x80;
    before_.push_back(continues ? count : count++);
  }
  before_.push_back(count);
}

}  // namespace linnet::tasks
