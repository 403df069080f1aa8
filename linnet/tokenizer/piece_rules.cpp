#include "linnet/tokenizer/piece_rules.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/tokenizer/model.h"

namespace linnet {
namespace {

const std::vector<std::string>& language_codes() {
  static const std::vector<std::string> codes{
      "ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN", "hi_IN", "it_IT",
      "ja_XX", "kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM", "ne_NP", "nl_XX", "ro_RO", "ru_RU", "si_LK",
      "tr_TR", "vi_VN", "zh_CN", "af_ZA", "az_AZ", "bn_IN", "fa_IR", "he_IL", "hr_HR", "id_ID", "ka_GE",
      "km_KH", "mk_MK", "ml_IN", "mn_MN", "mr_IN", "pl_PL", "ps_AF", "pt_XX", "sv_SE", "sw_KE", "ta_IN",
      "te_IN", "th_TH", "tl_XX", "uk_UA", "ur_PK", "xh_ZA", "gl_ES", "sl_SI"};
  return codes;
}
constexpr std::ptrdiff_t kFirstCodes = 25;  // those of the models before mBART-50

bool flag(const Json& config, const char* key, bool otherwise) {
  return config.contains(key) && config[key].is_boolean() ? config[key].get<bool>() : otherwise;
}

std::int64_t number(const Json& config, const char* key, std::int64_t otherwise) {
  constexpr std::int64_t kMost = 100'000;  // of extra tokens
  if (!config.contains(key) || !config[key].is_number_integer()) return otherwise;
  return std::clamp<std::int64_t>(config[key].get<std::int64_t>(), 0, kMost);
}

AddedToken with_flags(const std::string& content, const Json& flags) {
  return {.content = content,
          .single_word = flag(flags, "single_word", false),
          .lstrip = flag(flags, "lstrip", false),
          .rstrip = flag(flags, "rstrip", false),
          .normalized = flag(flags, "normalized", false),
          .special = true};
}

// A named special token: the configuration's (null: none), or `otherwise`.
AddedToken named_token(const Json& config, const std::string& key, AddedToken otherwise) {
  otherwise.special = true;
  if (config.contains(key)) {
    const Json& json = config[key];
    if (json.is_null()) return {};
    if (json.is_object() && json.contains("content") && json["content"].is_string())
      otherwise = with_flags(json["content"].get<std::string>(), json);
    if (json.is_string()) otherwise.content = json.get<std::string>();
  }
  if (config.contains("added_tokens_decoder") && config["added_tokens_decoder"].is_object())
    for (const Json& token : config["added_tokens_decoder"])
      if (token.is_object() && token.contains("content") && token["content"] == otherwise.content)
        return with_flags(otherwise.content, token);
  return otherwise;
}

// Tokens in the order in which Transformers adds missing ones.
void name_tokens(PieceRules& rules, const Json& config, std::vector<std::pair<std::string, AddedToken>> defaults) {
  for (auto& [key, token] : defaults)
    if (AddedToken named = named_token(config, key, std::move(token)); !named.content.empty())
      rules.named.emplace_back(key, std::move(named));
}

std::string text_of(const PieceRules& rules, std::string_view key) {
  const auto found = std::ranges::find(rules.named, key, [](const auto& entry) { return entry.first; });
  return found == rules.named.end() ? "" : found->second.content;
}

Json replace(const char* kind, std::string_view pattern, std::string_view content) {
  return {{"type", "Replace"}, {"pattern", {{kind, pattern}}}, {"content", content}};
}
const Json kCharsmapStep{{"type", "Precompiled"}};
Json single_spaces() { return replace("Regex", " {2,}", " "); }

Json metaspace_step(std::string_view prepend) {
  return {{"type", "Metaspace"}, {"replacement", kSpaceMark}, {"prepend_scheme", prepend}, {"split", true}};
}
Json words_step(std::string_view prepend) {
  return {{"type", "Sequence"}, {"pretokenizers", {Json{{"type", "WhitespaceSplit"}}, metaspace_step(prepend)}}};
}

// The rules that the models from fairseq share.
PieceRules fairseq_rules(const Json& config, bool mask_takes_spaces) {
  PieceRules rules;
  name_tokens(rules, config,
              {{"bos_token", {.content = "<s>"}},
               {"eos_token", {.content = "</s>"}},
               {"unk_token", {.content = "<unk>"}},
               {"sep_token", {.content = "</s>"}},
               {"pad_token", {.content = "<pad>"}},
               {"cls_token", {.content = "<s>"}},
               {"mask_token", {.content = "<mask>", .lstrip = mask_takes_spaces}}});
  rules.first = {{text_of(rules, "bos_token"), 0},
                 {text_of(rules, "pad_token"), 0},
                 {text_of(rules, "eos_token"), 0},
                 {text_of(rules, "unk_token"), 0}};
  rules.skipped = 3;
  rules.last = {text_of(rules, "mask_token")};
  rules.unk = 3;
  rules.normalizers = {kCharsmapStep};
  rules.pretokenizer = words_step(rules.prepend);
  rules.single = {"cls_token", "$A", "sep_token"};
  rules.pair = {"cls_token", "$A", "sep_token", "sep_token", "$B", "sep_token"};
  return rules;
}

PieceRules xlm_roberta_class(const Json& config) { return fairseq_rules(config, false); }

PieceRules camembert_class(const Json& config) {
  PieceRules rules = fairseq_rules(config, true);
  rules.first = {{"<s>NOTUSED", 0},
                 {text_of(rules, "pad_token"), 0},
                 {"</s>NOTUSED", 0},
                 {text_of(rules, "unk_token"), 0},
                 {"<unk>NOTUSED", -100}};
  rules.skipped = 1;
  return rules;
}

// The frames of languages are apply_languages'.
PieceRules with_codes(PieceRules rules, std::vector<std::string> codes) {
  rules.adds_control = false;
  rules.more = codes;
  codes.insert(codes.end(), rules.last.begin(), rules.last.end());
  rules.last = std::move(codes);
  rules.single = {"$A", "eos_token"};
  rules.pair = {"$A", "$B", "eos_token"};
  return rules;
}

PieceRules mbart_class(const Json& config) {
  PieceRules rules = with_codes(fairseq_rules(config, true), languages_of("MBartTokenizer")->codes);
  rules.normalizers = Json::array();
  return rules;
}

PieceRules mbart50_class(const Json& config) {
  PieceRules rules = with_codes(fairseq_rules(config, true), languages_of("MBart50Tokenizer")->codes);
  std::erase_if(rules.named, [](const auto& entry) { return entry.first == "bos_token"; });
  rules.normalizers = {kCharsmapStep, single_spaces()};
  rules.pretokenizer = metaspace_step(rules.prepend);
  return rules;
}

PieceRules t5_class(const Json& config) {
  PieceRules rules;
  name_tokens(
      rules, config,
      {{"eos_token", {.content = "</s>"}}, {"unk_token", {.content = "<unk>"}}, {"pad_token", {.content = "<pad>"}}});
  for (std::int64_t i = number(config, "extra_ids", 100) - 1; i >= 0; --i)
    rules.last.push_back(fmt::format("<extra_id_{}>", i));
  rules.more = rules.last;
  rules.unk = 2;
  rules.normalizers = {kCharsmapStep};
  rules.pretokenizer = words_step(rules.prepend);
  rules.single = {"$A", "eos_token"};
  rules.pair = {"$A", "eos_token", "$B", "eos_token"};
  return rules;
}

PieceRules pegasus_class(const Json& config) {
  PieceRules rules;
  name_tokens(rules, config,
              {{"eos_token", {.content = "</s>"}},
               {"unk_token", {.content = "<unk>"}},
               {"pad_token", {.content = "<pad>"}},
               {"mask_token", {.content = "<mask_2>"}},
               {"mask_token_sent", {.content = "<mask_1>"}}});
  for (const char* key : {"pad_token", "eos_token", "mask_token_sent", "mask_token"})
    if (const std::string text = text_of(rules, key); !text.empty()) rules.first.emplace_back(text, 0);
  for (std::int64_t i = 2; i < number(config, "offset", 103); ++i) {
    rules.first.emplace_back(fmt::format("<unk_{}>", i), -100);
    rules.more.push_back(rules.first.back().first);
  }
  rules.skipped = 2;
  rules.unk = kUnkByName;
  Json lines = replace("String", "\n", " ");
  lines["without_charsmap"] = true;
  rules.normalizers = {kCharsmapStep, lines, single_spaces()};
  rules.pretokenizer = metaspace_step(rules.prepend);
  rules.adds_control = false;
  rules.single = {"$A", "eos_token"};
  rules.pair = {"$A", "$B", "eos_token"};
  return rules;
}

// [CLS] A [SEP] B [SEP] with types.
void frame_as_bert(PieceRules& rules) {
  rules.single = {"cls_token", "$A", "sep_token"};
  rules.pair = {"cls_token", "$A", "sep_token", "$B:1", "sep_token:1"};
}

std::vector<std::pair<std::string, AddedToken>> bracketed(const char* unk, const char* pad) {
  return {{"bos_token", {.content = "[CLS]"}},  {"eos_token", {.content = "[SEP]"}},
          {"unk_token", {.content = unk}},      {"sep_token", {.content = "[SEP]"}},
          {"pad_token", {.content = pad}},      {"cls_token", {.content = "[CLS]"}},
          {"mask_token", {.content = "[MASK]"}}};
}

PieceRules albert_class(const Json& config) {
  PieceRules rules;
  name_tokens(rules, config, bracketed("<unk>", "<pad>"));
  rules.unk = 1;
  rules.normalizers = {replace("String", "``", "\""), replace("String", "''", "\"")};
  if (!flag(config, "keep_accents", false)) {
    rules.normalizers.push_back({{"type", "NFKD"}});
    rules.normalizers.push_back({{"type", "StripAccents"}});
  }
  if (flag(config, "do_lower_case", true)) rules.normalizers.push_back({{"type", "Lowercase"}});
  rules.normalizers.push_back(kCharsmapStep);
  rules.prepend = flag(config, "add_prefix_space", true) ? "always" : "never";
  rules.pretokenizer = words_step(rules.prepend);
  frame_as_bert(rules);
  return rules;
}

PieceRules deberta_class(const Json& config) {
  PieceRules rules;
  name_tokens(rules, config, bracketed("[UNK]", "[PAD]"));
  rules.unk = kUnkByName;
  if (flag(config, "do_lower_case", false)) rules.normalizers.push_back({{"type", "Lowercase"}});
  rules.normalizers.push_back(replace("Regex", R"(\s{2,}|[\n\r\t])", " "));
  rules.normalizers.push_back({{"type", "NFC"}});
  rules.normalizers.push_back({{"type", "Strip"}, {"strip_left", false}, {"strip_right", true}});
  rules.prepend = flag(config, "add_prefix_space", true) ? "always" : "first";
  Json steps = Json::array();
  if (flag(config, "split_by_punct", false)) steps.push_back({{"type", "Punctuation"}, {"behavior", "Isolated"}});
  steps.push_back(metaspace_step(rules.prepend));
  rules.pretokenizer = {{"type", "Sequence"}, {"pretokenizers", steps}};
  frame_as_bert(rules);
  return rules;
}

// The rules of BPE with bytes. The classes add a start token if add_bos_token is not given, says their documentation
// and did Transformers 4; Transformers 5.23 adds none.
PieceRules merges_rules(const Json& config, std::vector<std::pair<std::string, AddedToken>> named) {
  PieceRules rules;
  rules.model = PieceModel::kMerges;
  name_tokens(rules, config, std::move(named));
  rules.unk = kUnkByName;
  rules.single = {"$A"};
  rules.pair = {"$B:1"};
  const auto put = [&](const char* key, bool before) {
    if (text_of(rules, key).empty()) return;
    rules.single.insert(before ? rules.single.begin() : rules.single.end(), key);
    rules.pair.insert(before ? rules.pair.begin() : rules.pair.end(), fmt::format("{}:1", key));
  };
  if (flag(config, "add_bos_token", true)) put("bos_token", true);
  if (flag(config, "add_eos_token", false)) put("eos_token", false);
  rules.pair.insert(rules.pair.begin(), rules.single.begin(), rules.single.end());
  return rules;
}

Json decoders_of_bytes(bool drops_prefix) {
  Json steps = Json::array({replace("String", kSpaceMark, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}});
  if (drops_prefix) steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  return {{"type", "Sequence"}, {"decoders", steps}};
}

PieceRules llama_class(const Json& config) {
  PieceRules rules = merges_rules(config, {{"bos_token", {.content = "<s>"}},
                                           {"eos_token", {.content = "</s>"}},
                                           {"unk_token", {.content = "<unk>"}},
                                           {"pad_token", {}}});
  const bool prefixed = flag(config, "add_prefix_space", true);
  rules.prepend = !prefixed ? "never" : flag(config, "legacy", false) ? "always" : "first";
  rules.pretokenizer = metaspace_step(rules.prepend);
  rules.pretokenizer["split"] = false;
  rules.decoder = decoders_of_bytes(prefixed);
  return rules;
}

PieceRules gemma_class(const Json& config) {
  PieceRules rules = merges_rules(config, {{"bos_token", {.content = "<bos>"}},
                                           {"eos_token", {.content = "<eos>"}},
                                           {"unk_token", {.content = "<unk>"}},
                                           {"pad_token", {.content = "<pad>"}},
                                           {"mask_token", {.content = "<mask>"}}});
  rules.normalizers = {replace("String", " ", kSpaceMark)};
  rules.decoder = decoders_of_bytes(false);
  return rules;
}

// A class, the values of model_type in config.json that mean it, and its rules.
struct RuledClass {
  std::string_view name;
  std::vector<std::string_view> model_types;
  PieceRules (*rules)(const Json& config);
};
const std::vector<RuledClass>& classes() {
  static const std::vector<RuledClass> all{{"XLMRobertaTokenizer", {"xlm-roberta"}, xlm_roberta_class},
                                           {"CamembertTokenizer", {"camembert"}, camembert_class},
                                           {"MBartTokenizer", {"mbart"}, mbart_class},
                                           {"MBart50Tokenizer", {"mbart50"}, mbart50_class},
                                           {"T5Tokenizer", {"t5", "mt5", "umt5"}, t5_class},
                                           {"MT5Tokenizer", {}, t5_class},
                                           {"PegasusTokenizer", {"pegasus", "bigbird_pegasus"}, pegasus_class},
                                           {"AlbertTokenizer", {"albert"}, albert_class},
                                           {"DebertaV2Tokenizer", {"deberta-v2"}, deberta_class},
                                           {"LlamaTokenizer", {"llama", "mistral", "phi3"}, llama_class},
                                           {"GemmaTokenizer", {"gemma", "gemma2", "gemma3_text"}, gemma_class}};
  return all;
}

}  // namespace

std::string tokenizer_class_of(const Json& config, const Json& model) {
  const auto text = [](const Json& json, const char* key) {
    return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : "";
  };
  std::string name = text(config, "tokenizer_class");
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  if (!name.empty()) return name;
  const std::string type = text(model, "model_type");
  for (const RuledClass& known : classes())
    if (std::ranges::count(known.model_types, type) > 0) return std::string(known.name);
  return "";
}

std::optional<PieceRules> piece_rules(std::string_view tokenizer_class, const Json& config) {
  for (const RuledClass& known : classes())
    if (known.name == tokenizer_class) return known.rules(config);
  return std::nullopt;
}

std::string ruled_classes() {
  std::string names;
  for (const RuledClass& known : classes()) names += fmt::format("{}{}", names.empty() ? "" : ", ", known.name);
  return names;
}

std::optional<Languages> languages_of(std::string_view tokenizer_class) {
  const std::vector<std::string>& codes = language_codes();
  if (tokenizer_class == "MBartTokenizer")
    return Languages{Languages::Place::kAfter, {codes.begin(), codes.begin() + kFirstCodes}, {}, {}};
  if (tokenizer_class == "MBart50Tokenizer") return Languages{Languages::Place::kBefore, codes, {}, {}};
  return std::nullopt;
}

}  // namespace linnet
