// Converts text to token ids and back, with the ids of Hugging Face's `tokenizers` (for a GGUF: of llama.cpp).
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
#include "linnet/tokenizer/frame.h"
#include "linnet/tokenizer/gguf/vocabulary.h"

namespace linnet {

struct TokenizerData;  // linnet/tokenizer/tokenizer_data.h

// What happens to spaces before " ." " ," " n't" … in decoded text.
enum class DecodedSpaces : std::uint8_t {
  kAsConfigured,  // removed if tokenizer_config.json has clean_up_tokenization_spaces, as in Transformers
  kAsTheyAre      // unchanged: only tokenizer.json, as in the `tokenizers` library
};

// normalize -> split -> model -> template, and back. Immutable: all threads may use one instance, and copies share it.
class Tokenizer {
 public:
  // The first of the files of tokenizer_files.h, with tokenizer_config.json next to it. A broken or missing file is
  // kBadInput naming it.
  static Tokenizer from_pretrained(const std::filesystem::path& folder);
  // Reads a single file: a tokenizer.json, a SentencePiece .model or a vocab.txt.
  static Tokenizer from_file(const std::filesystem::path& file);
  // The text of a tokenizer.json. `place` is the file's name for messages, here and below.
  static Tokenizer from_json(std::string_view text, std::string_view place);
  static Tokenizer from_gguf(const GgufVocabulary& vocabulary, std::string_view place);

  // Each invalid UTF-8 sequence becomes U+FFFD; offsets then count those.
  Encoding encode(std::string_view text, const EncodeOptions& options = {}) const;
  Encoding encode(std::string_view first, std::string_view second, const EncodeOptions& options = {}) const;
  // Returns only the ids, which is faster.
  std::vector<std::int32_t> encode_ids(std::string_view text, const EncodeOptions& options = {}) const;

  // The special tokens that encode adds around one text or a pair.
  Frame frame(Texts texts = Texts::kOne) const;

  // The tokenizer of texts that the model writes (`text_target` in Transformers): labels, and texts to score. Different
  // if they have other pieces or another language; otherwise this one.
  Tokenizer target() const;
  // The codes of the languages that encode can mark ("en_XX", ">>fra<<"), in the order of their ids; often none.
  std::vector<std::string> languages() const;
  // A tokenizer that marks texts as `source`, and those of target() as `target`. A language is a code or its beginning
  // if that is one code's ("fr" for "fr_XX", "fra" for ">>fra<<"); "" leaves the configured one. A language without a
  // code is kInvalidArgument, except those that the configuration names. Models with codes like ">>fra<<" mark only
  // the target language, at the beginning of the source text; their `source` is ignored.
  Tokenizer with_languages(std::string_view source, std::string_view target) const;
  // The token that a translation into the target language begins with (forced_bos_token_id); unset if the language is
  // unknown, or the source text has its code.
  std::optional<std::int32_t> target_language_id() const;

  // Skips ids without a token, as in Transformers.
  std::string decode(std::span<const std::int32_t> ids, bool skip_special_tokens = true,
                     DecodedSpaces spaces = DecodedSpaces::kAsConfigured) const;

  std::int64_t vocab_size() const;  // highest id + 1, with added tokens
  std::optional<std::int32_t> token_to_id(std::string_view token) const;
  std::string id_to_token(std::int32_t id) const;  // "" for an id without a token
  bool is_special(std::int32_t id) const;          // true if skip_special_tokens skips it

  std::optional<std::int32_t> bos_id() const;
  std::optional<std::int32_t> eos_id() const;
  std::optional<std::int32_t> eot_id() const;  // end of a turn, if a GGUF specifies it
  std::optional<std::int32_t> pad_id() const;
  std::optional<std::int32_t> unk_id() const;
  std::optional<std::int32_t> cls_id() const;
  std::optional<std::int32_t> sep_id() const;
  std::optional<std::int32_t> mask_id() const;

  std::optional<std::int64_t> model_max_length() const;  // unset if the configuration has none, or the 1e30 placeholder
  Side padding_side() const;
  Side truncation_side() const;
  bool clean_up_tokenization_spaces() const;  // then decode joins " ." " ," " n't" … like Transformers

  // The source of the chat template; of several named ones that with `name` ("default" if "").
  std::optional<std::string> chat_template(std::string_view name = "") const;
  // Its file, for messages ("…/chat_template.jinja").
  std::string chat_template_place() const;

  explicit Tokenizer(std::shared_ptr<const TokenizerData> data) : data_(std::move(data)) {}
  const TokenizerData& data() const { return *data_; }

 private:
  std::shared_ptr<const TokenizerData> data_;
};

// Decodes token by token: `push` returns text that is certain, never half a character.
//   for (id : ids) out << stream.push(id);
//   out << stream.finish();            // together: tokenizer.decode(ids), except bytes that never form characters
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
  std::vector<std::int32_t> window_;  // the last ones
  std::string shown_;                 // returned part of the window's text
  std::string emitted_;               // all returned text
  std::size_t next_look_ = 0;         // a shorter window is not decoded yet
};

}  // namespace linnet
