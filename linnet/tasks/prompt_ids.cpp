#include "linnet/tasks/prompt_ids.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/generate/generator.h"

namespace linnet::tasks {
namespace {

EncodeOptions plain() {
  EncodeOptions options;
  options.add_special_tokens = false;
  options.want_tokens = options.want_offsets = false;
  return options;
}

// Without the white space at its end.
std::size_t kept_bytes(std::string_view prompt) {
  const auto last = prompt.find_last_not_of(" \t\n\r\f\v");
  return last == prompt.npos ? 0 : last + 1;
}

// The tokens with which every text of a decoder begins.
std::vector<std::int32_t> begin_of_decoder(const Loaded& loaded) {
  const GenerationConfig& checkpoint = loaded.generation();
  std::optional<std::int32_t> start;
  if (checkpoint.decoder_start_id) start = static_cast<std::int32_t>(*checkpoint.decoder_start_id);
  std::vector<std::int32_t> ids = generate::prompt_or_start(*loaded.model, {}, start);
  if (checkpoint.forced_bos_id) ids.push_back(static_cast<std::int32_t>(*checkpoint.forced_bos_id));
  return ids;
}

std::vector<std::int32_t> opening_ids(const Tokenizer& tokenizer, Opening opening) {
  return opening == Opening::kWritten ? std::vector<std::int32_t>{} : tokenizer.frame().before();
}

void check_tokens(const std::vector<std::int32_t>& ids, std::string_view continuation) {
  check(!ids.empty(), "the continuation '{}' has no tokens; give it a text", printable(continuation, 60));
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
  const std::size_t kept = kept_bytes(prompt);
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
  check_tokens(split.continuation, continuation);
  return split;
}

std::string text_after_opening(const Tokenizer& tokenizer, std::span<const std::int32_t> ids) {
  const std::vector<std::int32_t> opening = tokenizer.frame().before();
  if (std::ranges::equal(ids.first(std::min(ids.size(), opening.size())), opening)) ids = ids.subspan(opening.size());
  return tokenizer.decode(ids, false, DecodedSpaces::kAsTheyAre);
}

std::vector<std::int32_t> ids_after(const Tokenizer& tokenizer, std::string_view text, std::string_view continuation) {
  std::vector<std::int32_t> ids;
  for (const std::string_view before : {text, std::string_view("\n"), std::string_view()}) {
    const auto front = tokenizer.encode_ids(before, plain());
    ids = tokenizer.encode_ids(std::string(before) + std::string(continuation), plain());
    if (ids.size() <= front.size() || !std::equal(front.begin(), front.end(), ids.begin())) continue;
    ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(front.size()));
    break;
  }
  check_tokens(ids, continuation);
  return ids;
}

bool add_continuation(const Loaded& loaded, std::string_view prompt, std::string_view continuation, Opening opening,
                      generate::ScoreRequest& request) {
  if (loaded.model->config().stack != nn::Stack::kEncoderDecoder) {
    SplitIds split = split_ids(loaded.tokenizer(), prompt, continuation, opening);
    request.prompt = std::move(split.prompt);
    request.continuations.push_back(std::move(split.continuation));
    return split.boundary_moved;
  }
  const std::size_t kept = kept_bytes(prompt);
  request.encoder_ids = input_ids(*loaded.model, loaded.tokenizer(), prompt.substr(0, kept));
  generate::check_encoder_ids(*loaded.model, request.encoder_ids);
  request.prompt = begin_of_decoder(loaded);
  // The continuation is a whole text there: it does not begin with the blank between words.
  const auto first = continuation.find_first_not_of(' ');
  auto ids =
      loaded.tokenizer().target().encode_ids(continuation.substr(first == continuation.npos ? 0 : first), plain());
  check_tokens(ids, continuation);
  request.continuations.push_back(std::move(ids));
  return false;
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
