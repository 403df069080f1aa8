// linnet tokenize: texts to ids, pieces and offsets, and ids back to texts.
#include <fmt/format.h>

#include <fstream>
#include <iostream>

#include "id_list.h"
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/utf8.h"
#include "linnet/models/pretrained.h"
#include "linnet/tasks/chat.h"
#include "model_argument.h"
#include "output.h"
#include "row_answers.h"
#include "verbs.h"

namespace linnet::app {
namespace {

struct Options {
  std::string model, pair, decode, input, chat;
  std::vector<std::string> texts;
  bool no_special = false, skip_special = false;
  AnswerOptions show;
};

class TokenizeRun {
 public:
  TokenizeRun(const Options& options, Tokenizer tokenizer) : options_(options), tokenizer_(std::move(tokenizer)) {
    encode_.add_special_tokens = !options.no_special;
  }

  RowAnswer encode(std::string_view text, const std::optional<std::string>& pair) const {
    const Encoding e = pair ? tokenizer_.encode(text, *pair, encode_) : tokenizer_.encode(text, encode_);
    if (!options_.show.json) return {{}, table_of(e), {}};
    Json offsets = Json::array(), tokens = Json::array();
    for (const auto& [begin, end] : e.offsets) offsets.push_back({begin, end});
    for (const std::string& token : e.tokens) tokens.push_back(token);
    return {{{"ids", e.ids},
             {"tokens", tokens},
             {"offsets", offsets},
             {"type_ids", e.type_ids},
             {"attention_mask", e.attention_mask}},
            {},
            {}};
  }

  RowAnswer decode(const std::vector<std::int32_t>& ids) const {
    const std::string text = tokenizer_.decode(ids, options_.skip_special, DecodedSpaces::kAsTheyAre);
    return {{{"text", text}}, text + "\n", {}};
  }

  RowAnswer chat(const std::string& file) {
    const Json json = read_json(file);
    const bool wrapped = json.is_object();
    const Json& messages = wrapped ? require(json, "messages", file) : json;
    check(messages.is_array(), ErrorKind::kBadInput,
          "{}: the messages are not a list; write [{{\"role\", \"content\"}}, …]", file);
    for (const Json& turn : messages)
      check(turn.is_object() && turn.contains("role") && turn["role"].is_string(), ErrorKind::kBadInput,
            "{}: the turn {} has no 'role'; write {{\"role\", \"content\"}}", file, printable(dump_json(turn), 60));
    ChatOptions options;
    if (wrapped && json.contains("tools")) options.tools = json["tools"];
    if (wrapped && json.contains("add_generation_prompt")) {
      check(json["add_generation_prompt"].is_boolean(), ErrorKind::kBadInput,
            "{}: 'add_generation_prompt' is not true or false", file);
      options.add_generation_prompt = json["add_generation_prompt"].get<bool>();
    }
    encode_.add_special_tokens = false;  // the template writes them itself
    return encode(tasks::render_chat(tokenizer_, messages, options), std::nullopt);
  }

 private:
  static std::string table_of(const Encoding& e) {
    Table rows{{"id", "token", "bytes", "type"}};
    for (std::size_t i = 0; i < e.size(); ++i)
      rows.push_back({format_printable("{}", e.ids[i]), printable(e.tokens[i]),
                      format_printable("{}-{}", e.offsets[i].first, e.offsets[i].second),
                      format_printable("{}", e.type_ids[i])});
    return format_table(rows).text() + fmt::format("{} tokens: {}\n", e.size(), fmt::join(e.ids, ","));
  }

  const Options& options_;
  Tokenizer tokenizer_;
  EncodeOptions encode_;
};

std::vector<std::int32_t> ids_of(const Json& line) {
  check(line.is_object() && line.contains("ids") && line["ids"].is_array(), ErrorKind::kBadInput,
        "the line has no list 'ids'; write {{\"ids\": [1, 2, 3]}}");
  std::vector<std::int32_t> ids;
  for (const Json& item : line["ids"]) {
    const bool fits = item.is_number_integer() && item >= INT32_MIN && item <= INT32_MAX;
    check(fits, ErrorKind::kBadInput, "{} in 'ids' is not a token id; give an integer", printable(dump_json(item), 40));
    ids.push_back(item.get<std::int32_t>());
  }
  return ids;
}

RowAnswer answer_line(const Json& line, bool decoding, const TokenizeRun& run) {
  if (decoding) return run.decode(ids_of(line));
  const auto text = [&](const char* key) {
    check(line[key].is_string(), ErrorKind::kBadInput, "'{}' is not a text; put it in quotes", key);
    return line[key].get<std::string>();
  };
  check(line.is_object() && line.contains("text"), ErrorKind::kBadInput,
        "the line has no 'text'; write {{\"text\": \"…\"}}");
  std::optional<std::string> pair;
  if (line.contains("pair") && !line["pair"].is_null()) pair = text("pair");
  return run.encode(text("text"), pair);
}

// Lines are answered as they come.
void read_lines(const Options& options, bool decoding, const TokenizeRun& run) {
  std::ifstream file;
  if (options.input != "-") {
    file.open(options.input, std::ios::binary);
    check(file.is_open() && !is_folder(options.input), ErrorKind::kBadInput, "{}: cannot be read; is it a file?",
          options.input);
  }
  std::istream& in = options.input == "-" ? std::cin : file;
  const bool plain = options.input.ends_with(".txt") && !decoding;
  RowAnswers answers({.json = options.show.json}, {}, {});
  InputRow row;
  for (std::string line; std::getline(in, line); ++row.number) {
    if (!plain && line.find_first_not_of(" \t\r") == line.npos) continue;
    row.place = format_printable("{}:{}", options.input == "-" ? "stdin" : options.input, row.number + 1);
    answers.answer(row, [&] {
      return plain ? run.encode(line, std::nullopt) : answer_line(parse_json(line, "the line"), decoding, run);
    });
  }
  answers.finish();
}

}  // namespace

void run_tokenize(Arguments arguments) {
  Options options;
  Command command("tokenize", "texts to token ids, pieces and offsets, and back");
  command.example("linnet tokenize 'The movie was great.'");
  command.example("linnet tokenize --decode 1,2,3 -m models/bert --json");
  command.option("text", options.texts, "texts to encode");
  command.option("-m,--model", options.model, "folder, .gguf file or org/name");
  command.option("--pair", options.pair, "a second text");
  command.flag("--no-special", options.no_special, "without what the tokenizer adds ([CLS], <s> …)");
  const Option decode = command.option("--decode", options.decode, "ids to turn back, as 1,2,3; bare beside --input");
  decode.expected(0, 1);
  command.flag("--skip-special", options.skip_special, "leave special tokens out when decoding");
  command.option("--input", options.input, "JSON lines of {\"text\",\"pair\"?} or, decoding, {\"ids\"}; - for stdin");
  command.option("--chat", options.chat, "a JSON array of messages, or {messages, tools?, add_generation_prompt?}");
  add_answer_options(command, options.show, "one JSON object per text", Joins::kNo);
  command.parse(arguments);
  const bool decoding = command.given("--decode");
  if (options.texts.empty() && options.input.empty() && options.chat.empty() && !decoding)
    command.wrong_usage("nothing to tokenize: give a text, --input, --chat or --decode");
  if (decoding && options.input.empty() && options.decode.empty()) command.wrong_usage("--decode needs ids, as 1,2,3");
  std::vector<std::int32_t> ids;
  if (!options.decode.empty()) ids = parse_ids(command, "--decode", options.decode);

  const std::filesystem::path model = resolve_model(options.model);
  if (options.model.empty()) options.model = model.string();
  TokenizeRun run(options, models::load_tokenizer(model));
  const auto print = [&](const RowAnswer& answer) {
    if (options.show.json)
      print_json(answer.json);
    else
      print_result(answer.text);
  };
  if (!options.decode.empty()) print(run.decode(ids));
  if (!options.chat.empty()) print(run.chat(options.chat));
  RowAnswers answers({.json = options.show.json}, {}, {});
  InputRow row;
  for (const std::string& text : options.texts) {
    answers.add(row, run.encode(text, command.given("--pair") ? std::optional(options.pair) : std::nullopt));
    ++row.number;
  }
  answers.finish();
  if (!options.input.empty()) read_lines(options, decoding, run);
}

}  // namespace linnet::app
