// What encoding a text gives, and how to ask for it.
//
//   EncodeOptions options;
//   options.special_text = SpecialText::kPlain;  // "</s>" typed by a user stays text
//   Encoding e = tokenizer.encode("The movie was great", options);
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace linnet {

// All vectors have one entry a token, in order (tokens and offsets only where they were asked for).
struct Encoding {
  std::vector<std::int32_t> ids;
  std::vector<std::string> tokens;  // the vocabulary's spelling: "Ġthe", "▁the", "##ing", "<0x0A>"
  std::vector<std::pair<std::int64_t, std::int64_t>>
      offsets;                                    // bytes [begin, end) of the text it stands for; {0, 0} for added ones
  std::vector<std::int32_t> type_ids;             // 0 first text, 1 second (as the post-processor says)
  std::vector<std::int32_t> attention_mask;       // 0 on padding
  std::vector<std::int32_t> special_tokens_mask;  // 1 on tokens the post-processor or padding put there

  std::size_t size() const { return ids.size(); }
};

enum class Side : std::uint8_t { kRight, kLeft };
enum class TruncationStrategy : std::uint8_t { kLongestFirst, kOnlyFirst, kOnlySecond };

struct Truncation {
  std::int64_t max_length = 512;  // tokens, special ones included
  TruncationStrategy strategy = TruncationStrategy::kLongestFirst;
  Side side = Side::kRight;  // where tokens are dropped
};

// What happens to the spelling of a special token ("</s>", "[MASK]", "<|im_start|>") inside the text.
enum class SpecialText : std::uint8_t {
  kParse,  // becomes the token's id, as Hugging Face's libraries do
  kPlain,  // is ordinary text: for anything that users typed
};

// The `truncation` and `padding` entries of tokenizer.json: Transformers ignores them unless asked, the
// `tokenizers` library follows them.
enum class FileLengths : std::uint8_t { kIgnore, kFollow };

// Letters of the text before the normalizer sees them; special tokens in it stay as they are written.
enum class LetterCase : std::uint8_t { kAsWritten, kLower };

struct EncodeOptions {
  bool add_special_tokens = true;  // what the post-processor adds: [CLS], <s>, </s> …
  SpecialText special_text = SpecialText::kParse;
  std::optional<Truncation> truncation = {};  // goes before what the file says
  FileLengths file_lengths = FileLengths::kIgnore;
  LetterCase letters = LetterCase::kAsWritten;
  bool want_tokens = true;   // fill Encoding::tokens
  bool want_offsets = true;  // fill Encoding::offsets
};

}  // namespace linnet
