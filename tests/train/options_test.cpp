#include "linnet/train/options.h"

#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/train/tasks/task.h"

namespace linnet {
namespace {

TEST(Options, NamesGoBothWays) {
  for (const char* name :
       {"classify", "causal-lm", "masked-lm", "next-sentence", "masked-next-sentence", "seq2seq", "denoise-t5",
        "denoise-bart", "token-delete", "token-replace", "sentence-shuffle", "qa", "tokens"})
    EXPECT_EQ(task_name(task_named(name)), name);
  for (const char* name : {"full", "head", "lora", "prompt", "prefix"})
    EXPECT_EQ(method_name(method_named(name)), name);
}

TEST(Options, UnknownNamesAreAnsweredWithTheKnown) {
  try {
    method_named("adapter");
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("full, head, lora, prompt, prefix"), std::string::npos);
  }
  EXPECT_THROW(task_named("classification"), Error);
}

TEST(Options, DoraIsRefusedByName) {
  try {
    method_named("dora");
    FAIL() << "was taken";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("DoRA"), std::string::npos);
  }
}

TEST(Options, EveryMethodHasItsRate) {
  EXPECT_EQ(default_learning_rate(TrainMethod::kFull), 5e-5);
  EXPECT_EQ(default_learning_rate(TrainMethod::kHead), 1e-3);
  EXPECT_EQ(default_learning_rate(TrainMethod::kLora), 2e-4);
  EXPECT_EQ(default_learning_rate(TrainMethod::kPrompt), 3e-2);
  EXPECT_EQ(default_learning_rate(TrainMethod::kPrefix), 1e-2);
}

}  // namespace
}  // namespace linnet
