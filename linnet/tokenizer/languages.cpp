#include "linnet/tokenizer/languages.h"

#include <algorithm>
#include <array>

#include "linnet/base/error.h"
#include "linnet/tokenizer/piece_rules.h"
#include "linnet/tokenizer/tokenizer.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

constexpr const char* kDefaultSource = "en_XX";  // of the tokenizer classes

TemplatePiece token_of(const TokenizerData& data, const std::string& text) {
  return {TemplatePiece::What::kToken, 0, {data.find(text)}, {text}};
}

// The post-processor of texts in `code`; "" for none.
PostProcessorPtr language_frame(const TokenizerData& data, const std::string& code) {
  const TemplatePiece second{TemplatePiece::What::kSecond, 0, {}, {}};
  std::vector<TemplatePiece> single{{}}, pair{{}, second};
  const auto put = [&](const TemplatePiece& piece, bool before) {
    single.insert(before ? single.begin() : single.end(), piece);
    pair.insert(before ? pair.begin() : pair.end(), piece);
  };
  if (data.ids.eos) put(token_of(data, std::string(data.model->vocabulary().text(*data.ids.eos).value_or(""))), false);
  if (!code.empty()) put(token_of(data, code), data.languages->place != Languages::Place::kAfter);
  return template_processor(std::move(single), std::move(pair));
}

// The code that `name` means; "" if none does.
std::string code_of(const Languages& languages, std::string_view name) {
  std::string found;
  for (const std::string& code : languages.codes) {
    if (code == name || code == fmt::format(">>{}<<", name)) return code;
    if (!code.starts_with(fmt::format("{}_", name))) continue;
    if (!found.empty()) return "";  // several
    found = code;
  }
  return found;
}

std::string some(const std::vector<std::string>& codes) {
  constexpr std::size_t kShown = 60;
  std::string text;
  for (std::size_t i = 0; i < std::min(codes.size(), kShown); ++i) text += (i > 0 ? ", " : "") + codes[i];
  return codes.size() > kShown ? text + ", …" : text;
}

}  // namespace

void apply_languages(TokenizerData& data, std::string_view tokenizer_class, const Json& config,
                     std::string_view place) {
  const auto text = [&](const char* key) {
    return config.contains(key) && config[key].is_string() ? config[key].get<std::string>() : "";
  };
  std::optional<Languages> languages = languages_of(tokenizer_class);
  if (!languages || !data.ids.eos) return;
  std::erase_if(languages->codes, [&](const std::string& code) { return data.find(code) < 0; });
  if (languages->codes.empty()) return;
  const auto configured = [&](const char* key) {
    const std::string value = text(key);
    check(value.empty() || std::ranges::count(languages->codes, value) > 0, ErrorKind::kBadInput,
          "{}: {} '{}' is not a language code of the tokenizer; correct it, one of {}", place, key,
          printable(value, 60), some(languages->codes));
    return value;
  };
  languages->source = configured("src_lang");
  languages->target = configured("tgt_lang");
  if (languages->source.empty() && std::ranges::count(languages->codes, kDefaultSource) > 0)
    languages->source = kDefaultSource;
  for (const std::string& code : languages->codes)
    if (data.added.find(code) < 0) data.add_token({.content = code, .special = true}, data.find(code));
  data.languages = std::move(languages);
  data.postprocessor = language_frame(data, data.languages->source);
}

std::vector<std::string> Tokenizer::languages() const {
  return data_->languages ? data_->languages->codes : std::vector<std::string>{};
}

Tokenizer Tokenizer::with_languages(std::string_view source, std::string_view target) const {
  if (source.empty() && target.empty()) return *this;
  const Languages none;
  const Languages& known = data_->languages ? *data_->languages : none;
  const auto resolved = [&](std::string_view name, const std::string& configured) {
    if (name.empty() || name == configured) return configured;
    check(!known.codes.empty(), "{}: the tokenizer has no language codes, so '{}' cannot be chosen; leave it out",
          data_->place, printable(name, 60));
    std::string code = code_of(known, name);
    check(!code.empty(), "{}: the tokenizer has no language '{}', or several that begin so; give one of {}",
          data_->place, printable(name, 60), some(known.codes));
    return code;
  };
  const bool in_text = known.place == Languages::Place::kInText;
  Languages chosen = known;
  if (!in_text) chosen.source = resolved(source, known.source);
  chosen.target = resolved(target, known.target);
  if (known.codes.empty()) return *this;
  auto data = std::make_shared<TokenizerData>(*data_);
  data->languages = chosen;
  const std::string& marked = in_text ? chosen.target : chosen.source;
  data->postprocessor = language_frame(*data, data->find(marked) < 0 ? "" : marked);
  return Tokenizer(std::move(data));
}

Tokenizer Tokenizer::target() const {
  if (data_->target) return Tokenizer(data_->target);
  if (!data_->languages || data_->languages->place == Languages::Place::kInText) return *this;
  const Languages& languages = *data_->languages;
  auto data = std::make_shared<TokenizerData>(*data_);
  // Without a target language texts have the source's, as in Transformers.
  data->languages->source = languages.target.empty() ? languages.source : languages.target;
  data->postprocessor = language_frame(*data, data->languages->source);
  return Tokenizer(std::move(data));
}

std::optional<std::int32_t> Tokenizer::target_language_id() const {
  if (!data_->languages || data_->languages->place == Languages::Place::kInText || data_->languages->target.empty())
    return std::nullopt;
  return token_to_id(data_->languages->target);
}

}  // namespace linnet
