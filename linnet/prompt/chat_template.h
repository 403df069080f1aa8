// A checkpoint's chat template: messages become the one text the model was trained on.
//
//   ChatTemplate chat(read_file(folder / "chat_template.jinja"), "chat_template.jinja");
//   std::string prompt = chat.render(Json::parse(R"([{"role":"user","content":"Hello"}])"), {.eos_token = "</s>"});
//
// The text already holds the special tokens: encode it without adding any (conventions 4.3).
// The language is the Jinja subset of jinja/; a template from a model file is data, so steps, nesting, output and time
// are bounded and nothing outside the given values can be reached.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "linnet/base/json.h"

namespace linnet {

namespace jinja {
class Template;
}

struct ChatOptions {
  Json tools = {};                    // array of JSON-schema function descriptions; null: the model is offered none
  Json documents = {};                // array of {"title","text"} objects for retrieval templates; null: none
  bool add_generation_prompt = true;  // end with the opening of the assistant's turn
  std::string bos_token = {};         // the tokenizer's; templates write them themselves
  std::string eos_token = {};
  std::int64_t now = -1;  // what strftime_now reads, in seconds since 1970; -1: the clock
  Json extra = {};        // object of further variables ("enable_thinking", "unk_token", …); null: none
};

class ChatTemplate {
 public:
  // Throws kBadInput naming `place` and the line where the source is not a template of the subset.
  ChatTemplate(std::string source, std::string place);

  // `messages` is an array of {"role","content",…} objects. Throws kBadInput where the template refuses them
  // (`raise_exception`), uses a value wrongly, or passes a limit.
  std::string render(const Json& messages, const ChatOptions& options = {}) const;

  const std::string& source() const;

 private:
  std::shared_ptr<const jinja::Template> template_;
};

}  // namespace linnet
