// SentencePiece files of models from fairseq, as Transformers converts them: other ids, and spaces split the text
// first.
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

ScoredPieces reordered(const ScoredPieces& file, const PieceOrder& order, std::string_view place) {
  check(file.texts.size() > order.skipped, ErrorKind::kBadInput,
        "{}: has {} pieces, the first {} are not used; the file "
        "is of another model",
        place, file.texts.size(), order.skipped);
  ScoredPieces pieces;
  for (const auto& [text, score] : order.first) {
    if (text == "<unk>") pieces.unk = static_cast<std::int32_t>(pieces.texts.size());
    pieces.texts.push_back(text);
    pieces.scores.push_back(score);
  }
  for (std::size_t i = order.skipped; i < file.texts.size(); ++i) {
    pieces.texts.push_back(file.texts[i]);
    pieces.scores.push_back(file.scores[i]);
  }
  pieces.texts.emplace_back("<mask>");
  pieces.scores.push_back(0);
  return pieces;
}

}  // namespace

TokenizerDataPtr read_reordered_pieces(const std::filesystem::path& file, const PieceOrder& order) {
  auto data = std::make_shared<TokenizerData>();
  data->place = file.string();
  const PieceVocabulary vocabulary = parse_pieces(read_file(file, kLargestTokenizerFile), data->place);
  check(vocabulary.kind == PieceVocabulary::Kind::kUnigram, ErrorKind::kBadInput,
        "{}: its pieces are of the kind BPE, the model needs unigram; the file is of another model", data->place);
  if (!vocabulary.normalizer.charsmap.empty())
    data->normalizer = precompiled_normalizer(vocabulary.normalizer.charsmap, data->place);
  const Json metaspace{
      {"type", "Metaspace"}, {"replacement", kSpaceMark}, {"prepend_scheme", "always"}, {"split", true}};
  data->pretokenizer =
      make_pretokenizer(Json{{"type", "Sequence"}, {"pretokenizers", {Json{{"type", "WhitespaceSplit"}}, metaspace}}},
                        data->place, ByteSpelling::kCharacters);
  data->decoder = make_decoder(metaspace, data->place);
  data->model = make_unigram(reordered(vocabulary.pieces, order, data->place), data->place);
  const ScoredPieces& pieces = vocabulary.pieces;
  for (std::size_t i = order.skipped; i < pieces.texts.size(); ++i)
    if (pieces.kinds[i] == PieceKind::kUserDefined)
      data->add_token({.content = pieces.texts[i]}, data->model->vocabulary().find(pieces.texts[i]));
  const auto add = [&](const char* content, bool lstrip = false) -> std::optional<std::int32_t> {
    const std::int32_t id = data->model->vocabulary().find(content);
    if (id < 0) return std::nullopt;
    data->add_token({.content = content, .lstrip = lstrip, .special = true}, id);
    return id;
  };
  data->ids.bos = data->ids.cls = add("<s>");
  data->ids.eos = data->ids.sep = add("</s>");
  data->ids.pad = add("<pad>");
  data->ids.unk = add("<unk>");
  data->ids.mask = add("<mask>", order.mask_takes_spaces);
  check(data->ids.bos && data->ids.eos, ErrorKind::kBadInput,
        "{}: has no pieces <s> and </s>; the file is of another model", data->place);
  const TemplatePiece begin{TemplatePiece::What::kToken, 0, {*data->ids.bos}, {"<s>"}},
      end{TemplatePiece::What::kToken, 0, {*data->ids.eos}, {"</s>"}}, second{TemplatePiece::What::kSecond, 0, {}, {}};
  data->postprocessor = template_processor({begin, {}, end}, {begin, {}, end, end, second, end});
  return data;
}

}  // namespace linnet
