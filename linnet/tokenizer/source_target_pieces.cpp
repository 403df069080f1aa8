// Two SentencePiece files, of the source and the target language, whose pieces get their ids from one vocab.json.
#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/char_class.h"
#include "linnet/tokenizer/json_reader.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

constexpr const char *kEos = "</s>", *kUnknown = "<unk>", *kPad = "<pad>";
constexpr std::int64_t kLongestText = 512;  // the class's model_max_length

// Pieces of a SentencePiece file with the ids of another vocabulary.
class RenumberedPieces : public TokenModel {
 public:
  RenumberedPieces(std::shared_ptr<const TokenModel> pieces, std::int32_t unk_piece, Vocabulary vocabulary,
                   std::int32_t unk)
      : TokenModel(std::move(vocabulary)), pieces_(std::move(pieces)), unk_piece_(unk_piece), unk_(unk) {}

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override {
    const std::size_t before = out.size();
    pieces_->tokenize(piece, out);
    for (std::size_t i = before; i < out.size(); ++i) {
      ModelToken& token = out[i];
      // A text that is no piece of this file can still have an id: as a piece of the other file.
      const std::string_view text = token.id == unk_piece_ ? piece.substr(token.begin, token.end - token.begin)
                                                           : pieces_->vocabulary().text(token.id).value_or("");
      token.id = vocabulary_.find(text);
      token.literal = token.id < 0;
      if (token.literal) token.id = unk_;
    }
  }

 private:
  std::shared_ptr<const TokenModel> pieces_;
  std::int32_t unk_piece_, unk_;
};

bool is_python_space(std::uint32_t code) { return white_space().contains(code) || (code >= 0x1C && code <= 0x1F); }

// Without spaces at both ends.
std::string stripped(std::string_view text) {
  std::size_t begin = text.size(), end = text.size();
  bool leading = true;
  for (std::size_t at = 0; at < text.size();) {
    const utf8::Character c = utf8::decode(text.substr(at));
    if (!is_python_space(c.code)) {
      if (leading) begin = at;
      leading = false;
      end = at + c.length;
    }
    at += c.length;
  }
  return std::string(leading ? std::string_view() : text.substr(begin, end - begin));
}

// The source file's decoding of the pieces between special tokens.
class PiecesDecoder : public TokenDecoder {
 public:
  PiecesDecoder(std::shared_ptr<const TokenDecoder> pieces, std::vector<std::string> special,
                std::vector<std::string> silent)
      : pieces_(std::move(pieces)), special_(std::move(special)), silent_(std::move(silent)) {}

  void decode(std::vector<std::string>& tokens, TextBudget& budget) const override {
    std::string text;
    std::vector<std::string> run;
    const auto flush = [&] {
      if (run.empty()) return;
      pieces_->decode(run, budget);
      for (const std::string& part : run) text += part;
      run.clear();
    };
    for (std::string& token : tokens) {
      if (std::ranges::count(special_, token) > 0) {
        flush();
        text += token + " ";
      } else if (std::ranges::count(silent_, token) == 0) {
        run.push_back(std::move(token));
      }
    }
    flush();
    tokens = {stripped(text)};
  }

 private:
  std::shared_ptr<const TokenDecoder> pieces_;
  std::vector<std::string> special_, silent_;  // silent: control pieces have no text
};

void take_pieces(TokenizerData& data, const TokenizerData& file, const Vocabulary& vocabulary, std::int32_t unk) {
  data.normalizer = file.normalizer;
  data.model = std::make_shared<RenumberedPieces>(file.model, file.ids.unk.value_or(-1), vocabulary, unk);
}

void set_frame(TokenizerData& data) {
  const TemplatePiece end{TemplatePiece::What::kToken, 0, {*data.ids.eos}, {kEos}},
      second{TemplatePiece::What::kSecond, 0, {}, {}};
  data.postprocessor = template_processor({{}, end}, {{}, second, end});
}

std::vector<std::string> control_pieces(const fs::path& file) {
  const PieceVocabulary vocabulary = parse_pieces(read_file(file, kLargestTokenizerFile), file.string());
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < vocabulary.pieces.texts.size(); ++i)
    if (vocabulary.pieces.kinds[i] == PieceKind::kControl) texts.push_back(vocabulary.pieces.texts[i]);
  return texts;
}

}  // namespace

TokenizerDataPtr read_source_and_target(const fs::path& source, const fs::path& target, const fs::path& vocab) {
  auto data = std::make_shared<TokenizerData>();
  data->place = vocab.string();
  const Vocabulary vocabulary = read_vocabulary_object(read_file(vocab, kLargestTokenizerFile), data->place);
  const std::int32_t unk = vocabulary.find(kUnknown);
  check(unk >= 0, ErrorKind::kBadInput, "{}: has no token <unk>, which stands for unknown pieces; get the file again",
        data->place);
  const TokenizerDataPtr source_file = read_sentencepiece_model(source), target_file = read_sentencepiece_model(target);
  take_pieces(*data, *source_file, vocabulary, unk);
  data->decoder = std::make_shared<PiecesDecoder>(source_file->decoder, std::vector<std::string>{kEos, kUnknown, kPad},
                                                  control_pieces(source));
  std::int32_t next = vocabulary.max_id() + 1;
  const auto add = [&](const char* content) {
    const std::int32_t known = vocabulary.find(content), id = known >= 0 ? known : next++;
    data->add_token({.content = content, .special = true}, id);
    return id;
  };
  data->ids.eos = add(kEos);
  data->ids.unk = add(kUnknown);
  data->ids.pad = add(kPad);
  data->model_max_length = kLongestText;
  data->leading_code = true;
  data->languages = Languages{Languages::Place::kInText, {}, {}, {}};
  vocabulary.for_each([&](std::string_view text, std::int32_t) {
    if (text.starts_with(">>") && text.ends_with("<<")) data->languages->codes.emplace_back(text);
  });
  std::ranges::sort(data->languages->codes, {}, [&](const std::string& code) { return vocabulary.find(code); });
  set_frame(*data);
  auto other = std::make_shared<TokenizerData>(*data);
  other->place = target.string();
  take_pieces(*other, *target_file, vocabulary, unk);
  data->target = std::move(other);
  return data;
}

}  // namespace linnet
