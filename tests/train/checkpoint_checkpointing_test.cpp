#include <gtest/gtest.h>

#include <fstream>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/base/rng.h"
#include "linnet/train/checkpoint/checkpointing.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

void checkpoint(const fs::path& output, std::int64_t step, std::string_view content = "weights") {
  CheckpointFolder folder(output, step);
  write_file(folder.path() / "model.safetensors", content);
  write_file(folder.path() / "state.json", "{}");
  folder.commit();
}

TEST(Checkpointing, CommittedFolderIsWholeAndFound) {
  const Scratch output;
  EXPECT_FALSE(newest_checkpoint(output.path()));
  checkpoint(output.path(), 5);
  checkpoint(output.path(), 10);
  EXPECT_EQ(newest_checkpoint(output.path()), output.path() / "checkpoint-10");
  EXPECT_EQ(manifest_fault(output.path() / "checkpoint-5"), "");
}

TEST(Checkpointing, WithoutCommitNothingStays) {
  const Scratch output;
  {
    CheckpointFolder folder(output.path(), 5);
    write_file(folder.path() / "model.safetensors", "half");
  }
  EXPECT_TRUE(fs::is_empty(output.path()));
}

TEST(Checkpointing, LeftoversOfKilledRunsGo) {
  const Scratch output;
  fs::create_directories(output.path() / ".checkpoint-7.123.incomplete");
  write_file(output.path() / ".checkpoint-7.123.incomplete" / "model.safetensors", "half");
  checkpoint(output.path(), 5);
  clean_output(output.path());
  EXPECT_FALSE(fs::exists(output.path() / ".checkpoint-7.123.incomplete"));
  EXPECT_TRUE(newest_checkpoint(output.path()));
}

// The hash detects truncation, flipped bytes and a shard of another checkpoint; the older checkpoint is used.
TEST(Checkpointing, DamageFallsBackToTheOlderOne) {
  const Scratch output;
  checkpoint(output.path(), 5, std::string(4000, 'a'));
  checkpoint(output.path(), 10, std::string(4000, 'b'));
  const fs::path newer = output.path() / "checkpoint-10";
  const auto falls_back = [&](const fs::path& file, const std::string& bad) {
    const std::string good = read_file(file);
    std::ofstream(file, std::ios::binary) << bad;
    EXPECT_EQ(newest_checkpoint(output.path()), output.path() / "checkpoint-5") << file;
    std::ofstream(file, std::ios::binary) << good;
    ASSERT_EQ(manifest_fault(newer), "");
  };
  const std::string weights = read_file(newer / "model.safetensors");
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, weights.size() / 2, weights.size() - 1})
    falls_back(newer / "model.safetensors", weights.substr(0, size));
  falls_back(newer / "model.safetensors", read_file(output.path() / "checkpoint-5/model.safetensors"));
  Rng rng(7);
  for (int trial = 0; trial < 1000; ++trial) {
    const fs::path file = newer / (trial % 4 == 0 ? "state.json" : "model.safetensors");
    std::string bad = read_file(file);
    bad[rng.below(bad.size())] ^= static_cast<char>(1 << rng.below(8));
    falls_back(file, bad);
  }
}

TEST(Checkpointing, MissingFileOrManifestFallsBack) {
  const Scratch output;
  checkpoint(output.path(), 5);
  checkpoint(output.path(), 10);
  fs::remove(output.path() / "checkpoint-10" / "state.json");
  EXPECT_EQ(newest_checkpoint(output.path()), output.path() / "checkpoint-5");
  checkpoint(output.path(), 12);
  fs::remove(output.path() / "checkpoint-12" / kManifestName);
  EXPECT_EQ(newest_checkpoint(output.path()), output.path() / "checkpoint-5");
}

// A manifest without the line of a file, of another version, or with a link in place of a file.
TEST(Checkpointing, AManifestListsEveryFile) {
  const Scratch output;
  checkpoint(output.path(), 5);
  const fs::path folder = output.path() / "checkpoint-5";
  const Json whole = read_json(folder / kManifestName);
  for (const char* name : {"model.safetensors", "state.json"}) {
    Json manifest = whole;
    manifest["files"].erase(name);
    write_file(folder / kManifestName, dump_json(manifest));
    EXPECT_NE(manifest_fault(folder).find("is not in the manifest"), std::string::npos) << name;
  }
  for (const Json& version : {Json(2), Json(nullptr), Json("1")}) {
    Json manifest = whole;
    manifest["version"] = version;
    write_file(folder / kManifestName, dump_json(manifest));
    EXPECT_NE(manifest_fault(folder), "");
  }
  write_file(folder / kManifestName, dump_json(whole));
  EXPECT_EQ(manifest_fault(folder), "");
  fs::rename(folder / "state.json", output / "elsewhere");
  fs::create_symlink(output / "elsewhere", folder / "state.json");
  EXPECT_NE(manifest_fault(folder).find("not a file"), std::string::npos);
}

TEST(Checkpointing, ManifestCannotPointOutside) {
  const Scratch output;
  checkpoint(output.path(), 5);
  write_file(output.path() / "checkpoint-5" / kManifestName, R"({"files":{"../x":{"bytes":0,"sha256":""}}})");
  EXPECT_NE(manifest_fault(output.path() / "checkpoint-5"), "");
}

TEST(Checkpointing, KeepsTheNewestAndTheBest) {
  const Scratch output;
  for (const std::int64_t step : {5, 10, 15, 20}) checkpoint(output.path(), step);
  keep_newest(output.path(), 2, [](std::int64_t) { return std::int64_t{5}; });
  EXPECT_EQ(checkpoint_steps(output.path()), (std::vector<std::int64_t>{5, 15, 20}));
}

}  // namespace
}  // namespace linnet
