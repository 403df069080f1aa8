// Texts to tokens and back, in the forms of TEI and of llama.cpp's server: /tokenize, /decode, /detokenize,
// /apply-template.
#include <fmt/format.h>

#include "linnet/base/utf8.h"
#include "linnet/serve/chat_messages.h"
#include "linnet/serve/list_job.h"
#include "linnet/serve/routes.h"
#include "linnet/tasks/chat.h"

namespace linnet::serve {
namespace {

using Ids = std::vector<std::int32_t>;

Ids token_list(Fields& fields, const char* name, const Json& list) {
  if (!list.is_array()) fields.wrong(name, "is not a list of token ids");
  Ids ids;
  for (const Json& entry : list) {
    if (!entry.is_number_unsigned() || entry.get<std::uint64_t>() > INT32_MAX)
      fields.wrong(name, "has an entry that is no token id");
    ids.push_back(entry.get<std::int32_t>());
  }
  return ids;
}

// TEI's: tokens with their places, in characters.
Json placed_tokens(const ServedModel& model, const std::string& text, bool special) {
  const Encoding made = model.loaded.tokenizer().encode(text, {.add_special_tokens = special});
  std::vector<std::size_t> characters(text.size() + 1);
  for (std::size_t at = 0, count = 0; at < text.size();) {
    const std::size_t length = utf8::decode(std::string_view(text).substr(at)).length;
    for (std::size_t i = 0; i < length; ++i) characters[at + i] = count;
    at += length;
    characters[at] = ++count;
  }
  Json list = Json::array();
  for (std::size_t i = 0; i < made.size(); ++i) {
    const bool added = made.special_tokens_mask[i] != 0;
    const auto place = [&](std::int64_t byte) -> Json {
      return added ? Json() : Json(characters[std::min(static_cast<std::size_t>(byte), text.size())]);
    };
    list.push_back({{"id", made.ids[i]},
                    {"text", model.token_texts.name_of(made.ids[i])},
                    {"special", added},
                    {"start", place(made.offsets[i].first)},
                    {"stop", place(made.offsets[i].second)}});
  }
  return list;
}

Json llama_tokens(Fields& fields, const ServedModel& model) {
  const auto text = fields.text("content").value_or("");
  const bool special = fields.flag("add_special").value_or(false), parses = fields.flag("parse_special").value_or(true);
  const bool pieces = fields.flag("with_pieces").value_or(false);
  fields.finish();
  const Tokenizer& tokenizer = model.loaded.tokenizer();
  Ids ids = special ? tokenizer.frame().before() : Ids();
  const auto more = tokenizer.encode_ids(
      text, {.add_special_tokens = false, .special_text = parses ? SpecialText::kParse : SpecialText::kPlain});
  ids.insert(ids.end(), more.begin(), more.end());
  Json list = Json::array();
  for (const std::int32_t id : ids) {
    if (!pieces) {
      list.push_back(id);
      continue;
    }
    const std::string bytes = model.token_texts.bytes_of(id);
    Json piece = Json::array();
    for (const unsigned char byte : bytes) piece.push_back(byte);
    list.push_back({{"id", id}, {"piece", utf8::valid(bytes) ? Json(bytes) : std::move(piece)}});
  }
  return {{"tokens", std::move(list)}};
}

}  // namespace

std::shared_ptr<Job> tokenize(const Json& body, const std::shared_ptr<Call>& call) {
  Fields fields(body);
  if (fields.value("content") != nullptr) {  // llama.cpp's
    call->reply(llama_tokens(fields, call->model()));
    return nullptr;
  }
  const auto texts = read_inputs(fields, "inputs");
  const bool special = fields.flag("add_special_tokens").value_or(true);
  fields.finish();
  Json list = Json::array();
  for (const std::string& text : texts) list.push_back(placed_tokens(call->model(), text, special));
  call->reply(list);
  return nullptr;
}

std::shared_ptr<Job> tei_decode(const Json& body, const std::shared_ptr<Call>& call) {
  Fields fields(body);
  const Json& ids = fields.required("ids");
  const bool skips = fields.flag("skip_special_tokens").value_or(true);
  fields.finish();
  const bool batch = ids.is_array() && !ids.empty() && ids.front().is_array();
  Json texts = Json::array();
  const auto add = [&](const Json& list) {
    texts.push_back(call->model().loaded.tokenizer().decode(token_list(fields, "ids", list), skips));
  };
  if (batch)
    for (const Json& list : ids) add(list);
  else
    add(ids);
  call->reply(texts);
  return nullptr;
}

std::shared_ptr<Job> llama_detokenize(const Json& body, const std::shared_ptr<Call>& call) {
  Fields fields(body);
  const Ids ids = token_list(fields, "tokens", fields.required("tokens"));
  fields.finish();
  call->reply(Json{{"content", call->model().loaded.tokenizer().decode(ids, false, DecodedSpaces::kAsTheyAre)}});
  return nullptr;
}

std::shared_ptr<Job> llama_apply_template(const Json& body, const std::shared_ptr<Call>& call) {
  Fields fields(body);
  const Json messages = read_messages(fields.required("messages"));
  fields.finish();
  if (call->model().loaded.chat_template() == nullptr)
    throw ApiError(400, "this model has no chat template", "messages");
  call->reply(Json{{"prompt", tasks::render_chat(call->model().loaded, messages)}});
  return nullptr;
}

}  // namespace linnet::serve
