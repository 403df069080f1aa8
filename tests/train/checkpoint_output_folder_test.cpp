#include <gtest/gtest.h>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/train/checkpoint/output_folder.h"
#include "tests/scratch.h"
#include "tests/train/tiny_run.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

void write_logs(const OutputFolder& folder) {
  write_file(folder.log_file(), "{}");
  make_folders(folder.events_folder());
  write_file(folder.events_folder() / "events", "x");
}

// A run that fails before its first checkpoint leaves no files.
TEST(OutputFolder, WithoutACheckpointNothingStays) {
  const Scratch scratch;
  {
    const OutputFolder folder(scratch / "a/b/out");
    write_logs(folder);
  }
  EXPECT_TRUE(fs::is_empty(scratch.path()));
  fs::create_directories(scratch / "out/runs/earlier");
  write_file(scratch / "out/train_log.jsonl", "{}\n");
  write_file(scratch / "out/.hidden", "x");
  {
    const OutputFolder folder(scratch / "out");
    write_logs(folder);
  }
  std::size_t left = 0;
  for (const auto& entry : fs::recursive_directory_iterator(scratch.path())) left += entry.exists();
  EXPECT_EQ(left, 5u) << "the folder, its runs, the earlier one, the log, the hidden file";
}

TEST(OutputFolder, WithACheckpointAllStays) {
  const Scratch scratch;
  {
    const OutputFolder folder(scratch / "out");
    write_logs(folder);
    CheckpointFolder checkpoint(scratch / "out", 3);
    checkpoint.commit();
  }
  EXPECT_TRUE(fs::exists(scratch / "out/checkpoint-3"));
  EXPECT_TRUE(fs::exists(scratch / "out/train_log.jsonl"));
  EXPECT_FALSE(fs::is_empty(scratch / "out/runs"));
}

TEST(OutputFolder, ARunThatFailsLeavesTheFolderAsItWas) {
  const Scratch scratch;
  TrainOptions options = tiny_options(scratch / "new/out");
  options.learning_rate = 1e30;
  options.save_every = 1000;
  TinyRun run("bert/classifier", labelled_rows(40), options);
  EXPECT_THROW(run.trainer->run(), Error);
  EXPECT_TRUE(fs::is_empty(scratch.path()));
  fs::create_directories(options.output);
  TinyRun again("bert/classifier", labelled_rows(40), options);
  EXPECT_THROW(again.trainer->run(), Error);
  EXPECT_TRUE(fs::is_empty(options.output));
}

TEST(OutputFolder, ALoopOfLinksOrALongNameIsNoOutput) {
  const Scratch scratch;
  fs::create_symlink("loop", scratch / "loop");
  for (const fs::path& output : {scratch / "loop", scratch.path() / std::string(5000, 'x')}) {
    TrainOptions options;
    options.output = output;
    try {
      check_output(options);
      FAIL() << output;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kRuntime);
      EXPECT_NE(std::string(error.what()).find("cannot be made"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace linnet
