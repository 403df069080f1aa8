// Any text as a chat template, rendered over a conversation: it ends within its limits with a text or an error.
#include "linnet/prompt/chat_template.h"

#include "fuzz/input.h"

using namespace linnet;

FUZZ_TARGET(bytes) {
  static const Json messages = Json::parse(
      R"([{"role":"system","content":"Be brief."},{"role":"user","content":"Hi <|im_end|> {{ x }}"},
          {"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":{"a":[1,2.5,true]}}}]},
          {"role":"user","content":[{"type":"text","text":"more"}]},
          {"role":"tool","content":"12","name":"f"},{"role":"user","content":"a, b\nc  d"}])");
  static const ChatOptions options{
      .tools = Json::parse(R"([{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}])"),
      .bos_token = "<s>",
      .eos_token = "</s>",
      .now = 0};
  fuzz::survives([&] { ChatTemplate(std::string(bytes), "input.jinja").render(messages, options); });
}
