// Text to token ids and back, with the same ids as Hugging Face's `tokenizers` (or llama.cpp, for a GGUF).
//
//   Tokenizer tokenizer = Tokenizer::from_pretrained("models/bert");
//   Encoding e = tokenizer.encode("Hello world");          // ids, tokens, byte offsets
//   std::string text = tokenizer.decode(e.ids);            // "hello world"
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/tokenizer/encoding.h"
#include "linnet/tokenizer/gguf/vocabulary.h"

namespace linnet {

struct TokenizerData;  // linnet/tokenizer/tokenizer_data.h

// What becomes of the blanks before " ." " ," " n't" … in decoded text.
enum class DecodedSpaces : std::uint8_t {
  kAsConfigured,  // they go where tokenizer_config.json says clean_up_tokenization_spaces, as in Transformers
  kAsTheyAre      // what tokenizer.json alone says, as in the `tokenizers` library
};

// normalize -> split -> model -> template, and back. Immutable: one instance serves all threads, and copies share it.
class Tokenizer {
 public:
  // tokenizer.json; failing that tokenizer.model or spiece.model, vocab.json + merges.txt, vocab.txt; with
  // tokenizer_config.json beside it. A broken or missing file: kBadInput naming file and fact.
  static Tokenizer from_pretrained(const std::filesystem::path& folder);
  // One file alone: a tokenizer.json, a SentencePiece .model or a vocab.txt.
  static Tokenizer from_file(const std::filesystem::path& file);
  // The text of a tokenizer.json. `place` is the file's name for messages, here and below.
  static Tokenizer from_json(std::string_view text, std::string_view place);
  static Tokenizer from_gguf(const GgufVocabulary& vocabulary, std::string_view place);

  // Text that is not UTF-8 is read with U+FFFD in place of each broken sequence; offsets then count those.
  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const;
  Encoding encode(std::string_view first, std::string_view second, const EncodeOptions& options = {}) const;
  // The ids alone: the fast path.
  std::vector<std::int32_t> encode_ids(std::string_view text, const EncodeOptions& options = {}) const;

  // An id that no token has is left out, as in Transformers.
  std::string decode(std::span<const std::int32_t> ids, bool skip_special_tokens = true,
                     DecodedSpaces spaces = DecodedSpaces::kAsConfigured) const;

  std::int64_t vocab_size() const;  // one more than the highest id, added tokens included
  std::optional<std::int32_t> token_to_id(std::string_view token) const;
  std::string id_to_token(std::int32_t id) const;  // "" for an id that no token has
  bool is_special(std::int32_t id) const;          // what skip_special_tokens leaves out

  std::optional<std::int32_t> bos_id() const;
  std::optional<std::int32_t> eos_id() const;
  std::optional<std::int32_t> eot_id() const;  // end of a turn, where a GGUF names one
  std::optional<std::int32_t> pad_id() const;
  std::optional<std::int32_t> unk_id() const;
  std::optional<std::int32_t> cls_id() const;
  std::optional<std::int32_t> sep_id() const;
  std::optional<std::int32_t> mask_id() const;

  std::optional<std::int64_t> model_max_length() const;  // absent where the configuration has none, or the 1e30 mark
  Side padding_side() const;
  Side truncation_side() const;
  bool clean_up_tokenization_spaces() const;  // decode then joins " ." " ," " n't" … as Transformers

  // The chat template's text, unrendered; with a list of named ones, the one asked for ("default" when `name` is "").
  std::optional<std::string> chat_template(std::string_view name = "") const;
  // Where it came from, for messages ("…/chat_template.jinja").
  std::string chat_template_place() const;

  const TokenizerData& data() const { return *data_; }

 private:
  explicit Tokenizer(std::shared_ptr<const TokenizerData> data) : data_(std::move(data)) {}
  std::shared_ptr<const TokenizerData> data_;
};

// Decodes token by token: `push` gives the text that has become certain, never half a character.
//   for (id : ids) out << stream.push(id);
//   out << stream.finish();            // together: tokenizer.decode(ids), but for bytes that never became characters
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special_tokens = true)
      : tokenizer_(tokenizer), skip_special_tokens_(skip_special_tokens) {}
  std::string push(std::int32_t id);
  std::string finish();

 private:
  Tokenizer tokenizer_;
  bool skip_special_tokens_;
  std::vector<std::int32_t> all_;     // every id
  std::vector<std::int32_t> window_;  // the latest ones
  std::string shown_;                 // the part of the window's text that is out
  std::string emitted_;               // everything that is out
  std::size_t next_look_ = 0;         // a window shorter than this is not read yet
};

}  // namespace linnet
