#include "linnet/tokenizer/gguf/export.h"

#include <algorithm>
#include <map>

#include "linnet/base/base64.h"
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/tokenizer/charsmap.h"
#include "linnet/tokenizer/gguf/kinds.h"
#include "linnet/tokenizer/json_reader.h"
#include "linnet/tokenizer/tokenizer.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {

std::string_view tokenizer_probe(std::string_view kind) {
  constexpr std::string_view kHangul = " 한국어";
  static constexpr std::string_view kText =
      "Hello, y'all! We've seen HE'LL and I'M don't DON'T 's 'S\n \n\n \t\t x   y    z\r\n  end \n"
      "3 33 333 3333 33333 3.14 1,000,000 a1b22c333 x=10;y+=20 ٣٤ ½² Ⅷ 0x1F\n"
      "int main() { return a[0]->b ? !c : (d | e) & ~f; } // #include <x> @y $z %w ^ `q` \\n\n"
      "…。，、।۔!? ?! ... --- ___ ''' \"\"\" <|x|> </p> (a)[b]{c} ünïcödé ÀÉÎ naïve Straße "
      "Ελληνικά здравствуй नमस्ते 你好世界 ありがとう ไทย עברית مرحبا "
      "🚀😁👨‍👩‍👧 "
      "\u00a0x\u200by\u3000z "
      "é 한국어";
  return kind == "bert" ? kText.substr(0, kText.size() - kHangul.size()) : kText;
}

namespace {

std::string type_name(const Json& json) {
  const Json& type = entry_or_null(json, "type");
  return type.is_string() ? type.get<std::string>() : "";
}

// The first component of that type, also in sequences; null if there is none.
const Json* find_component(const Json& json, const char* list, std::string_view type) {
  if (type_name(json) == type) return &json;
  for (const Json& step : entry_or_null(json, list))
    if (const Json* found = find_component(step, list, type)) return found;
  return nullptr;
}

// True if a component puts a space before a text.
bool prepends_space(const Json& tokenizer) {
  if (find_component(entry_or_null(tokenizer, "normalizer"), "normalizers", "Prepend") != nullptr) return true;
  const Json* metaspace = find_component(entry_or_null(tokenizer, "pre_tokenizer"), "pretokenizers", "Metaspace");
  return metaspace != nullptr && entry_or_null(*metaspace, "prepend_scheme") != "never" &&
         entry_or_null(*metaspace, "add_prefix_space") != false;
}

class Exporter {
 public:
  Exporter(const std::filesystem::path& folder, std::int64_t rows) : Exporter(folder, rows, text_of(folder)) {}

  GgufVocabulary run() {
    check(tokenizer_.vocab_size() <= rows_, ErrorKind::kBadInput,
          "{}: has ids up to {}, the model's vocabulary ends at {}", place_, tokenizer_.vocab_size() - 1, rows_ - 1);
    const Json& model = entry_or_null(file_.root, "model");
    const std::string type = type_name(model);
    const bool bytes =
        find_component(entry_or_null(file_.root, "pre_tokenizer"), "pretokenizers", "ByteLevel") != nullptr;
    if (type == "BPE" && bytes)
      byte_level();
    else if (type == "BPE" && entry_or_null(model, "byte_fallback") == true)
      sentence_pieces();
    else if (type == "WordPiece")
      word_pieces();
    else if (file_.shape == TokenizerFile::Shape::kList)
      unigram_pieces();
    else
      refuse(fmt::format("a {} model{} has no kind there", printable(type.empty() ? "nameless" : type, 40),
                         type == "BPE" ? " without a ByteLevel step or byte fallback" : ""));
    common();
    agree();
    return std::move(v_);
  }

 private:
  Exporter(const std::filesystem::path& folder, std::int64_t rows, const std::string& text)
      : place_((folder / "tokenizer.json").string()),
        rows_(rows),
        tokenizer_(read_tokenizer_folder(folder, text)),
        file_(read_tokenizer_text(text, place_)) {}

  static std::string text_of(const std::filesystem::path& folder) {
    const auto file = folder / "tokenizer.json";
    check(presence(file) != Presence::kAbsent, ErrorKind::kBadInput,
          "{}: there is no such file; a GGUF file's tokenizer is created from one", file.string());
    return read_file(file, kLargestTokenizerFile);
  }

  [[noreturn]] void refuse(const std::string& fact) const {
    fail(ErrorKind::kBadInput, "{}: cannot be written into a GGUF file: {}; convert into a folder", place_, fact);
  }

  // Token texts by id; ids without a text become unused tokens, as in llama.cpp's converter.
  void tokens() {
    const TokenizerData& data = tokenizer_.data();
    for (std::int64_t i = 0; i < rows_; ++i) {
      const auto id = static_cast<std::int32_t>(i);
      const AddedToken* added = data.added.token(id);
      const auto text = data.model->vocabulary().text(id);
      v_.tokens.push_back(added != nullptr ? added->content : text ? std::string(*text) : fmt::format("[PAD{}]", i));
      v_.token_types.push_back(static_cast<std::int32_t>(added != nullptr ? added->special ? GgufTokenType::kControl
                                                                                           : GgufTokenType::kUserDefined
                                                         : text           ? GgufTokenType::kNormal
                                                                          : GgufTokenType::kUnused));
    }
  }

  // A GGUF file has no normalizer; only composition (Qwen) is accepted, which llama.cpp ignores too.
  void check_normalizer() const {
    const TokenizerData& data = tokenizer_.data();
    if (!data.normalizer) return;
    AlignedText text(tokenizer_probe(), 0, Origins::kIgnore);
    data.normalizer->normalize(text);
    if (text.view() != tokenizer_probe()) refuse("its normalizer changes texts");
    note("{}: its normalizer is left out of the GGUF file", place_);
  }

  std::vector<std::string> pieces(const PreTokenizer& pretokenizer) const {
    AlignedText text(tokenizer_probe(), 0, Origins::kIgnore);
    const auto size = static_cast<std::uint32_t>(text.text().size());
    PieceList list(std::move(text), {0, size});
    pretokenizer.split(list);
    std::vector<std::string> texts;
    for (const Span& s : list.pieces) texts.emplace_back(list.text.view().substr(s.begin, s.end - s.begin));
    return texts;
  }

  // Finds the kind that splits difficult cases like this tokenizer; llama.cpp's converter also uses the ids of a text.
  void byte_level() {
    check_normalizer();
    tokens();
    const Json& model = entry_or_null(file_.root, "model");
    const bool ignore_merges = entry_or_null(model, "ignore_merges") == true;
    const TokenizerData& data = tokenizer_.data();
    const ByteSpelling spelling = data.model->takes_bytes() ? ByteSpelling::kAsTheyAre : ByteSpelling::kCharacters;
    const auto wanted = pieces(*data.pretokenizer);
    for (const bool prefix : {false, true})
      for (const GgufPreKind& kind : gguf_pre_kinds()) {
        if (!v_.pre.empty() || kind.ignore_merges != ignore_merges) continue;
        if (pieces(*make_pretokenizer(gguf_pretokenizer(kind, prefix), place_, spelling)) != wanted) continue;
        v_.pre = kind.names.front();
        v_.add_space_prefix = prefix;
      }
    if (v_.pre.empty()) refuse("none of the kinds of tokenizer.ggml.pre cuts texts as it does");
    v_.model = "gpt2";
    for (const auto& [left, right] : file_.merges) v_.merges.push_back(fmt::format("{} {}", left, right));
  }

  // SentencePiece's scores have the order of the merges.
  void sentence_pieces() {
    tokens();
    v_.model = "llama";
    v_.pre = "default";
    std::map<std::string, std::size_t> rank;
    for (std::size_t i = 0; i < file_.merges.size(); ++i)
      rank.emplace(file_.merges[i].first + file_.merges[i].second, i);
    const auto last = static_cast<float>(file_.merges.size());
    for (std::size_t i = 0; i < v_.tokens.size(); ++i) {
      const auto found = rank.find(v_.tokens[i]);
      const bool normal = v_.token_types[i] == static_cast<std::int32_t>(GgufTokenType::kNormal);
      v_.scores.push_back(!normal ? 0.0f : found == rank.end() ? -last : -static_cast<float>(found->second));
    }
    const std::vector<std::int32_t> bytes = byte_tokens(tokenizer_.data().model->vocabulary());
    for (const std::int32_t id : bytes)
      if (id >= 0) v_.token_types[static_cast<std::size_t>(id)] = static_cast<std::int32_t>(GgufTokenType::kByte);
    if (const auto unk = tokenizer_.unk_id())
      v_.token_types[static_cast<std::size_t>(*unk)] = static_cast<std::int32_t>(GgufTokenType::kUnknown);
    v_.add_space_prefix = prepends_space(file_.root);
  }

  // T5's kind: a character map, then spaces as a part of pieces.
  void unigram_pieces() {
    tokens();
    v_.model = "t5";
    v_.pre = "default";
    for (std::size_t i = 0; i < v_.tokens.size(); ++i)
      v_.scores.push_back(i < file_.pieces.scores.size() ? static_cast<float>(file_.pieces.scores[i]) : 0.0f);
    if (const auto unk = tokenizer_.unk_id())
      v_.token_types[static_cast<std::size_t>(*unk)] = static_cast<std::int32_t>(GgufTokenType::kUnknown);
    const Json &normalizer = entry_or_null(file_.root, "normalizer"),
               &pretokenizer = entry_or_null(file_.root, "pre_tokenizer");
    if (const Json* map = find_component(normalizer, "normalizers", "Precompiled"))
      v_.precompiled_charsmap = decode_base64(entry_or_null(*map, "precompiled_charsmap").get<std::string>(), place_);
    v_.add_space_prefix = prepends_space(file_.root);
    v_.remove_extra_whitespaces = find_component(pretokenizer, "pretokenizers", "WhitespaceSplit") != nullptr ||
                                  find_component(normalizer, "normalizers", "Replace") != nullptr;
  }

  // llama.cpp marks starts of words instead of continuations.
  void word_pieces() {
    const Json& normalizer = entry_or_null(file_.root, "normalizer");
    if (type_name(normalizer) != "BertNormalizer" || entry_or_null(normalizer, "lowercase") == false)
      refuse("there, WordPiece always lower-cases as BertNormalizer does");
    tokens();
    v_.model = "bert";
    for (std::size_t i = 0; i < v_.tokens.size(); ++i) {
      std::string& token = v_.tokens[i];
      if (token.starts_with("[") && token.ends_with("]")) continue;
      if (token.starts_with("##"))
        token.erase(0, 2);
      else
        token.insert(0, "\xE2\x96\x81");
    }
  }

  void common() {
    v_.bos = tokenizer_.bos_id(), v_.eos = tokenizer_.eos_id(), v_.unk = tokenizer_.unk_id();
    v_.sep = tokenizer_.sep_id(), v_.pad = tokenizer_.pad_id(), v_.cls = tokenizer_.cls_id();
    v_.mask = tokenizer_.mask_id();
    v_.chat_template = tokenizer_.chat_template().value_or("");
    const Frame frame = tokenizer_.frame();
    v_.add_bos = !frame.before().empty();
    v_.add_eos = !frame.after().empty();
  }

  void agree() const {
    const Tokenizer there = Tokenizer::from_gguf(v_, place_);
    for (const std::string_view text :
         {tokenizer_probe(v_.model), std::string_view("a"), std::string_view("Hello world")})
      if (there.encode_ids(text) != tokenizer_.encode_ids(text))
        refuse(fmt::format("as a '{}' tokenizer it would cut texts into other ids", v_.model));
    // gguf_bert_normalizer loses these; a vocabulary for other scripts is still usable, so this only warns.
    if (constexpr std::string_view kLost = "한국어 나라 का की"; there.encode_ids(kLost) != tokenizer_.encode_ids(kLost))
      warn("{}: llama.cpp drops the vowels of Hangul and of Indic scripts; from the GGUF file these get other ids",
           place_);
  }

  std::string place_;
  std::int64_t rows_;
  Tokenizer tokenizer_;
  TokenizerFile file_;
  GgufVocabulary v_;
};

}  // namespace

GgufVocabulary export_gguf_vocabulary(const std::filesystem::path& folder, std::int64_t rows) {
  return Exporter(folder, rows).run();
}

}  // namespace linnet
