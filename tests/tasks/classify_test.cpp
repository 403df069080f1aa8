#include "linnet/tasks/classify.h"

#include <gmock/gmock.h>

#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "linnet/base/json.h"
#include "tests/scratch.h"
#include "tests/tasks/tiny.h"

namespace linnet::tasks {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

ClassifyOptions options(const std::string& prompt = "{{ text }} w9") {
  return {
      .labels = {"good", "bad"}, .label_words = {"good= w7, w8 w10", "bad= w11"}, .prompt = inline_template(prompt)};
}

const LabelScore& of(const Classification& c, const std::string& label) {
  for (const LabelScore& s : c.scores)
    if (s.label == label) return s;
  throw std::runtime_error("no score of " + label);
}

std::string message_of(const auto& body, ErrorKind kind) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

class Scores : public ::testing::Test {
 protected:
  Scores() : p_(tiny("llama/causal")) {}
  // Log-probabilities of the words " w7", " w8 w10" and " w11" after a text.
  std::vector<double> words(const Ids& text) const {
    Ids prompt{1};
    prompt.insert(prompt.end(), text.begin(), text.end());
    prompt.push_back(9);
    return {logprob_of(*p_.model, prompt, {7}), logprob_of(*p_.model, prompt, {8, 10}),
            logprob_of(*p_.model, prompt, {11})};
  }
  Classification one(const ClassifyOptions& o, const std::string& text = "w5 w6") const {
    return Classifier(p_, o).classify({text}).front();
  }
  Loaded p_;
};

TEST_F(Scores, AreTheWordsProbabilitiesAddedAndNormalisedOverTheLabels) {
  const auto w = words({5, 6});
  const std::vector<double> raw{log_sum({w[0], w[1]}), w[2]};
  const Classification c = one(options());
  EXPECT_NEAR(of(c, "good").logprob, raw[0], 1e-5);
  EXPECT_NEAR(of(c, "bad").logprob, raw[1], 1e-5);
  const auto share = softmax(raw);
  EXPECT_NEAR(of(c, "good").score, share[0], 1e-5);
  EXPECT_NEAR(of(c, "bad").score, share[1], 1e-5);
  EXPECT_EQ(*c.label, share[0] > share[1] ? "good" : "bad");
  EXPECT_EQ(c.scores[0].label, *c.label);
  EXPECT_NEAR(c.margin, std::abs(share[0] - share[1]), 1e-5);
  EXPECT_NEAR(c.scores[0].score + c.scores[1].score, 1, 1e-9);
}

TEST_F(Scores, EveryNormalisationDividesOrSubtracts) {
  const auto w = words({5, 6}), neutral = words({});
  struct Row {
    Normalize how;
    std::vector<double> divisors;  // of " w7", " w8 w10", " w11"
  };
  for (const Row& row : {Row{Normalize::kSum, {1, 1, 1}}, Row{Normalize::kTokens, {1, 2, 1}},
                         Row{Normalize::kChars, {3, 7, 4}}, Row{Normalize::kBytes, {3, 7, 4}}}) {
    ClassifyOptions o = options();
    o.normalize = row.how;
    const auto share = softmax({log_sum({w[0] / row.divisors[0], w[1] / row.divisors[1]}), w[2] / row.divisors[2]});
    EXPECT_NEAR(of(one(o), "good").score, share[0], 1e-5) << static_cast<int>(row.how);
    EXPECT_NEAR(of(one(o), "bad").logprob, w[2], 1e-5);  // never normalised
  }
  ClassifyOptions pmi = options();
  pmi.normalize = Normalize::kPmi;
  const auto share = softmax({log_sum({w[0] - neutral[0], w[1] - neutral[1]}), w[2] - neutral[2]});
  EXPECT_NEAR(of(one(pmi), "good").score, share[0], 1e-5);
}

TEST_F(Scores, BytesAndCharactersDifferBeyondAscii) {
  // The word is unknown to the tokenizer: one <unk>, but one character of two bytes.
  ClassifyOptions o{
      .labels = {"a", "b"}, .label_words = {"a= é", "b= w11"}, .prompt = inline_template("{{ text }} w9")};
  const double unknown = logprob_of(*p_.model, {1, 5, 9}, {3}), known = logprob_of(*p_.model, {1, 5, 9}, {11});
  o.normalize = Normalize::kChars;
  EXPECT_NEAR(of(one(o, "w5"), "a").score, softmax({unknown / 2, known / 4})[0], 1e-5);
  o.normalize = Normalize::kBytes;
  EXPECT_NEAR(of(one(o, "w5"), "a").score, softmax({unknown / 3, known / 4})[0], 1e-5);
}

TEST_F(Scores, ContentFreeCalibrationSubtractsTheMeanProbabilityOfEmptyInputs) {
  // "N/A" and "[MASK]" are unknown words (3) here, "" is empty.
  std::vector<double> mean{0, 0};
  for (const Ids& text : {Ids{3}, Ids{}, Ids{3}}) {
    const auto w = words(text);
    const auto share = softmax({log_sum({w[0], w[1]}), w[2]});
    mean[0] += share[0] / 3, mean[1] += share[1] / 3;
  }
  ClassifyOptions o = options();
  o.calibrate = true;
  const Classifier classifier(p_, o);
  ASSERT_TRUE(classifier.calibration());
  EXPECT_NEAR(classifier.calibration()->logprobs[0], std::log(mean[0]), 1e-5);
  const auto w = words({5, 6});
  const auto share = softmax({log_sum({w[0], w[1]}) - std::log(mean[0]), w[2] - std::log(mean[1])});
  EXPECT_NEAR(of(classifier.classify({"w5 w6"}).front(), "good").score, share[0], 1e-5);
  // A saved and loaded calibration gives the same; for other labels it is rejected.
  o.calibrate = false;
  o.calibration = classifier.calibration();
  EXPECT_NEAR(of(one(o), "good").score, share[0], 1e-5);
  o.labels = {"bad", "good"};
  EXPECT_THAT(message_of([&] { one(o); }, ErrorKind::kBadInput), HasSubstr("measured for other labels (good, bad)"));
}

TEST_F(Scores, ManyTextsSayWhatEachSaysAlone) {
  const std::vector<std::string> texts{"w5 w6", "w20", "w5 w6 w7 w8 w9 w10", "", "w5 w6"};
  for (const std::int64_t rows : {1, 7, 1024}) {
    ClassifyOptions o = options();
    o.batch_rows = rows;
    const auto all = Classifier(p_, o).classify(texts);
    ASSERT_EQ(all.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
      EXPECT_NEAR(of(all[i], "good").score, of(one(options(), texts[i]), "good").score, 1e-5) << i;
  }
}

TEST_F(Scores, DoubtIsMarkedAndTheLabelKept) {
  ClassifyOptions o = options();
  const double best = one(o).score;
  o.abstain_below = best + 1e-6;
  EXPECT_TRUE(one(o).abstained);
  EXPECT_TRUE(one(o).label);
  o.abstain_below = best - 1e-6;
  EXPECT_FALSE(one(o).abstained);
}

TEST_F(Scores, ExemplarsStandBeforeTheQuestionAndNeverTheTextItself) {
  ClassifyOptions o = options();
  o.exemplars = {{"w20", "", 0}, {"w21", "", 1}, {"w22", "", 0}, {"w23", "", 1}};
  o.shots = 2;
  const Classifier classifier(p_, o);
  const std::string prompt = classifier.render({"w5 w6"});
  EXPECT_THAT(prompt, ::testing::EndsWith("w5 w6 w9"));
  // One of each class; no regular expressions, since Oniguruma's regcomp would replace that of libc.
  EXPECT_THAT(prompt, AnyOf(HasSubstr("w20 w9 w7\n\n"), HasSubstr("w22 w9 w7\n\n")));
  EXPECT_THAT(prompt, AnyOf(HasSubstr("w21 w9 w11\n\n"), HasSubstr("w23 w9 w11\n\n")));
  for (const char* text : {"w20", "w21", "w22", "w23"}) {
    const std::string own = classifier.render({text});
    const std::string exemplar = std::string(text) + " w9 w";
    EXPECT_EQ(own.find(exemplar), own.npos) << own;
  }
  const auto w = p_.tokenizer().encode_ids(prompt);
  EXPECT_NEAR(of(classifier.classify({"w5 w6"}).front(), "bad").logprob, logprob_of(*p_.model, w, {11}), 1e-5);
}

TEST_F(Scores, MistakesAreNamed) {
  const auto made = [&](ClassifyOptions o) { Classifier(p_, std::move(o)); };
  ClassifyOptions one_label = options();
  one_label.labels = {"good"}, one_label.label_words = {};
  EXPECT_THAT(message_of([&] { made(one_label); }, ErrorKind::kInvalidArgument), HasSubstr("at least two labels"));
  ClassifyOptions head = options();
  head.engine = Engine::kHead;
  EXPECT_THAT(message_of([&] { made(head); }, ErrorKind::kBadInput), HasSubstr("has no classification head"));
  head.engine = Engine::kMask;
  EXPECT_THAT(message_of([&] { made(head); }, ErrorKind::kBadInput), HasSubstr("has no masked language model head"));
  ClassifyOptions chat = options();
  chat.chat = true;
  EXPECT_THAT(message_of([&] { one(chat); }, ErrorKind::kBadInput), HasSubstr("no chat template"));
  ClassifyOptions slot = options("{{ texts }}");
  EXPECT_THAT(message_of([&] { one(slot); }, ErrorKind::kBadInput), HasSubstr("texts"));
}

// A text without tokens is an error in its place; the others are answered.
TEST_F(Scores, ATextThatCannotBeAnsweredLeavesTheOthers) {
  const Loaded head = tiny("gpt2/classifier");
  const Classifier classifier(head, {});
  const std::vector<TextInput> texts{{"w5"}, {""}, {"w6 w7"}};
  std::vector<std::string> got;
  auto session = classifier.make_session();
  classifier.classify_each(
      texts, session, [&](std::size_t i, const Classification& c) { got.push_back(std::to_string(i) + *c.label); },
      [&](std::size_t i, const Error& why) { got.push_back(std::to_string(i) + why.what()); });
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[0], "0" + *classifier.classify({"w5"}).front().label);
  EXPECT_THAT(got[1], ::testing::StartsWith("1the text is empty"));
  EXPECT_EQ(got[2], "2" + *classifier.classify({"w6 w7"}).front().label);
  EXPECT_THAT(message_of([&] { classifier.classify({""}); }, ErrorKind::kInvalidArgument), HasSubstr("no tokens"));
}

// A calibration is valid only for the setup that it was measured with.
TEST_F(Scores, ACalibrationOfAnotherSetupIsRefused) {
  ClassifyOptions o = options();
  o.calibrate = true;
  const auto measured = Classifier(p_, o).calibration();
  ClassifyOptions other = options("w12 {{ text }} w9");
  other.calibration = measured;
  EXPECT_THAT(message_of([&] { one(other); }, ErrorKind::kBadInput), HasSubstr("another template"));
  other = options();
  other.calibration = measured;
  other.weights_id = "others";
  EXPECT_THAT(message_of([&] { one(other); }, ErrorKind::kBadInput), HasSubstr("another model"));
  other.weights_id = "";
  EXPECT_NO_THROW(one(other));
}

TEST(Engines, AutoFollowsTheHead) {
  const auto engine = [](const char* name, std::vector<std::string> labels, std::vector<std::string> asked = {}) {
    models::LoadOptions load;
    load.labels = std::move(labels);
    return engine_for(tiny(name, load).model->config(), asked);
  };
  EXPECT_EQ(engine("llama/causal", {}), Engine::kScore);
  EXPECT_EQ(engine("bert/masked", {}), Engine::kMask);
  EXPECT_EQ(engine("bert/pretraining", {}), Engine::kMask);
  EXPECT_EQ(engine("bert/classifier", {}), Engine::kHead);
  const std::vector<std::string> nli{"contradiction", "neutral", "entailment"};
  EXPECT_EQ(engine("bert/classifier", nli, {"a", "b"}), Engine::kNli);
  EXPECT_EQ(engine("bert/classifier", nli), Engine::kHead);  // of two texts
  EXPECT_EQ(engine("bert/classifier", nli, {"entailment", "neutral", "contradiction"}), Engine::kHead);
}

// The article's two sentences with the real model; Transformers' log-probabilities give the same answers.
TEST(RealModel, TellsTheArticlesSentencesApart) {
  const auto path = cached_model("SmolLM2-135M-Instruct.gguf");
  LINNET_NEEDS(path);
  const Loaded p = load_pretrained(path);
  ClassifyOptions o{.labels = {"positive", "negative"}};
  const Classifier classifier(p, o);
  const auto answers = classifier.classify(
      std::vector<std::string>{"I love the sunny weather today.", "I don't love the rainy weather today."});
  EXPECT_EQ(*answers[0].label, "positive");
  EXPECT_GT(answers[0].scores[0].score, of(answers[1], "positive").score);
  o.chat = true;
  EXPECT_THAT(
      Classifier(p, o).render({"Fine."}),
      ::testing::AllOf(HasSubstr("<|im_start|>user\n"), HasSubstr("Fine.\nQuestion: Is this positive or negative?")));
}

}  // namespace
}  // namespace linnet::tasks
