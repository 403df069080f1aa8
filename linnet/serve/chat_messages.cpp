#include "linnet/serve/chat_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "linnet/base/utf8.h"
#include "linnet/serve/fields.h"
#include "linnet/tasks/chat.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::serve {
namespace {

constexpr std::size_t kMostMessages = 4096;

std::string joined_parts(Fields& message, const Json& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Fields part(parts[i], "messages.content.");
    const std::string type = part.text("type").value_or("");
    if (type != "text") message.wrong("content", "has a part that is no text; this server reads texts only");
    const Json& value = part.required("text");
    if (!value.is_string()) part.wrong("text", "is not a text");
    part.finish();
    text += (i > 0 ? "\n" : "") + value.get<std::string>();
  }
  return text;
}

Json one_message(const Json& given, const std::string& path) {
  Fields message(given, path);
  const Json& role = message.required("role");
  constexpr std::string_view kRoles[] = {"system", "user", "assistant", "tool", "developer"};
  if (!role.is_string() || std::ranges::find(kRoles, role.get<std::string>()) == std::end(kRoles))
    message.wrong("role", fmt::format("is not one of {}", fmt::join(kRoles, ", ")));
  Json made{{"role", role == "developer" ? Json("system") : role}};
  const Json* content = message.value("content");
  const Json* calls = message.value("tool_calls");
  if (content == nullptr && calls == nullptr) message.wrong("content", "is missing");
  if (content == nullptr)
    made["content"] = "";
  else if (content->is_string())
    made["content"] = *content;
  else if (content->is_array())
    made["content"] = joined_parts(message, *content);
  else
    message.wrong("content", "is neither a text nor a list of parts");
  for (const char* name : {"name", "tool_call_id"})
    if (const auto text = message.text(name)) made[name] = *text;
  message.refuse("tool_calls", Json::array(), "tools are not served yet");
  message.refuse("refusal", Json(""));
  message.finish();
  return made;
}

// A mark that no text of the conversation has: a character that Unicode reserves for programs.
std::string free_mark(const std::string& text) {
  for (unsigned char last = 0x90; last < 0xB0; ++last) {
    const std::string mark{'\xEF', '\xB7', static_cast<char>(last)};  // U+FDD0 to U+FDEF
    if (text.find(mark) == text.npos) return mark;
  }
  throw ApiError(400, "the messages have every character that Unicode reserves for programs; leave one out",
                 "messages");
}

bool has_special(const std::string& text, const std::vector<std::string>& specials) {
  return std::ranges::any_of(specials, [&](const std::string& special) { return text.find(special) != text.npos; });
}

// The special token that begins at the text's place `at`.
const std::string* special_at(const std::string& text, std::size_t at, const std::vector<std::string>& specials) {
  const auto found = std::ranges::find_if(
      specials, [&](const std::string& special) { return text.compare(at, special.size(), special) == 0; });
  return found == specials.end() ? nullptr : &*found;
}

// With the mark after the first character of every special token's spelling.
std::string broken(const std::string& text, const std::vector<std::string>& specials, const std::string& mark) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8::decode(std::string_view(text).substr(at)).length;
    out.append(text, at, length);
    if (special_at(text, at, specials) != nullptr) out += mark;
    at += length;
  }
  return out;
}

std::string without(std::string text, const std::string& mark) {
  for (std::size_t at = 0; (at = text.find(mark, at)) != text.npos;) text.erase(at, mark.size());
  return text;
}

}  // namespace

Json read_messages(const Json& list) {
  if (!list.is_array() || list.empty()) throw ApiError(400, "'messages' is not a list of messages", "messages");
  if (list.size() > kMostMessages)
    throw ApiError(400, fmt::format("'messages' has {} entries, at most {} are taken", list.size(), kMostMessages),
                   "messages");
  Json messages = Json::array();
  for (std::size_t i = 0; i < list.size(); ++i)
    messages.push_back(one_message(list[i], fmt::format("messages[{}].", i)));
  return messages;
}

std::vector<std::string> special_texts(const Tokenizer& tokenizer) {
  std::vector<std::string> texts;
  for (std::int32_t id = 0; id < tokenizer.vocab_size(); ++id)
    if (tokenizer.is_special(id))
      if (std::string text = tokenizer.id_to_token(id); text.size() > 1) texts.push_back(std::move(text));
  std::ranges::sort(texts, [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return texts;
}

std::vector<std::int32_t> message_ids(const Loaded& loaded, const std::vector<std::string>& specials,
                                      const Json& messages, const ChatOptions& options) {
  std::string all;
  for (const Json& message : messages) all += message["content"].get_ref<const std::string&>() + "\n";
  if (!has_special(all, specials)) return tasks::chat_ids(loaded, messages, options);
  const std::string mark = free_mark(all);
  Json marked = messages;
  for (Json& message : marked) message["content"] = broken(message["content"].get<std::string>(), specials, mark);
  const std::string text = tasks::render_chat(loaded, marked, options);
  // The template's own special tokens are whole here; everything between them is ordinary text.
  const Tokenizer& tokenizer = loaded.tokenizer();
  const EncodeOptions plain{
      .add_special_tokens = false, .special_text = SpecialText::kPlain, .want_tokens = false, .want_offsets = false};
  std::vector<std::int32_t> ids;
  std::string ordinary;
  const auto flush = [&] {
    const auto more = tokenizer.encode_ids(without(std::exchange(ordinary, ""), mark), plain);
    ids.insert(ids.end(), more.begin(), more.end());
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::string* special = special_at(text, at, specials);
    if (special == nullptr) {
      ordinary += text[at++];
      continue;
    }
    flush();
    ids.push_back(*tokenizer.token_to_id(*special));
    at += special->size();
  }
  flush();
  return ids;
}

}  // namespace linnet::serve
