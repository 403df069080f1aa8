// A prompt template: text with slots that are filled for every input.
//
//   PromptTemplate tone = PromptTemplate::parse("sentiment-tone");
//   tone.render({{"text", "I love the sunny weather today."}, {"labels", {"positive", "negative", "angry"}}});
//
// Slots are `{{ text }}`, `{{ text_pair }}`, `{{ labels }}` or any other that the caller fills; `{{ labels | join_or
// }}` is "a, b, or c" and `{{ labels | join(" or ") }}` "a or b or c". `{# … #}` is a comment. The value of a slot is
// copied and never parsed as a template.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"

namespace linnet {

namespace jinja {
class Template;
}

// The default of `classify`; its words are " label" (a space, then the label).
inline constexpr std::string_view kDefaultClassifyTemplate =
    "{{ text }}\nQuestion: Is this {{ labels | join_or }}?\nAnswer:";

class PromptTemplate {
 public:
  // A built-in name ("code-language", or "code-language@1" for a fixed version), else a file, else inline text that
  // contains "{{", with the escapes \n, \t and \\. Anything else is kBadInput.
  static PromptTemplate parse(std::string_view name_file_or_text);
  // `source` is used unchanged; `place` names it in errors.
  static PromptTemplate from_source(std::string source, std::string place);
  static PromptTemplate classify_default() {
    return from_source(std::string(kDefaultClassifyTemplate), "default template");
  }
  // "code-language@1", …
  static std::vector<std::string> shipped_names();

  // `slots` is an object. A slot of the template that `slots` lacks is kBadInput naming the available ones.
  std::string render(const Json& slots) const;

  const std::string& source() const;
  const std::string& place() const;

 private:
  std::shared_ptr<const jinja::Template> template_;
};

}  // namespace linnet
