// linnet tokenize: converts texts to ids, pieces and offsets, and ids to texts.
#include <fmt/format.h>

#include <optional>
#include <span>

#include "id_list.h"
#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "linnet/tasks/chat.h"
#include "model_argument.h"
#include "output.h"
#include "row_answers.h"
#include "text_options.h"
#include "verbs.h"

namespace linnet::app {
namespace {

struct TokenizeFlags {
  std::string model, pair, decode, chat;
  TextOptions source;
  bool no_special = false, skip_special = false;
  AnswerOptions show;
};

class TokenizeRun {
 public:
  TokenizeRun(const TokenizeFlags& options, Tokenizer tokenizer) : options_(options), tokenizer_(std::move(tokenizer)) {
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
    encode_.add_special_tokens = false;  // the template adds them
    const auto chat = chat_template_of(tokenizer_);
    return encode(tasks::render_chat(chat ? &*chat : nullptr, tokenizer_, messages, options), std::nullopt);
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

  const TokenizeFlags& options_;
  Tokenizer tokenizer_;
  EncodeOptions encode_;
};

// The ids of a row: a list, or a text in the format of --decode. The reader reports a column of lists as a missing
// text, so its error counts only without such a column.
std::vector<std::int32_t> ids_of(ExampleRef row, const std::string& column) {
  const Cell cell = (*row).row.find(column);
  if (cell.kind == CellKind::kAbsent && (*row).row.cells().empty())
    if (const auto fault = fault_of(row)) throw Error(*fault);
  const bool plain = cell.kind == CellKind::kText && !cell.text.starts_with('[');
  const std::string text = plain ? "[" + std::string(cell.text) + "]" : std::string(cell.text);
  const Json list = Json::accept(text) ? parse_json(text, "a cell") : Json();
  check(list.is_array(), ErrorKind::kBadInput, "the row has no list '{}'; write {{\"{}\": [1, 2, 3]}}",
        printable(column, 60), printable(column, 60));
  std::vector<std::int32_t> ids;
  for (const Json& item : list) {
    const bool fits = item.is_number_integer() && item >= INT32_MIN && item <= INT32_MAX;
    check(fits, ErrorKind::kBadInput, "{} in '{}' is not a token id; give an integer", printable(dump_json(item), 40),
          printable(column, 60));
    ids.push_back(item.get<std::int32_t>());
  }
  return ids;
}

// The optional second text of a row: in a column `pair`, or in that of other verbs.
std::optional<std::string> pair_of(ExampleRef row) {
  if (row.data.has_pairs) return std::string((*row).text_pair);
  const Cell cell = (*row).row.find("pair");
  if (cell.kind == CellKind::kAbsent || (cell.kind == CellKind::kJson && cell.text == "null")) return std::nullopt;
  check(cell.kind == CellKind::kText, ErrorKind::kBadInput, "'pair' is not a text; put it in quotes");
  return std::string(cell.text);
}

// Answers rows immediately, also empty texts.
void answer_rows(const Command& command, TokenizeFlags& options, const TokenizeRun& run) {
  const bool decoding = command.given("--decode") && options.source.texts.empty();
  std::string& column = options.source.rows.text_column;
  if (decoding && column.empty()) column = "ids";
  RowAnswers answers({.json = options.show.json}, {}, {});
  const auto answer = [&](std::span<const ExampleRef> rows) {
    for (const ExampleRef& row : rows) {
      if (decoding)
        answers.answer(input_row(row, false), [&] { return run.decode(ids_of(row, column)); });
      else
        answers.answer(row, [&] {
          return run.encode((*row).text, command.given("--pair") ? std::optional(options.pair) : pair_of(row));
        });
    }
  };
  const ReadOptions read{.one_text = true, .labels = Labels::kIgnored, .faulty_rows = FaultyRows::kKept};
  if (options.source.texts.empty())
    answer_arrivals(stream_texts(command, options.source, read), 1, answer);
  else
    answer(rows_of(read_texts(command, options.source, read)));
  answers.finish();
}

}  // namespace

void run_tokenize(Arguments arguments) {
  TokenizeFlags options;
  Command command("tokenize", "texts to token ids, pieces and offsets, and back");
  command.example("linnet tokenize 'The movie was great.'");
  command.example("linnet tokenize --decode 1,2,3 -m models/bert --json");
  TextOptions& source = options.source;
  command.option("text", source.texts);
  command.option("--model", options.model);
  command.option("--pair", options.pair);
  command.flag("--no-special", options.no_special);
  const Option decode = command.option("--decode", options.decode);
  decode.expected(0, 1);
  command.flag("--skip-special", options.skip_special);
  command.option("--chat", options.chat);
  command.option("--input", source.input);
  add_format_options(command, source.rows);
  command.option("--text-column", source.rows.text_column);
  command.option("--text-pair-column", source.rows.pair_column);
  add_answer_options(command, options.show, Joins::kNo);
  command.parse(arguments);
  const bool decoding = command.given("--decode");
  if (source.texts.empty() && source.input.empty() && options.chat.empty() && !decoding)
    command.wrong_usage("nothing to tokenize: give a text, --input, --chat or --decode");
  if (decoding && source.input.empty() && options.decode.empty()) command.wrong_usage("--decode needs ids, as 1,2,3");
  if (!source.texts.empty() && !source.input.empty())
    command.wrong_usage("texts come from the command line or from --input, not both");
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
  if (!source.texts.empty() || !source.input.empty()) answer_rows(command, options, run);
}

}  // namespace linnet::app
