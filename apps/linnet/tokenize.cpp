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
#include "verbs.h"

namespace linnet::app {
namespace {

struct Options {
  std::string model, pair, decode, input, chat;
  std::vector<std::string> texts;
  bool no_special = false, skip_special = false, json = false;
};

class TokenizeRun {
 public:
  TokenizeRun(const Options& options, Tokenizer tokenizer) : options_(options), tokenizer_(std::move(tokenizer)) {
    encode_.add_special_tokens = !options.no_special;
  }

  void encode(std::string_view text, const std::optional<std::string>& pair) {
    const Encoding e = pair ? tokenizer_.encode(text, *pair, encode_) : tokenizer_.encode(text, encode_);
    if (!options_.json) return print_table(e);
    Json offsets = Json::array(), tokens = Json::array();
    for (const auto& [begin, end] : e.offsets) offsets.push_back({begin, end});
    for (const std::string& token : e.tokens) tokens.push_back(token);
    print_json({{"ids", e.ids},
                {"tokens", tokens},
                {"offsets", offsets},
                {"type_ids", e.type_ids},
                {"attention_mask", e.attention_mask}});
  }

  void decode(const std::vector<std::int32_t>& ids) {
    const std::string text = tokenizer_.decode(ids, options_.skip_special, DecodedSpaces::kAsTheyAre);
    if (options_.json)
      print_json({{"text", text}});
    else
      print_result(text + "\n");
  }

  void chat(const std::string& file) {
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
    encode(tasks::render_chat(tokenizer_, messages, options), std::nullopt);
  }

 private:
  void print_table(const Encoding& e) {
    Table rows{{"id", "token", "bytes", "type"}};
    for (std::size_t i = 0; i < e.size(); ++i)
      rows.push_back({format_printable("{}", e.ids[i]), printable(e.tokens[i]),
                      format_printable("{}-{}", e.offsets[i].first, e.offsets[i].second), format_printable("{}", e.type_ids[i])});
    print_result(format_table(rows).text());
    std::string ids;
    for (const std::int32_t id : e.ids) ids += fmt::format("{}{}", ids.empty() ? "" : ",", id);
    print_result(format_printable("{} tokens: {}\n", e.size(), ids));
  }

  const Options& options_;
  Tokenizer tokenizer_;
  EncodeOptions encode_;
};

std::vector<std::int32_t> ids_of(const Json& line, const std::string& place) {
  const Json& list = require(line, "ids", place);
  check(list.is_array(), ErrorKind::kBadInput, "{}: 'ids' is not a list", place);
  std::vector<std::int32_t> ids;
  for (const Json& item : list) {
    const std::int64_t id = get_integer(item, "ids", place);
    check(id >= INT32_MIN && id <= INT32_MAX, ErrorKind::kBadInput, "{}: {} is no token id", place, id);
    ids.push_back(static_cast<std::int32_t>(id));
  }
  return ids;
}

void read_lines(const Options& options, bool decoding, TokenizeRun& run) {
  std::ifstream file;
  if (options.input != "-") {
    file.open(options.input, std::ios::binary);
    check(file.is_open(), ErrorKind::kBadInput, "{}: cannot be read", options.input);
  }
  std::istream& in = options.input == "-" ? std::cin : file;
  const bool plain = options.input.ends_with(".txt");
  std::int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    const std::string place = format_printable("{}:{}", options.input, ++number);
    if (plain && !decoding) {
      run.encode(line, std::nullopt);
      continue;
    }
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const Json json = parse_json(line, place);
    if (decoding) {
      run.decode(ids_of(json, place));
      continue;
    }
    std::optional<std::string> pair;
    if (json.is_object() && json.contains("pair") && !json["pair"].is_null())
      pair = get_string(json["pair"], "pair", place);
    run.encode(get_string(require(json, "text", place), "text", place), pair);
  }
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
  auto* const decode = command.option("--decode", options.decode, "ids to turn back, as 1,2,3; bare beside --input");
  decode->expected(0, 1);
  command.flag("--skip-special", options.skip_special, "leave special tokens out when decoding");
  command.option("--input", options.input, "JSON lines of {\"text\",\"pair\"?} or, decoding, {\"ids\"}; - for stdin");
  command.option("--chat", options.chat, "a JSON array of messages, or {messages, tools?, add_generation_prompt?}");
  command.flag("--json", options.json, "one JSON object a text");
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
  if (!options.decode.empty()) run.decode(ids);
  if (!options.chat.empty()) run.chat(options.chat);
  for (const std::string& text : options.texts)
    run.encode(text, command.given("--pair") ? std::optional(options.pair) : std::nullopt);
  if (!options.input.empty()) read_lines(options, decoding, run);
}

}  // namespace linnet::app
