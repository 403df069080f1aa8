// SentencePiece files as the tokenizer classes of Transformers read them: other ids, and steps of `tokenizers`.
#include <algorithm>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/tokenizer/piece_rules.h"
#include "linnet/tokenizer/piece_splits.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

class Steps : public Normalizer {
 public:
  explicit Steps(std::vector<NormalizerPtr> steps) : steps_(std::move(steps)) {}
  void normalize(AlignedText& text) const override {
    for (const NormalizerPtr& step : steps_) step->normalize(text);
  }

 private:
  std::vector<NormalizerPtr> steps_;
};

ScoredPieces reordered(const ScoredPieces& file, const PieceRules& rules, std::string_view place) {
  check(file.texts.size() > rules.skipped, ErrorKind::kBadInput,
        "{}: has {} pieces, the first {} are not used; the file "
        "is of another model",
        place, file.texts.size(), rules.skipped);
  ScoredPieces pieces;
  for (const auto& [text, score] : rules.first) {
    pieces.texts.push_back(text);
    pieces.scores.push_back(score);
  }
  for (std::size_t i = rules.skipped; i < file.texts.size(); ++i) {
    pieces.texts.push_back(file.texts[i]);
    pieces.scores.push_back(file.scores[i]);
  }
  for (const std::string& text : rules.last) {
    pieces.texts.push_back(text);
    pieces.scores.push_back(0);
  }
  return pieces;
}

const AddedToken* named(const PieceRules& rules, std::string_view key) {
  for (const auto& [name, token] : rules.named)
    if (name == key) return &token;
  return nullptr;
}

// The id of unknown text: as the class says, or that of unk_token, or of the file's unknown piece.
std::int32_t unknown_id(const ScoredPieces& pieces, const PieceVocabulary& file, const PieceRules& rules,
                        std::string_view place) {
  if (rules.unk != kUnkByName) return static_cast<std::int32_t>(rules.unk);
  const AddedToken* token = named(rules, "unk_token");
  for (std::size_t i = 0; token != nullptr && i < pieces.texts.size(); ++i)
    if (pieces.texts[i] == token->content) return static_cast<std::int32_t>(i);
  for (std::size_t i = rules.skipped; i < file.pieces.kinds.size(); ++i)
    if (file.pieces.kinds[i] == PieceKind::kUnknown)
      return static_cast<std::int32_t>(i - rules.skipped + rules.first.size());
  fail(ErrorKind::kBadInput, "{}: no piece stands for unknown text; the file is of another model", place);
}

void add_special_tokens(TokenizerData& data, const ScoredPieces& file, const PieceRules& rules) {
  std::int32_t next = data.model->vocabulary().max_id() + 1;
  const auto add = [&](const AddedToken& token) {
    if (data.added.find(token.content) >= 0) return;
    const std::int32_t known = data.model->vocabulary().find(token.content);
    data.add_token(token, known >= 0 ? known : next++);
  };
  for (const auto& [key, token] : rules.named) add(token);
  if (rules.adds_control)
    for (std::size_t i = 0; i < file.texts.size(); ++i)
      if (file.kinds[i] == PieceKind::kControl || file.kinds[i] == PieceKind::kUserDefined)
        add({.content = file.texts[i], .special = file.kinds[i] == PieceKind::kControl});
  for (const std::string& text : rules.more) add({.content = text, .special = true});
  const std::pair<const char*, std::optional<std::int32_t>*> ids[] = {
      {"bos_token", &data.ids.bos},  {"eos_token", &data.ids.eos}, {"pad_token", &data.ids.pad},
      {"unk_token", &data.ids.unk},  {"cls_token", &data.ids.cls}, {"sep_token", &data.ids.sep},
      {"mask_token", &data.ids.mask}};
  for (const auto& [key, id] : ids)
    if (const AddedToken* token = named(rules, key)) *id = data.find(token->content);
}

std::vector<TemplatePiece> frame_pieces_of(const TokenizerData& data, const PieceRules& rules,
                                           const std::vector<std::string>& items) {
  std::vector<TemplatePiece> pieces;
  for (std::string item : items) {
    const std::int32_t type = item.ends_with(":1") ? 1 : 0;
    if (type == 1) item.resize(item.size() - 2);
    if (item == "$A" || item == "$B") {
      pieces.push_back({item == "$A" ? TemplatePiece::What::kFirst : TemplatePiece::What::kSecond, type, {}, {}});
      continue;
    }
    const AddedToken* token = named(rules, item);
    check(token != nullptr && data.find(token->content) >= 0, ErrorKind::kBadInput,
          "{}: has no {}, which is around every text; the file is of another model", data.place, item);
    pieces.push_back({TemplatePiece::What::kToken, type, {data.find(token->content)}, {token->content}});
  }
  return pieces;
}

NormalizerPtr steps_of(const PieceRules& rules, const std::string& charsmap, std::string_view place) {
  std::vector<NormalizerPtr> steps;
  for (const Json& step : rules.normalizers) {
    if (step.contains("without_charsmap") && !charsmap.empty()) continue;
    if (step["type"] != "Precompiled")
      steps.push_back(make_normalizer(step, place));
    else if (!charsmap.empty())
      steps.push_back(precompiled_normalizer(charsmap, place));
  }
  return steps.empty() ? nullptr : std::make_unique<Steps>(std::move(steps));
}

TokenModelPtr model_of(ScoredPieces pieces, PieceModel kind, std::string_view place) {
  if (kind == PieceModel::kUnigram) return make_unigram(std::move(pieces), place);
  std::vector<std::int32_t> ids(pieces.texts.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto text_of = [&](std::int32_t id) { return pieces.texts[static_cast<std::size_t>(id)]; };
  std::vector<std::pair<std::string, std::string>> merges;
  for (const PieceSplit& split : piece_splits(pieces.texts, ids, place))
    merges.emplace_back(text_of(split.left), text_of(split.right));
  BpeOptions options;
  options.unk_token = text_of(pieces.unk);
  options.fuse_unk = options.byte_fallback = true;
  return make_bpe(vocabulary_of(pieces), merges, options, place);
}

Json decoder_of(const PieceRules& rules) {
  if (!rules.decoder.is_null()) return rules.decoder;
  return {{"type", "Metaspace"}, {"replacement", kSpaceMark}, {"prepend_scheme", rules.prepend}, {"split", true}};
}

}  // namespace

bool rules_fit(const PieceVocabulary& vocabulary, const PieceRules& rules) {
  return (vocabulary.kind == PieceVocabulary::Kind::kBpe) == (rules.model == PieceModel::kMerges);
}

TokenizerDataPtr apply_rules(const PieceVocabulary& vocabulary, const PieceRules& rules, std::string_view place) {
  auto data = std::make_shared<TokenizerData>();
  data->place = place;
  data->normalizer = steps_of(rules, vocabulary.normalizer.charsmap, data->place);
  if (!rules.pretokenizer.is_null())
    data->pretokenizer = make_pretokenizer(rules.pretokenizer, data->place, ByteSpelling::kCharacters);
  data->decoder = make_decoder(decoder_of(rules), data->place);
  ScoredPieces pieces = reordered(vocabulary.pieces, rules, data->place);
  pieces.unk = unknown_id(pieces, vocabulary, rules, data->place);
  data->is_bpe = rules.model == PieceModel::kMerges;
  data->model = model_of(std::move(pieces), rules.model, data->place);
  add_special_tokens(*data, vocabulary.pieces, rules);
  data->postprocessor =
      template_processor(frame_pieces_of(*data, rules, rules.single), frame_pieces_of(*data, rules, rules.pair));
  return data;
}

}  // namespace linnet
