#include "linnet/prompt/template.h"

#include <algorithm>
#include <filesystem>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/jinja/template.h"

namespace linnet {
namespace {

// The built-in prompts. A released version never changes: a better wording gets a new number, and a name without one
// means the highest.
struct Shipped {
  std::string_view name;
  std::string_view source;
};
constexpr Shipped kShipped[] = {
    {"answer-question@1",
     "{{ text }}\n\nAnswer the question with words of the text above, as shortly as possible.\nQuestion: {{ question "
     "}}\nAnswer:"},
    {"code-above@1", "Code:\n{{ text }}\n\nThe programming language of the code above is"},
    {"code-language@1",
     "{{ text }}\nThe above function is in which of these languages: {{ labels | join(\" or \") }}?"},
    {"review-sentiment@1", "Review: {{ text }}\nSentiment:"},
    {"sentiment-tone@1", "{{ text }}\nWhat is the tone of this sentence {{ labels | join_or }}?"},
    {"summarize@1", "{{ text }}\n\nSummarize the text above in a few sentences.\nSummary:"},
    {"summarize-words@1",
     "Summarize the following {{ from | default(\"French\") }} text in {{ to | default(\"English\") }} in less than "
     "{{ words | default(100) }} words: {{ text }}"},
    {"translate@1", "Translate this text from {{ from }} to {{ to }}.\n{{ from }}: {{ text }}\n{{ to }}:"},
};

std::string_view without_version(std::string_view name) { return name.substr(0, name.find('@')); }

const Shipped* find_shipped(std::string_view name) {
  const Shipped* best = nullptr;
  for (const Shipped& shipped : kShipped) {
    if (shipped.name == name) return &shipped;
    if (without_version(shipped.name) == name) best = &shipped;
  }
  return best;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// All built-in names, those most similar to `name` first.
std::string nearest_names(std::string_view name) {
  std::vector<std::string> names = PromptTemplate::shipped_names();
  std::stable_sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return edit_distance(without_version(a), name) < edit_distance(without_version(b), name);
  });
  return fmt::format("{}", fmt::join(names, ", "));
}

// Replaces \n, \t and \\ in a text from a shell.
std::string with_escapes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && (next == 'n' || next == 't' || next == '\\')) {
      out += next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

PromptTemplate PromptTemplate::parse(std::string_view text) {
  if (const Shipped* shipped = find_shipped(text))
    return from_source(std::string(shipped->source), std::string(shipped->name));
  std::error_code none;
  const bool may_be_file = text.size() < 4096 && text.find('\0') == text.npos && text.find('\n') == text.npos;
  if (may_be_file && std::filesystem::is_regular_file(std::filesystem::path(text), none)) {
    std::string source = read_file(std::filesystem::path(text));
    if (source.starts_with("\xEF\xBB\xBF")) source.erase(0, 3);
    if (source.ends_with('\n')) source.pop_back();  // the newline that editors add
    if (source.ends_with('\r')) source.pop_back();
    return from_source(std::move(source), std::string(text));
  }
  check(text.find("{{") != text.npos, ErrorKind::kBadInput,
        "'{}' is no shipped template, no file, and holds no '{{{{'; shipped are: {}", printable(text, 80),
        nearest_names(without_version(text)));
  return from_source(with_escapes(text), "template");
}

PromptTemplate PromptTemplate::from_source(std::string source, std::string place) {
  PromptTemplate made;
  made.template_ =
      std::make_shared<const jinja::Template>(std::move(source), std::move(place), jinja::LastNewline::kKeep);
  return made;
}

std::vector<std::string> PromptTemplate::shipped_names() {
  std::vector<std::string> names;
  for (const Shipped& shipped : kShipped) names.emplace_back(shipped.name);
  return names;
}

const std::string& PromptTemplate::source() const { return template_->source(); }
const std::string& PromptTemplate::place() const { return template_->place(); }

std::string PromptTemplate::render(const Json& slots) const {
  check(slots.is_object(), "[prompt] the slots are not an object");
  jinja::Template::Names names;
  try {
    for (const auto& [name, value] : slots.items()) names.emplace_back(name, jinja::from_json(value));
  } catch (const jinja::Fault& mistake) {
    fail(ErrorKind::kBadInput, "{}: a slot: {}; correct the row", place(), printable(mistake.what()));
  }
  return template_->render(names, {.missing = jinja::Missing::kFault});
}

}  // namespace linnet
