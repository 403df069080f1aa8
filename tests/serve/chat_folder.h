// A tiny chat model: LLaMA with a template that puts <s> … </s> around each message.
#pragma once

#include <filesystem>
#include <string>

#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::serve {

struct ChatFolder {
  ChatFolder() {
    std::filesystem::copy(fixtures() / "llama/causal", scratch / "m");
    put(scratch / "m" / "chat_template.jinja",
        "{% for m in messages %}<s> {{ m.content }} </s> {% endfor %}{% if add_generation_prompt %}<s>{% endif %}");
  }
  std::filesystem::path path() const { return scratch / "m"; }
  Scratch scratch;
};

}  // namespace linnet::serve
