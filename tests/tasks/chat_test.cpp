#include "linnet/tasks/chat.h"

#include <gtest/gtest.h>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::tasks {
namespace {

const Json kHello = Json::parse(R"([{"role": "user", "content": "w5 w6"}])");

TEST(Chat, TemplateGetsTheTokenizersSpecialTokensAndNothingIsAdded) {
  const Scratch scratch;
  const auto folder = scratch / "model";
  std::filesystem::copy(fixtures() / "llama/causal", folder);
  write_file(folder / "chat_template.jinja",
             "{{ bos_token }} {% for m in messages %}{{ m.content }} {{ eos_token }}{% endfor %}"
             "{% if add_generation_prompt %} w9{% endif %}");
  const Loaded loaded = load_pretrained(folder);
  const Tokenizer& tokenizer = loaded.tokenizer();
  const std::string bos = tokenizer.id_to_token(*tokenizer.bos_id()), eos = tokenizer.id_to_token(*tokenizer.eos_id());
  EXPECT_EQ(render_chat(loaded, kHello), bos + " w5 w6 " + eos + " w9");
  EXPECT_EQ(chat_ids(loaded, kHello), (std::vector<std::int32_t>{1, 5, 6, 2, 9}));
  EXPECT_EQ(chat_ids(loaded, kHello, {.add_generation_prompt = false}), (std::vector<std::int32_t>{1, 5, 6, 2}));
}

TEST(Chat, AModelWithoutATemplateSaysSo) {
  const Loaded loaded = load_pretrained(fixtures() / "llama/causal");
  try {
    render_chat(loaded, kHello);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(std::string(error.what()).find("no chat template"), std::string::npos);
  }
}

}  // namespace
}  // namespace linnet::tasks
