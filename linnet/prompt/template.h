// A prompt template: text with slots, written once and filled for every input.
//
//   PromptTemplate tone = PromptTemplate::parse("sentiment-tone");
//   tone.render({{"text", "I love the sunny weather today."}, {"labels", {"positive", "negative", "angry"}}});
//
// Slots are `{{ text }}`, `{{ text_pair }}`, `{{ labels }}` or whatever the caller fills; `{{ labels | join_or }}` is
// "a, b, or c" and `{{ labels | join(" or ") }}` "a or b or c". `{# … #}` is never sent. What fills a slot is copied,
// never read as a template again.
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

// What `classify` asks when no template is given; its words are " label" (a blank, then the label).
inline constexpr std::string_view kDefaultClassifyTemplate =
    "{{ text }}\nQuestion: Is this {{ labels | join_or }}?\nAnswer:";

class PromptTemplate {
 public:
  // A shipped name ("code-language", or "code-language@1" for that version for ever), else a
  // file, else inline text holding "{{", where \n, \t and \\ are escapes. kBadInput where it is none of them.
  static PromptTemplate parse(std::string_view name_file_or_text);
  // `source` exactly as it stands; `place` names it in errors.
  static PromptTemplate from_source(std::string source, std::string place);
  static PromptTemplate classify_default() {
    return from_source(std::string(kDefaultClassifyTemplate), "default template");
  }
  // "code-language@1", …
  static std::vector<std::string> shipped_names();

  // `slots` is an object. A slot the template uses and `slots` lacks is kBadInput, naming the ones there are.
  std::string render(const Json& slots) const;

  const std::string& source() const;
  const std::string& place() const;

 private:
  std::shared_ptr<const jinja::Template> template_;
};

}  // namespace linnet
