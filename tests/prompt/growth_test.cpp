// Chat templates are parsed and rendered in time and memory linear in them and in the messages.
#include "tests/growth.h"

#include "linnet/prompt/chat_template.h"

namespace linnet {
namespace {

using test::expect_linear;

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string all;
  while (all.size() + text.size() <= bytes) all += text;
  return all;
}

TEST(Growth, ChatTemplatesAreParsed) {
  for (const char* unit : {"{{ a }}", "{% if a %}b{% endif %}", "{{ 'text' | upper }} ", "text ", "{# a #}",
                           "{% set x = [1, 'a'] %}", "{%- for m in messages -%} {{- m['role'] -}} {%- endfor -%}"})
    expect_linear(
        16 << 10, [&](std::size_t n) { return repeated(unit, n); },
        [](const std::string& source) { ChatTemplate(source, "t.jinja"); });
  expect_linear(
      16 << 10, [](std::size_t n) { return "{{ [" + repeated("1,", n - 8) + "1] }}"; },
      [](const std::string& source) { ChatTemplate(source, "t.jinja"); });
}

TEST(Growth, MessagesAreRendered) {
  const ChatTemplate chat(
      "{% for m in messages %}<|{{ m.role }}|>{{ m['content'] | trim }}{% if m.content is string and 'zz' in m.content "
      "%}!{% endif %}"
      "{{ m.content.split('x') | length }}{{ m.content | replace('\n', ' ') }}{{ m | tojson }}{{ eos_token }}{% endfor "
      "%}",
      "t.jinja");
  const auto many = [](std::size_t n) { return std::string(n, '.'); };
  expect_linear(500, many, [&](const std::string& parts) {
    Json messages = Json::array();
    for (std::size_t i = 0; i < parts.size(); ++i) messages.push_back({{"role", "user"}, {"content", "Hello\nyou"}});
    chat.render(messages, {.now = 0});
  });
  expect_linear(64 << 10, many, [&](const std::string& text) {
    chat.render(Json::array({{{"role", "user"}, {"content", text}}}), {.now = 0});
  });
}

}  // namespace
}  // namespace linnet
