#include "linnet/generate/overrides.h"

#include <gtest/gtest.h>

#include <limits>

#include "linnet/base/error.h"

namespace linnet::generate {
namespace {

using Lengths = std::pair<std::int64_t, std::optional<std::int64_t>>;

Lengths lengths(const Overrides& overrides, const GenerationConfig& checkpoint = {}) {
  const GenerateOptions o = resolve(overrides, checkpoint);
  return {o.max_length ? 0 : o.max_new_tokens, o.max_length};
}

TEST(Overrides, LengthsOfTheCallGoBeforeTheCheckpoints) {
  GenerationConfig checkpoint;
  EXPECT_EQ(lengths({}), Lengths(256, std::nullopt));
  EXPECT_EQ(lengths({.max_length = 60}), Lengths(0, 60));
  EXPECT_EQ(lengths({.max_new_tokens = 5, .max_length = 60}), Lengths(5, std::nullopt));
  checkpoint.max_length = 40;
  EXPECT_EQ(lengths({}, checkpoint), Lengths(0, 40));
  EXPECT_EQ(lengths({.max_new_tokens = 5}, checkpoint), Lengths(5, std::nullopt));
  checkpoint.max_new_tokens = 9;
  EXPECT_EQ(lengths({}, checkpoint), Lengths(9, std::nullopt));
  EXPECT_EQ(lengths({.max_length = 60}, checkpoint), Lengths(0, 60));
}

GenerationConfig sampling_checkpoint() {
  GenerationConfig c;
  c.do_sample = true;
  c.temperature = 0.6;
  c.top_p = 0.9;
  c.repetition_penalty = 1.5;
  c.eos_ids = {2, 7};
  c.forced_eos_ids = {7};
  return c;
}

TEST(Overrides, BeamsAreThoseOfTheCallElseOfTheCheckpoint) {
  GenerationConfig checkpoint;
  checkpoint.num_beams = 4, checkpoint.num_return_sequences = 3;
  checkpoint.length_penalty = 2;
  checkpoint.early_stopping = EarlyStopping::kNever;
  checkpoint.renormalize_logits = true;
  const BeamOptions all = resolve({}, checkpoint).beams;
  EXPECT_EQ(all.num_beams, 4);
  EXPECT_EQ(all.num_return_sequences, 3);
  EXPECT_EQ(all.length_penalty, 2);
  EXPECT_EQ(all.early_stopping, EarlyStopping::kNever);
  EXPECT_TRUE(all.renormalize_logits);
  const BeamOptions some = resolve({.num_beams = 2, .early_stopping = EarlyStopping::kNo}, checkpoint).beams;
  EXPECT_EQ(some.num_beams, 2);
  EXPECT_EQ(some.num_return_sequences, 2);  // as many as there are
  EXPECT_EQ(some.early_stopping, EarlyStopping::kNo);
  EXPECT_EQ(resolve({}, {}).beams.num_beams, 1);
  EXPECT_THROW(resolve({.num_return_sequences = 2}, {}), Error);
  EXPECT_THROW(resolve({.num_beams = 0}, {}), Error);
  EXPECT_THROW(resolve({.num_beams = 2, .logprobs = 1}, {}), Error);
}

TEST(Overrides, IsGreedyWhateverTheCheckpointSays) {
  const GenerateOptions o = resolve({}, sampling_checkpoint());
  EXPECT_FALSE(o.sampling.do_sample);
  EXPECT_FLOAT_EQ(o.sampling.repetition_penalty, 1.5f);
  EXPECT_EQ(o.eos_ids, (std::vector<std::int32_t>{2, 7}));
  EXPECT_EQ(o.forced_eos_ids, (std::vector<std::int32_t>{7}));
}

TEST(Overrides, ASamplingSettingSwitchesSamplingOnWithTheCheckpointsOthers) {
  const GenerateOptions o = resolve({.top_p = 0.5}, sampling_checkpoint());
  EXPECT_TRUE(o.sampling.do_sample);
  EXPECT_FLOAT_EQ(o.sampling.temperature, 0.6f);
  EXPECT_FLOAT_EQ(o.sampling.top_p, 0.5f);
  EXPECT_EQ(o.sampling.top_k, 50);
  EXPECT_FALSE(resolve({.do_sample = false, .top_p = 0.5}, {}).sampling.do_sample);
  EXPECT_TRUE(resolve({.do_sample = true}, {}).sampling.do_sample);
  EXPECT_FALSE(resolve({.temperature = 0}, {}).sampling.do_sample);
}

TEST(Overrides, BadWordsOfTheCheckpointHoldButNotForTheEndToken) {
  GenerationConfig c = sampling_checkpoint();
  c.bad_words_ids = {{2}, {5}, {6, 7}};
  EXPECT_EQ(resolve({}, c).sampling.bad_words, (std::vector<std::vector<std::int32_t>>{{5}, {6, 7}}));
}

TEST(Overrides, RefusesWhatIsOutOfRange) {
  for (const Overrides& r :
       {Overrides{.temperature = -1}, Overrides{.top_k = -1}, Overrides{.top_p = 0}, Overrides{.top_p = 1.5},
        Overrides{.min_p = 2}, Overrides{.typical_p = 0}, Overrides{.repetition_penalty = 0},
        Overrides{.max_new_tokens = -1}, Overrides{.no_repeat_ngram_size = -2},
        Overrides{.temperature = std::numeric_limits<double>::infinity()}, Overrides{.min_new_tokens = -4}})
    EXPECT_THROW(resolve(r, {}), Error);
  try {
    resolve({.top_k = -1}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.option(), "top_k");
  }
}

}  // namespace
}  // namespace linnet::generate
