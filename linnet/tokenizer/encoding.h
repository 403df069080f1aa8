// The result of encoding a text, and its options.
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

// All vectors have one entry per token, in order (tokens and offsets only if requested).
struct Encoding {
  std::vector<std::int32_t> ids;
  std::vector<std::string> tokens;  // the vocabulary's text: "Ġthe", "▁the", "##ing", "<0x0A>"
  std::vector<std::pair<std::int64_t, std::int64_t>> offsets;  // bytes [begin, end) of the text; {0, 0} for added ones
  std::vector<std::int32_t> type_ids;                          // 0 first text, 1 second (set by the post-processor)
  std::vector<std::int32_t> attention_mask;                    // 0 on padding
  std::vector<std::int32_t> special_tokens_mask;               // 1 for tokens of the post-processor or padding
  std::vector<std::int32_t> words;  // with offsets: which piece of the pre-tokenizer; -1 where the mask above is 1

  std::size_t size() const { return ids.size(); }
};

enum class Side : std::uint8_t { kRight, kLeft };
enum class TruncationStrategy : std::uint8_t { kLongestFirst, kOnlyFirst, kOnlySecond };

struct Truncation {
  std::int64_t max_length = 512;  // tokens, with special ones
  TruncationStrategy strategy = TruncationStrategy::kLongestFirst;
  Side side = Side::kRight;  // side that loses tokens
};

// What happens to the spelling of a special token ("</s>", "[MASK]", "<|im_start|>") inside the text.
enum class SpecialText : std::uint8_t {
  kParse,  // becomes the token's id, as in Hugging Face's libraries
  kPlain,  // is ordinary text: for user input
};

// The `truncation` and `padding` entries of tokenizer.json: Transformers ignores them by default, the `tokenizers`
// library applies them.
enum class FileLengths : std::uint8_t { kIgnore, kFollow };

// Case of the text before the normalizer; special tokens in it do not change.
enum class LetterCase : std::uint8_t { kAsWritten, kLower };

struct EncodeOptions {
  bool add_special_tokens = true;  // added by the post-processor: [CLS], <s>, </s> …
  SpecialText special_text = SpecialText::kParse;
  std::optional<Truncation> truncation = {};  // takes precedence over the file's
  FileLengths file_lengths = FileLengths::kIgnore;
  LetterCase letters = LetterCase::kAsWritten;
  bool want_tokens = true;   // fill Encoding::tokens
  bool want_offsets = true;  // fill Encoding::offsets and words
};

}  // namespace linnet
