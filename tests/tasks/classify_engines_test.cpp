// The engines that do not score label words after a prompt.
#include <gmock/gmock.h>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "linnet/base/json.h"
#include "linnet/tasks/classify.h"
#include "tests/scratch.h"
#include "tests/tasks/reference_calls.h"
#include "tests/tasks/tiny.h"

namespace linnet::tasks {
namespace {

using ::testing::HasSubstr;

double score_of(const Classification& c, const std::string& label) {
  for (const LabelScore& s : c.scores)
    if (s.label == label) return s.score;
  return -1;
}

std::vector<float> head_outputs(const models::Model& model, const Ids& ids, const Ids& types = {}) {
  nn::Packed batch;
  batch.add(ids, types);
  const Tensor out = model.classify(model.pooled(model.forward(batch), batch));
  return {out.data<float>().begin(), out.data<float>().end()};
}

TEST(MatchLabel, ExactlyByItsBeginningOrNearly) {
  const std::vector<std::string> labels{"positive", "negative", "very positive", "C++"};
  const auto match = [&](std::string_view text) { return match_label(text, labels); };
  EXPECT_EQ(match("positive"), 0U);
  EXPECT_EQ(match("  Negative.\n"), 1U);
  EXPECT_EQ(match("\"positive\" because it is sunny"), 0U);
  EXPECT_EQ(match("Very positive!"), 2U);
  EXPECT_EQ(match("very positively so"), 2U);
  EXPECT_EQ(match("positve"), 0U);  // a letter is missing
  EXPECT_EQ(match("negatives, mostly"), 1U);
  EXPECT_EQ(match("C++ code"), 3U);
  EXPECT_EQ(match("the text is positive"), std::nullopt);
  EXPECT_EQ(match("banana"), std::nullopt);
  EXPECT_EQ(match(""), std::nullopt);
  EXPECT_EQ(match(" ... \n"), std::nullopt);
}

TEST(GenerateEngine, MapsTheGreedyTextToALabelOrGivesItRaw) {
  const Loaded p = tiny("llama/causal");
  const Ids prompt{1, 5, 6, 9};
  const auto scores = next_logprobs(*p.model, prompt, 3);
  const auto best = static_cast<std::int32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  const std::string said = p.tokenizer().id_to_token(best);
  ClassifyOptions o{
      .labels = {said, "zzzzzz"}, .engine = Engine::kGenerate, .prompt = inline_template("{{ text }} w9")};
  const Classification hit = Classifier(p, o).classify({"w5 w6"}).front();
  EXPECT_EQ(hit.label, said);
  EXPECT_THAT(hit.raw, ::testing::StartsWith(said));
  EXPECT_EQ(score_of(hit, said), 1);
  EXPECT_EQ(score_of(hit, "zzzzzz"), 0);
  o.labels = {"zzzzzz", "yyyyyy"};
  const Classification miss = Classifier(p, o).classify({"w5 w6"}).front();
  EXPECT_FALSE(miss.label);
  EXPECT_THAT(miss.raw, ::testing::StartsWith(said));
  EXPECT_TRUE(miss.scores.empty());
}

// log p(label's words | the encoder's text), and calibration by it.
TEST(ScoreEngine, AnEncoderDecoderReadsTheTemplateAndItsDecoderTheLabel) {
  const Scratch scratch;
  const Loaded p = tiny_seq2seq(scratch);
  ClassifyOptions o{.labels = {"good", "bad"},
                    .label_words = {"good= w7, w8 w10", "bad= w11"},
                    .prompt = inline_template("{{ text }} w9")};
  const Classifier plain(p, o);
  EXPECT_EQ(plain.engine(), Engine::kScore);
  const auto odds = [&](const Ids& encoder) {
    const auto logprob = [&](const Ids& word) { return seq2seq_logprob(*p.model, encoder, {0}, word); };
    return std::vector<double>{log_sum({logprob({7}), logprob({8, 10})}), logprob({11})};
  };
  const std::vector<std::string> texts{"w5 w6", "w20 w21 w22"};
  const auto answers = plain.classify(texts);
  EXPECT_NEAR(score_of(answers[0], "good"), softmax(odds({1, 5, 6, 9, 2}))[0], 1e-5);
  EXPECT_NEAR(score_of(answers[1], "good"), softmax(odds({1, 20, 21, 22, 9, 2}))[0], 1e-5);
  o.calibrate = true;
  const Classifier calibrated(p, o);
  std::vector<double> prior(2);
  for (const std::string text : {"N/A w9", " w9", "[MASK] w9"}) {
    const auto share = softmax(odds(p.tokenizer().encode_ids(text)));
    prior[0] += share[0] / 3, prior[1] += share[1] / 3;
  }
  auto adjusted = odds({1, 5, 6, 9, 2});
  for (std::size_t l = 0; l < 2; ++l) adjusted[l] -= std::log(prior[l]);
  EXPECT_NEAR(score_of(calibrated.classify(texts)[0], "good"), softmax(adjusted)[0], 1e-5);
}

TEST(GenerateEngine, AnEncoderDecoderReadsThePrompt) {
  const Scratch scratch;
  const Loaded p = tiny_seq2seq(scratch);
  const Ids encoder{1, 5, 6, 9, 2};
  std::int32_t best = 0;
  for (std::int32_t id = 1; id < 60; ++id)
    if (seq2seq_logprob(*p.model, encoder, {0}, {id}) > seq2seq_logprob(*p.model, encoder, {0}, {best})) best = id;
  const std::string said = p.tokenizer().id_to_token(best);
  const ClassifyOptions o{
      .labels = {said, "zzzzzz"}, .engine = Engine::kGenerate, .prompt = inline_template("{{ text }} w9")};
  EXPECT_THAT(Classifier(p, o).classify({"w5 w6"}).front().raw, ::testing::StartsWith(said));
}

TEST(MaskEngine, ScoresTheMaskedWord) {
  const Loaded p = tiny("bert/masked");
  const ClassifyOptions o{.labels = {"good", "bad"},
                          .label_words = {"good=w7,w8", "bad=w11"},
                          .prompt = inline_template("{{ text }} {{ mask }} w9")};
  const Classifier classifier(p, o);
  EXPECT_EQ(classifier.engine(), Engine::kMask);
  const std::vector<std::string> texts{"w5 w6", "w20", "w21 w22 w23"};
  const auto answers = classifier.classify(texts);
  for (std::size_t t = 0; t < texts.size(); ++t) {
    const Ids ids = p.tokenizer().encode_ids(texts[t] + " [MASK] w9");
    const auto at = static_cast<std::int32_t>(std::find(ids.begin(), ids.end(), 4) - ids.begin());
    const auto row = next_logprobs(*p.model, ids, at);
    const auto share = softmax({log_sum({row[7], row[8]}), row[11]});
    EXPECT_NEAR(score_of(answers[t], "good"), share[0], 1e-5) << texts[t];
  }
}

TEST(MaskEngine, WordsOfSeveralTokensAndTemplatesWithoutAMaskAreRefused) {
  const Loaded p = tiny("bert/masked");
  const auto run = [&](std::vector<std::string> words, const std::string& prompt) -> std::string {
    try {
      const ClassifyOptions o{
          .labels = {"good", "bad"}, .label_words = std::move(words), .prompt = inline_template(prompt)};
      Classifier(p, o).classify({"w5"});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(run({"good=w7 w8", "bad=w9"}, "{{ text }} {{ mask }}"), HasSubstr("'w7 w8' is 2 tokens"));
  EXPECT_THAT(run({"good=w7", "bad=w9"}, "{{ text }}"), HasSubstr("{{ mask }}"));
  EXPECT_THAT(run({"good=w7", "bad=w9"}, "{{ mask }} {{ mask }}"), HasSubstr("{{ mask }}"));
}

TEST(NliEngine, IsTheEntailmentOfEachHypothesis) {
  models::LoadOptions load;
  load.labels = {"contradiction", "neutral", "entailment"};
  const Loaded p = tiny("bert/classifier", load);
  const ClassifyOptions o{.labels = {"w30", "w31", "w32"}, .prompt = inline_template("w40 {{ label }}")};
  const Classifier classifier(p, o);
  EXPECT_EQ(classifier.engine(), Engine::kNli);
  const Classification c = classifier.classify({"w5 w6"}).front();
  std::vector<double> entailment;
  for (const std::int32_t label : {30, 31, 32})
    entailment.push_back(head_outputs(*p.model, {1, 5, 6, 2, 40, label, 2}, {0, 0, 0, 0, 1, 1, 1})[2]);
  const auto share = softmax(entailment);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(score_of(c, o.labels[i]), share[i], 1e-5);
}

class ZeroShotReference : public ::testing::TestWithParam<const char*> {};

TEST_P(ZeroShotReference, IsThePipelines) {
  const Loaded p = tiny(std::string("tasks/") + GetParam());
  for (const Json& call : reference_calls(GetParam())) {
    ClassifyOptions o{.labels = call.at("labels").get<std::vector<std::string>>(),
                      .multi_label = call.at("multi_label").get<bool>()};
    if (call.contains("hypothesis_template"))
      o.prompt = hypothesis_template(call.at("hypothesis_template").get<std::string>());
    const Classification c = Classifier(p, o).classify({call.at("text").get<std::string>()}).front();
    const Json &labels = call.at("result").at("labels"), &scores = call.at("result").at("scores");
    ASSERT_EQ(c.scores.size(), labels.size());
    for (std::size_t i = 0; i < labels.size(); ++i) {  // equal scores may be in any order
      EXPECT_NEAR(score_of(c, labels[i].get<std::string>()), scores[i].get<double>(), 1e-5) << call.dump();
      if (i > 0) {
        EXPECT_GE(c.scores[i - 1].score, c.scores[i].score);
      }
    }
  }
}

// The second one has two classes, entailment first.
INSTANTIATE_TEST_SUITE_P(Heads, ZeroShotReference, ::testing::Values("nli", "nli-two"));

TEST(NliEngine, AHypothesisHasAPlaceForTheLabel) {
  EXPECT_EQ(hypothesis_template("It is about {}.").source(), "It is about {{ label }}.");
  for (const char* wrong : {"no place", "{label}", "{} and {", "{{}}"})
    EXPECT_THROW(hypothesis_template(wrong), Error) << wrong;
  const Loaded p = tiny("bert/classifier");
  EXPECT_THROW(Classifier(p, {.multi_label = true}), Error);
}

TEST(HeadEngine, IsTheSoftmaxOfTheHead) {
  const Loaded p = tiny("llama/classifier");
  const Classifier classifier(p, {});
  EXPECT_THAT(classifier.labels(), ::testing::ElementsAre("red", "green", "blue"));
  const std::vector<std::string> texts{"w5 w6", "w20 w21 w22", "w7"};
  const auto answers = classifier.classify(texts);
  for (std::size_t t = 0; t < texts.size(); ++t) {
    const auto out = head_outputs(*p.model, p.tokenizer().encode_ids(texts[t]));
    const auto share = softmax({out.begin(), out.end()});
    for (std::size_t l = 0; l < 3; ++l) EXPECT_NEAR(score_of(answers[t], classifier.labels()[l]), share[l], 1e-6);
    EXPECT_NEAR(answers[t].scores[0].logprob, std::log(answers[t].scores[0].score), 1e-9);
    EXPECT_NEAR(answers[t].margin, answers[t].scores[0].score - answers[t].scores[1].score, 1e-12);
  }
}

TEST(HeadEngine, PairsAreTwoSegments) {
  const Loaded p = tiny("bert/classifier");
  const std::vector<TextInput> inputs{{"w5", "w6 w7"}, {"w5 w6 w7", ""}};
  const auto answers = Classifier(p, {}).classify(inputs);
  const auto out = head_outputs(*p.model, {1, 5, 2, 6, 7, 2}, {0, 0, 0, 1, 1, 1});
  EXPECT_NEAR(score_of(answers[0], "red"), softmax({out.begin(), out.end()})[0], 1e-6);
  EXPECT_GT(std::abs(score_of(answers[0], "red") - score_of(answers[1], "red")), 1e-6);
}

// Transformers' pipeline: a sigmoid per label for several labels, the value for a regression.
TEST(HeadEngine, SeveralLabelsAreIndependentAndARegressionIsItsNumber) {
  const Loaded many = tiny("bert/multi-label"), number = tiny("bert/regression");
  const Classification c = Classifier(many, {.abstain_below = 0.999999}).classify({"w5 w6"}).front();
  const auto out = head_outputs(*many.model, {1, 5, 6, 2});
  std::vector<double> each;
  for (std::size_t l = 0; l < 3; ++l) {
    each.push_back(1 / (1 + std::exp(-static_cast<double>(out[l]))));
    EXPECT_NEAR(score_of(c, many.model->config().labels[l]), each[l], 1e-6);
  }
  std::sort(each.rbegin(), each.rend());
  EXPECT_NEAR(c.margin, each[0] - each[1], 1e-6);
  EXPECT_EQ(c.abstained, each[0] < 0.999999);
  for (const char* text : {"w5 w6", "w20", "w31 w7"}) {
    const Classification r = Classifier(number, {}).classify({text}).front();
    EXPECT_NEAR(r.score, head_outputs(*number.model, number.tokenizer().encode_ids(text))[0], 1e-6);
    EXPECT_EQ(r.label, "value");  // it was LABEL_0 before
  }
}

TEST(HeadEngine, LongTextsAreCutToTheModelsPositions) {
  const Loaded p = tiny("bert/classifier");  // 40 positions
  std::string text;
  for (int i = 0; i < 100; ++i) text += " w" + std::to_string(5 + i % 50);
  Ids ids = p.tokenizer().encode_ids(text);
  ids.resize(39), ids.push_back(2);
  const auto out = head_outputs(*p.model, ids);
  EXPECT_NEAR(score_of(Classifier(p, {}).classify({text}).front(), "red"), softmax({out.begin(), out.end()})[0], 1e-6);
}

TEST(HeadEngine, AnUntrainedHeadOrOtherLabelsAreRefused) {
  models::LoadOptions load;
  load.head = models::HeadKind::kSequenceClass, load.labels = {"a", "b"};
  const Loaded p = tiny("bert/masked", load);
  EXPECT_THAT(refusal([&] { Classifier(p, {}); }), HasSubstr("never trained"));
  EXPECT_NO_THROW(Classifier(p, {.allow_untrained = true}).classify({"w5"}));
  const Loaded trained = tiny("bert/classifier");
  EXPECT_THROW(Classifier(trained, {.labels = {"red", "pink"}}), Error);
  EXPECT_NO_THROW(Classifier(trained, {.labels = {"blue", "green", "red"}}));
}

// A text over the context is truncated on the tokenizer's side, with a note.
TEST(HeadEngine, TextsAreCutOnTheSideOfTheTokenizer) {
  Scratch scratch;
  std::filesystem::copy(fixtures() / "bert/classifier", scratch / "m");
  Json config = read_json(scratch / "m/tokenizer_config.json");
  config["truncation_side"] = "left";
  put(scratch / "m/tokenizer_config.json", config.dump());
  const Loaded p = load_pretrained(scratch / "m", {.dtype = models::WeightType::kF32});
  const std::int64_t room = p.model->context() - 2;  // [CLS] and [SEP]
  std::string whole = "w60 w61 w62", end;
  for (std::int64_t i = 0; i < room; ++i) end += (i == 0 ? "w" : " w") + std::to_string(5 + i % 40);
  const Classifier classifier(p, {});
  testing::internal::CaptureStderr();
  const auto cut = classifier.classify(std::vector<std::string>{whole + " " + end});
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("its last part is kept"));
  const auto last = classifier.classify(std::vector<std::string>{end});
  for (const LabelScore& s : last[0].scores) EXPECT_NEAR(score_of(cut[0], s.label), s.score, 1e-6) << s.label;
}

}  // namespace
}  // namespace linnet::tasks
