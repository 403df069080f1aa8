#include <gtest/gtest.h>

#include "linnet/train/checkpoint/run_identity.h"

namespace linnet {
namespace {

TEST(RunIdentity, DifferencesHaveNamesAndBothValues) {
  const Json saved{{"options", {{"seed", 42}, {"freeze", Json::array()}}},
                   {"config", {{"hidden_act", "gelu"}, {"rope_scaling", {{"factor", 2.0}}}}},
                   {"weights", {{"a", "F32 [1] 00"}}},
                   {"train", {{"rows", 5}, {"rows 1 to 5", "00"}}},
                   {"valid", {{"rows", 0}}}};
  EXPECT_EQ(identity_differences(saved, saved), "");
  Json now = saved;
  now["valid"] = {{"rows", 1}};
  EXPECT_EQ(identity_differences(saved, now), "the validation data's rows was 0, is 1");
  now["train"]["rows"] = 6;
  EXPECT_EQ(identity_differences(saved, now), "the training data's rows was 5, is 6");
  now["config"]["rope_scaling"]["factor"] = 4.0;
  now["config"].erase("hidden_act");
  now["config"]["dropout"] = 0.1;
  EXPECT_EQ(identity_differences(saved, now),
            "config.json dropout was absent, is 0.1; config.json hidden_act was \"gelu\", is absent; "
            "config.json rope_scaling.factor was 2.0, is 4.0");
  now["options"]["seed"] = 43;
  EXPECT_EQ(identity_differences(saved, now), "seed was 42, is 43");
}

TEST(RunIdentity, OfManyDifferencesTheFirstAreShown) {
  Json saved{{"options", Json::object()}}, now = saved;
  for (int i = 0; i < 9; ++i) now["options"][std::to_string(i)] = i;
  EXPECT_NE(identity_differences(saved, now).find("; and 4 more"), std::string::npos);
  EXPECT_NE(identity_differences(Json(3), now), "") << "a foreign state";
}

TEST(RunIdentity, CheckpointsWithDashesInTheNamesAreRead) {
  Json before, now;
  for (const char* section : {"config", "weights", "train", "valid"}) before[section] = now[section] = Json::object();
  before["options"] = {{"--max-length", 16}, {"--lora-r", 8}};
  now["options"] = {{"max_length", 16}, {"lora_r", 8}};
  EXPECT_EQ(identity_differences(before, now), "");
  now["options"]["max_length"] = 32;
  EXPECT_EQ(identity_differences(before, now), "max_length was 16, is 32");
}

}  // namespace
}  // namespace linnet
