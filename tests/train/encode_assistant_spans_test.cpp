#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "linnet/train/encode/assistant_spans.h"

namespace linnet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// The targets of a chat.
std::vector<std::string> learned(const std::string& source, const std::string& messages) {
  const ChatTemplate chat(source, "template");
  const AssistantText found = find_assistant_text(chat, Json::parse(messages), {});
  std::vector<std::string> texts;
  for (const TextSpan& span : found.spans) texts.push_back(found.text.substr(span.begin, span.end - span.begin));
  return texts;
}

const std::string kTwoTurns = R"([{"role":"user","content":"u1"},{"role":"assistant","content":"a1"},
                                  {"role":"user","content":"u2"},{"role":"assistant","content":"a2"}])";
const std::string kOpening = "{% if add_generation_prompt %}<|assistant|>{% endif %}";

TEST(AssistantSpans, OfAPlainTemplate) {
  const std::string source = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}" + kOpening;
  EXPECT_THAT(learned(source, kTwoTurns), ElementsAre("a1<|end|>", "a2<|end|>"));
  EXPECT_THAT(
      learned(source,
              R"([{"role":"user","content":"a"},{"role":"assistant","content":"a"},{"role":"user","content":"a"}])"),
      ElementsAre("a<|end|>"));
}

// A generation prompt that starts a thought, which the turns of the chat do not have.
TEST(AssistantSpans, WhereTheOpeningIsNotInTheText) {
  const std::string source =
      "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
      "{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}";
  EXPECT_THAT(learned(source, kTwoTurns), ElementsAre("a1<|end|>", "a2<|end|>"));
}

// An empty thought only before the last answer, which the model generates.
TEST(AssistantSpans, WhereTheLastTurnHasAThought) {
  const std::string source =
      "{% for m in messages %}<|{{ m.role }}|>"
      "{% if m.role == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}{{ "
      "m.content.split('</think>')[-1] }}<|end|>"
      "{% endfor %}" +
      kOpening;
  EXPECT_THAT(learned(source, kTwoTurns), ElementsAre("a1<|end|>", "<think>\n\n</think>\n\na2<|end|>"));
}

// A mark only at the last turn, and one after the user's turns.
TEST(AssistantSpans, WhereOnlyTheLastTurnHasAMark) {
  const std::string source =
      "{% for m in messages %}{{ m.role }}: {{ m.content }}{% if loop.last %}</s>{% else %}\n{% endif %}{% endfor %}"
      "{% if add_generation_prompt %}assistant: {% endif %}";
  EXPECT_THAT(learned(source, kTwoTurns), ElementsAre("a1", "a2</s>"));
}

TEST(AssistantSpans, WhereContentIsTrimmed) {
  const std::string source = "{% for m in messages %}[{{ m.role }}]{{ m.content | trim }}\n{% endfor %}";
  EXPECT_THAT(
      learned(source, R"([{"role":"user","content":" q "},{"role":"assistant","content":" an answer\nof two \n"}])"),
      ElementsAre("an answer\nof two\n"));
}

TEST(AssistantSpans, CallsOfToolsAreLearned) {
  const std::string source =
      "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% if m.tool_calls %}CALL {{ m.tool_calls[0] }}{% endif "
      "%}<|end|>"
      "{% endfor %}" +
      kOpening;
  EXPECT_THAT(
      learned(source, R"([{"role":"user","content":"u"},{"role":"assistant","content":"","tool_calls":["f"]}])"),
      ElementsAre("CALL f<|end|>"));
}

// Without a turn of the assistant, or if a template does not show it, there is no target.
TEST(AssistantSpans, NothingWithoutAnAnswer) {
  const std::string source = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}";
  EXPECT_THAT(learned(source, R"([{"role":"user","content":"u"}])"), IsEmpty());
  EXPECT_THAT(
      learned("{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}", kTwoTurns),
      IsEmpty());
  EXPECT_THAT(learned("{% for m in messages %}{{ m.content | upper }}{% endfor %}", kTwoTurns),
              ElementsAre("A1", "A2"));
}

// The work for a chat is limited, not quadratic.
TEST(AssistantSpans, ManyTurnsAreFound) {
  Json messages = Json::array();
  for (int i = 0; i < 1000; ++i)
    messages.push_back({{"role", i % 2 == 0 ? "user" : "assistant"}, {"content", "text " + std::to_string(i)}});
  EXPECT_EQ(
      learned("{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}" + kOpening, messages.dump())
          .size(),
      500u);
}

}  // namespace
}  // namespace linnet
