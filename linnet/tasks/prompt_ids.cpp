#include "linnet/tasks/prompt_ids.h"

#include <algorithm>
#include <string>

#include "linnet/base/error.h"

namespace linnet::tasks {
namespace {

EncodeOptions plain() {
  EncodeOptions options;
  options.add_special_tokens = false;
  options.want_tokens = options.want_offsets = false;
  return options;
}

std::vector<std::int32_t> opening_ids(const Tokenizer& tokenizer, Opening opening) {
  return opening == Opening::kWritten ? std::vector<std::int32_t>{} : tokenizer.frame().before();
}

}  // namespace

std::int64_t length_limit(const models::Model& model, const Tokenizer& tokenizer, std::int64_t asked) {
  const std::int64_t limit = asked > 0 ? asked : tokenizer.model_max_length().value_or(0), context = model.context();
  return context > 0 && (limit == 0 || limit > context) ? context : limit;
}

std::vector<std::int32_t> prompt_ids(const Tokenizer& tokenizer, std::string_view prompt, Opening opening) {
  std::vector<std::int32_t> ids = opening_ids(tokenizer, opening);
  const auto text = tokenizer.encode_ids(prompt, plain());
  ids.insert(ids.end(), text.begin(), text.end());
  return ids;
}

std::vector<std::int32_t> input_ids(const models::Model& model, const Tokenizer& tokenizer, std::string_view text) {
  return model.config().stack == nn::Stack::kEncoderDecoder ? tokenizer.encode_ids(text) : prompt_ids(tokenizer, text);
}

SplitIds split_ids(const Tokenizer& tokenizer, std::string_view prompt, std::string_view continuation,
                   Opening opening) {
  const auto last = prompt.find_last_not_of(" \t\n\r\f\v");
  const std::size_t kept = last == prompt.npos ? 0 : last + 1;
  const std::string whole = std::string(prompt) + std::string(continuation);
  const auto front = tokenizer.encode_ids(prompt.substr(0, kept), plain());
  const auto all = tokenizer.encode_ids(whole, plain());
  SplitIds split;
  split.prompt = opening_ids(tokenizer, opening);
  split.prompt.insert(split.prompt.end(), front.begin(), front.end());
  const std::size_t cut = std::min(front.size(), all.size());
  split.boundary_moved = !std::equal(front.begin(), front.begin() + static_cast<std::ptrdiff_t>(cut), all.begin());
  split.continuation.assign(all.begin() + static_cast<std::ptrdiff_t>(cut), all.end());
  // Merged completely into the prompt's last tokens: encodes the continuation alone, after the unchanged prompt.
  if (split.continuation.empty()) split.continuation = tokenizer.encode_ids(whole.substr(kept), plain());
  check(!split.continuation.empty(), "the continuation '{}' has no tokens; give it a text",
        printable(continuation, 60));
  return split;
}

std::vector<std::int32_t> word_ids(const Tokenizer& tokenizer, std::string_view word) {
  if (const auto entry = tokenizer.token_to_id(word)) return {*entry};
  std::vector<std::int32_t> ids = tokenizer.encode_ids(word, {.add_special_tokens = false});
  // " Paris" of a tokenizer that lower-cases: its tokens are those of another word.
  std::string_view bare = word;
  while (bare.starts_with(' ')) bare.remove_prefix(1);
  if (bare.size() == word.size()) return ids;
  std::string text = tokenizer.decode(ids, false, DecodedSpaces::kAsTheyAre);
  constexpr std::string_view kBlankMark = "▁";  // SentencePiece's space, if there is no decoder
  while (text.starts_with(' ') || text.starts_with(kBlankMark)) text.erase(0, text[0] == ' ' ? 1 : kBlankMark.size());
  const auto entry = text == bare ? std::nullopt : tokenizer.token_to_id(bare);
  return entry ? std::vector<std::int32_t>{*entry} : ids;
}

}  // namespace linnet::tasks
