#include "linnet/train/encode/assistant_spans.h"

#include <optional>
#include <string_view>

#include "linnet/base/error.h"

namespace linnet {
namespace {

bool by_assistant(const Json& message) { return message.is_object() && message.value("role", "") == "assistant"; }

// A turn whose only text is its content.
bool only_content(const Json& message) {
  for (const auto& [key, value] : message.items())
    if (key != "role" && key != "content" && !value.is_null()) return false;
  return message.contains("content") && message.at("content").is_string();
}

// Answers with marks in place of their words; a preceding thought stays, since templates look for it.
struct Marked {
  Json messages;
  std::vector<std::string> thoughts, words, marks;  // per answer: thought + words is its content
  std::string salt;                                 // common prefix of all marks
};

Marked mark_answers(const Json& messages, const std::string& text) {
  std::string salt = "LinnetAnswer";
  while (text.find(salt) != std::string::npos) salt += "Q";
  Marked marked{messages, {}, {}, {}, salt};
  for (Json& message : marked.messages) {
    if (!by_assistant(message)) continue;
    const auto content = message.at("content").get<std::string>();
    constexpr std::string_view kEnd = "</think>";
    const auto thought = content.rfind(kEnd);
    const auto begin = thought == std::string::npos
                           ? 0
                           : std::min(content.size(), content.find_first_not_of(" \t\r\n", thought + kEnd.size()));
    marked.thoughts.push_back(content.substr(0, begin));
    marked.words.push_back(content.substr(begin));
    marked.marks.push_back(fmt::format("{}{}X", salt, marked.marks.size()));
    message["content"] = marked.thoughts.back() + marked.marks.back();
  }
  return marked;
}

// The parts of a text between marks, if each mark occurs once and in order.
std::optional<std::vector<std::string_view>> parts_between(std::string_view text, const Marked& marked) {
  std::vector<std::string_view> parts;
  for (const std::string& mark : marked.marks) {
    const auto at = text.find(mark);
    if (at == text.npos) return std::nullopt;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + mark.size());
  }
  parts.push_back(text);
  for (const std::string_view part : parts)
    if (part.find(marked.salt) != part.npos) return std::nullopt;
  return parts;
}

std::string_view without_blanks(std::string_view text, bool front, bool back) {
  while (front && !text.empty() && std::string_view(" \t\r\n").find(text.front()) != text.npos) text.remove_prefix(1);
  while (back && !text.empty() && std::string_view(" \t\r\n").find(text.back()) != text.npos) text.remove_suffix(1);
  return text;
}

// The end of words that begin at `begin`, if `next` follows them, unchanged or without spaces at an end.
std::optional<std::size_t> end_of_words(std::string_view text, std::size_t begin, std::string_view words,
                                        std::string_view next, bool last) {
  for (const auto& [front, back] : {std::pair(false, false), {false, true}, {true, true}, {true, false}}) {
    const std::string_view form = without_blanks(words, front, back);
    const std::string_view rest = text.substr(begin);
    if (!rest.starts_with(form) || !rest.substr(form.size()).starts_with(next)) continue;
    if (!last || rest.size() == form.size() + next.size()) return begin + form.size();
  }
  // Changed by the template: takes the text before `next`.
  if (last) return text.substr(begin).ends_with(next) ? std::optional(text.size() - next.size()) : std::nullopt;
  const auto found = next.empty() ? text.npos : text.find(next, begin);
  return found == text.npos ? std::nullopt : std::optional(found);
}

std::optional<std::string> rendered(const ChatTemplate& chat, const Json& messages, ChatOptions options, bool opened) {
  options.add_generation_prompt = opened;
  try {
    return chat.render(messages, options);
  } catch (const Error& error) {  // some templates reject a chat that ends or begins here
    if (error.kind() != ErrorKind::kBadInput) throw;
    return std::nullopt;
  }
}

Json first_messages(const Json& messages, std::size_t count) {
  Json some = Json::array();
  for (std::size_t i = 0; i < count; ++i) some.push_back(messages[i]);
  return some;
}

// The text that the generation prompt adds to a chat; "" if it adds nothing or changes the rest.
std::string generation_prompt(const ChatTemplate& chat, const Json& before, const ChatOptions& options) {
  const auto plain = rendered(chat, before, options, false), opened = rendered(chat, before, options, true);
  return plain && opened && opened->starts_with(*plain) ? opened->substr(plain->size()) : "";
}

std::vector<TextSpan> find_by_marks(const ChatTemplate& chat, const Json& messages, const ChatOptions& options,
                                    const std::string& text) {
  const Marked marked = mark_answers(messages, text);
  const auto with_marks = rendered(chat, marked.messages, options, false);
  const auto parts = with_marks ? parts_between(*with_marks, marked) : std::nullopt;
  if (!parts) return {};
  std::size_t first = 0, after_last = messages.size();
  while (!by_assistant(messages[first])) ++first;
  while (!by_assistant(messages[after_last - 1])) --after_last;
  const std::string opening = generation_prompt(chat, first_messages(messages, first), options);
  // The text after the last answer if the chat ends with it: the end-of-turn mark.
  const auto ended = rendered(chat, first_messages(marked.messages, after_last), options, false);
  const auto ended_parts = ended ? parts_between(*ended, marked) : std::nullopt;
  const std::string_view mark = ended_parts ? ended_parts->back() : std::string_view();

  const std::string_view whole = text;
  std::vector<TextSpan> spans;
  std::size_t at = 0;
  for (std::size_t i = 0; i < marked.marks.size(); ++i) {
    if (!whole.substr(at).starts_with((*parts)[i])) return {};
    const std::size_t begin = at + (*parts)[i].size();
    const auto end = end_of_words(whole, begin, marked.words[i], (*parts)[i + 1], i + 1 == marked.marks.size());
    if (!end) return {};
    TextSpan span{begin, *end};
    const auto opened = opening.empty() ? whole.npos : whole.substr(at, begin - at).rfind(opening);
    if (opened != whole.npos)
      span.begin = at + opened + opening.size();
    else if (whole.substr(at, begin - at).ends_with(marked.thoughts[i]))
      span.begin -= marked.thoughts[i].size();
    // A space before another turn may be one token with that turn's first word.
    const bool ends_text = *end + mark.size() == whole.size();
    const bool shown = ends_text || !without_blanks(mark, true, true).empty();
    if (shown && whole.substr(*end).starts_with(mark)) span.end += mark.size();
    spans.push_back(span);
    at = *end;
  }
  return spans;
}

// Answers that are more than their content (tool calls): finds each by rendering the chat before it with a generation
// prompt, and with it. The work is quadratic in the turns, so there is a limit.
std::vector<TextSpan> find_by_beginnings(const ChatTemplate& chat, const Json& messages, const ChatOptions& options,
                                         const std::string& text) {
  constexpr std::size_t kMostBytes = std::size_t{32} << 20;
  std::vector<TextSpan> spans;
  std::size_t made = 0;
  for (std::size_t i = 0; i < messages.size() && made < kMostBytes; ++i) {
    if (!by_assistant(messages[i])) continue;
    const auto head = rendered(chat, first_messages(messages, i), options, true);
    const auto with = rendered(chat, first_messages(messages, i + 1), options, false);
    if (!head || !with) continue;
    made += head->size() + with->size();
    if (text.starts_with(*head) && text.starts_with(*with) && head->size() < with->size())
      spans.push_back({head->size(), with->size()});
  }
  return spans;
}

}  // namespace

AssistantText find_assistant_text(const ChatTemplate& chat, const Json& messages, ChatOptions options) {
  options.add_generation_prompt = false;
  AssistantText found{chat.render(messages, options), {}};
  bool any = false, plain = true;
  for (const Json& message : messages) {
    if (!by_assistant(message)) continue;
    any = true;
    plain = plain && only_content(message);
  }
  if (!any) return found;
  if (plain) found.spans = find_by_marks(chat, messages, options, found.text);
  if (found.spans.empty()) found.spans = find_by_beginnings(chat, messages, options, found.text);
  return found;
}

}  // namespace linnet
