// Vocabulary formats older than tokenizer.json: BERT's vocab.txt, GPT-2's vocab.json and merges.txt.
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/utf8.h"
#include "linnet/tokenizer/char_class.h"
#include "linnet/tokenizer/json_reader.h"
#include "linnet/tokenizer/tokenizer_data.h"

namespace linnet {
namespace {

template <class Visit>
void for_each_line(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    visit(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view without_trailing_blanks(std::string_view line) {
  std::size_t keep = 0;
  for (std::size_t at = 0; at < line.size();) {
    const utf8::Character c = utf8::decode(line.substr(at));
    at += c.length;
    if (!white_space().contains(c.code)) keep = at;
  }
  return line.substr(0, keep);
}

std::optional<std::int32_t> add_special(TokenizerData& data, const char* content) {
  const std::int32_t id = data.model->vocabulary().find(content);
  if (id < 0) return std::nullopt;
  data.add_token({.content = content, .special = true}, id);
  return id;
}

TemplatePiece token_piece(const TokenizerData& data, std::int32_t id, std::int32_t type_id = 0) {
  return {TemplatePiece::What::kToken, type_id, {id}, {std::string(data.model->vocabulary().text(id).value_or(""))}};
}

}  // namespace

TokenizerDataPtr read_vocab_txt(const std::filesystem::path& file, const VocabTextOptions& options) {
  const std::string text = read_file(file, kLargestTokenizerFile);
  auto data = std::make_shared<TokenizerData>();
  data->place = file.string();
  check(utf8::valid(text), ErrorKind::kBadInput, "{}: not UTF-8; save it so", data->place);
  Vocabulary vocabulary;
  std::int32_t id = 0;
  for_each_line(text, [&](std::string_view line) { vocabulary.add(without_trailing_blanks(line), id++); });
  vocabulary.finish();
  check(vocabulary.size() > 0, ErrorKind::kBadInput, "{}: no tokens in it; get the file again", data->place);
  data->normalizer = bert_normalizer(options.bert);
  data->pretokenizer = make_pretokenizer(Json{{"type", "BertPreTokenizer"}}, data->place, ByteSpelling::kCharacters);
  data->decoder = make_decoder(Json{{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}, data->place);
  data->model = make_wordpiece(std::move(vocabulary), {}, data->place);
  data->ids.unk = add_special(*data, "[UNK]");
  data->ids.sep = add_special(*data, "[SEP]");
  data->ids.pad = add_special(*data, "[PAD]");
  data->ids.cls = add_special(*data, "[CLS]");
  data->ids.mask = add_special(*data, "[MASK]");
  if (data->ids.cls && data->ids.sep) {
    const TemplatePiece cls = token_piece(*data, *data->ids.cls), sep = token_piece(*data, *data->ids.sep);
    data->postprocessor = template_processor(
        {cls, {}, sep},
        {cls, {}, sep, {TemplatePiece::What::kSecond, 1, {}, {}}, token_piece(*data, *data->ids.sep, 1)});
  }
  return data;
}

TokenizerDataPtr read_vocab_and_merges(const std::filesystem::path& vocab, const std::filesystem::path& merges,
                                       const MergesOptions& keys) {
  auto data = std::make_shared<TokenizerData>();
  data->place = vocab.string();
  Vocabulary vocabulary = read_vocabulary_object(read_file(vocab, kLargestTokenizerFile), data->place);
  const std::string text = read_file(merges, kLargestTokenizerFile);
  check(utf8::valid(text), ErrorKind::kBadInput, "{}: not UTF-8; save it so", merges.string());
  std::vector<std::pair<std::string, std::string>> pairs;
  std::int64_t number = 0;
  for_each_line(text, [&](std::string_view line) {
    ++number;
    if (line.empty() || line.starts_with("#version")) return;
    const std::size_t space = line.find(' ');
    check(space != line.npos && line.find(' ', space + 1) == line.npos, ErrorKind::kBadInput,
          "{}:{}: '{}' is not two tokens with one blank between; correct the line", merges.string(), number,
          printable(line, 60));
    pairs.emplace_back(line.substr(0, space), line.substr(space + 1));
  });
  BpeOptions options;
  options.bytes = bpe_can_take_bytes(vocabulary, options);
  const Json byte_level{{"type", "ByteLevel"}, {"add_prefix_space", keys.add_prefix_space}, {"trim_offsets", true}};
  data->pretokenizer =
      make_pretokenizer(byte_level, data->place, options.bytes ? ByteSpelling::kAsTheyAre : ByteSpelling::kCharacters);
  data->decoder = make_decoder(byte_level, data->place);
  data->is_bpe = true;
  data->model = make_bpe(std::move(vocabulary), pairs, options, data->place);
  // RoBERTa and similar models put <s> … </s> around a text; GPT-2 has one special token for everything.
  const auto bos = add_special(*data, "<s>"), eos = add_special(*data, "</s>");
  data->ids.pad = add_special(*data, "<pad>");
  data->ids.unk = add_special(*data, "<unk>");
  data->ids.mask = data->model->vocabulary().find("<mask>") < 0
                       ? std::nullopt
                       : std::optional(data->model->vocabulary().find("<mask>"));
  if (data->ids.mask)
    data->add_token({.content = "<mask>", .lstrip = keys.mask_takes_spaces, .special = true}, *data->ids.mask);
  if (bos && eos && keys.framed) {
    data->ids.bos = data->ids.cls = bos;
    data->ids.eos = data->ids.sep = eos;
    data->postprocessor = make_postprocessor(Json{{"type", "RobertaProcessing"},
                                                  {"sep", {"</s>", *eos}},
                                                  {"cls", {"<s>", *bos}},
                                                  {"trim_offsets", keys.trim_offsets},
                                                  {"add_prefix_space", keys.add_prefix_space}},
                                             data->place);
    return data;
  }
  data->ids.bos = data->ids.eos = add_special(*data, "<|endoftext|>");
  return data;
}

}  // namespace linnet
