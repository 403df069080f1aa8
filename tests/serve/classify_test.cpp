// POST /v1/classify, over a socket: every engine gives the answers of the library.
#include <gtest/gtest.h>

#include "linnet/tasks/classify_json.h"
#include "tests/serve/tiny_server.h"

namespace linnet::serve {
namespace {

const std::vector<std::string> kTexts{"w5 w6", "w7 w8 w9", "w10"};

void expect_same(const std::string& fixture, const tasks::ClassifyOptions& options, const Json& fields) {
  SCOPED_TRACE(fixture);
  const TinyServer tiny(fixture);
  const auto expected = tasks::Classifier(tiny.loaded, options).classify(kTexts);
  Json body{{"model", "m"}, {"input", kTexts}};
  body.update(fields);
  const Answer answer = tiny.post("/v1/classify", body);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json json = answer.json();
  const Json& data = json["data"];
  ASSERT_EQ(data.size(), kTexts.size());
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    Json entry{{"index", i}};
    entry.update(tasks::classification_json(expected[i]));
    EXPECT_EQ(dump_json(data[i]), dump_json(entry));
  }
}

TEST(Classify, GivesTheLibrarysAnswers) {
  const std::vector<std::string> labels{"w20", "w21"};
  const auto prompt = [](const char* text) { return tasks::inline_template(text); };
  expect_same("llama/causal", {.labels = labels, .engine = tasks::Engine::kScore, .prompt = prompt("{{ text }} w9")},
              {{"labels", labels}, {"engine", "score"}, {"template", "{{ text }} w9"}});
  expect_same("llama/causal",
              {.labels = labels,
               .label_words = {"w20= w7, w8 w10"},
               .prompt = prompt("w9 w9 w8 {{ text }}"),
               .normalize = tasks::Normalize::kTokens},
              {{"labels", labels},
               {"label_words", {"w20= w7, w8 w10"}},
               {"template", "w9 w9 w8 {{ text }}"},
               {"normalize", "tokens"}});
  expect_same("llama/causal", {.labels = labels, .engine = tasks::Engine::kGenerate, .prompt = prompt("{{ text }} w9")},
              {{"labels", labels}, {"engine", "generate"}, {"template", "{{ text }} w9"}});
  expect_same("bert/masked",
              {.labels = labels, .engine = tasks::Engine::kMask, .prompt = prompt("{{ text }} w9 {{ mask }}")},
              {{"labels", labels}, {"engine", "mask"}, {"template", "{{ text }} w9 {{ mask }}"}});
  expect_same("bert/classifier", {}, Json::object());
  expect_same("bert/multi-label", {}, Json::object());
  expect_same("bert/regression", {}, Json::object());
  expect_same("tasks/nli", {.labels = labels, .engine = tasks::Engine::kNli}, {{"labels", labels}, {"engine", "nli"}});
  expect_same("tasks/nli", {.labels = labels, .engine = tasks::Engine::kNli, .multi_label = true},
              {{"labels", labels}, {"engine", "nli"}, {"multi_label", true}});
}

TEST(Classify, RefusesWhatDoesNotFit) {
  const TinyServer tiny("llama/causal");
  const auto status = [&](const Json& body) { return tiny.post("/v1/classify", body).status; };
  const Json labels = {"w20", "w21"};
  EXPECT_EQ(status({{"input", "w5"}, {"labels", labels}}), 200);
  EXPECT_EQ(status({{"input", "w5"}}), 400) << "no labels";
  EXPECT_EQ(status({{"labels", labels}}), 400) << "no text";
  EXPECT_EQ(status({{"input", "w5"}, {"labels", labels}, {"engine", "head"}}), 400) << "no head";
  EXPECT_EQ(status({{"input", "w5"}, {"labels", labels}, {"template", "/etc/passwd"}}), 400) << "a file";
  EXPECT_EQ(status({{"input", "w5"}, {"labels", labels}, {"template", "{{ other }}"}}), 400) << "an unknown slot";
  EXPECT_EQ(status({{"input", "w5"}, {"labels", labels}, {"calibration", "content-free"}}), 400);
  EXPECT_EQ(status({{"input", "w5"}, {"labels", labels}, {"top", 1}}), 400);
}

}  // namespace
}  // namespace linnet::serve
