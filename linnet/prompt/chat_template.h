// A checkpoint's chat template: converts messages to the text format of the model's training.
//
//   ChatTemplate chat(read_file(folder / "chat_template.jinja"), "chat_template.jinja");
//   std::string prompt = chat.render(Json::parse(R"([{"role":"user","content":"Hello"}])"), {.eos_token = "</s>"});
//
// The text already has the special tokens, so encode it without adding any: a second BOS changes the result. The
// language is the Jinja subset of jinja/; a template from a model file is untrusted, so steps, nesting, output and time
// are limited and it can only access the given values.
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
  Json tools = {};                    // array of JSON-schema function descriptions; null: no tools
  Json documents = {};                // array of {"title","text"} objects for retrieval templates; null: none
  bool add_generation_prompt = true;  // end with the start of the assistant's turn
  std::string bos_token = {};         // of the tokenizer; templates insert them themselves
  std::string eos_token = {};
  std::int64_t now = -1;  // time for strftime_now, in seconds since 1970; -1: the clock
  Json extra = {};        // object of further variables ("enable_thinking", "unk_token", …); null: none
};

class ChatTemplate {
 public:
  // Throws kBadInput naming `place` and the line if the source is not a template of the subset.
  ChatTemplate(std::string source, std::string place);

  // `messages` is an array of {"role","content",…} objects. Throws kBadInput if the template rejects them
  // (`raise_exception`), misuses a value, or exceeds a limit.
  std::string render(const Json& messages, const ChatOptions& options = {}) const;

  const std::string& source() const;

 private:
  std::shared_ptr<const jinja::Template> template_;
};

}  // namespace linnet
