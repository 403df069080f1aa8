// Faults at every point of a training run: the process dies, the disk is full, memory is exhausted, the clock goes
// back. tests/cli/shim injects them.
#include <cerrno>

#include "tests/cli/disk.h"
#include "tests/cli/train_cli.h"
#include "tests/sanitized.h"

namespace linnet::test {
namespace {

using Environment = std::vector<std::pair<std::string, std::string>>;

enum class Depth { kSome, kEvery };  // number of fault points

class TrainFaults : public TrainCli {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "the sanitizers' library wants to be loaded first";
    const CliResult r = run(out("whole"), {});
    ASSERT_EQ(r.exit_code, 0) << r.err;
    changes_ = read_changes(record());
    ASSERT_GT(changes_.size(), 50U);
    for (Change& change : changes_)  // relative to the folder `out`, for comparison with other runs
      for (fs::path* path : {&change.path, &change.to})
        if (fs::path below = path->lexically_relative(out("whole")); !path->empty() && *below.begin() != "..")
          *path = below == "." ? out() : out() / below;
    weights_ = hash_of(out("whole") / "model.safetensors");
  }
  fs::path record() const { return scratch_.path() / "record"; }

  // Six steps with a checkpoint every second one; resumes from the folder.
  CliResult run(const fs::path& output, Environment faults, const std::vector<std::string>& more = {}) const {
    fs::remove(record());
    std::vector<std::string> how{"--max-steps", "6", "--save-every", "2", "--eval-every", "3",
                                 "--keep",      "1", "--resume"};
    how.insert(how.end(), more.begin(), more.end());
    const Environment usual{
        {"LD_PRELOAD", FAULT_SHIM}, {"FAULT_BELOW", scratch_.path().string()}, {"FAULT_RECORD", record().string()}};
    faults.insert(faults.end(), usual.begin(), usual.end());
    return run_linnet(arguments(output, how), {.environment = faults});
  }

  // The changes to inject a fault at, counted from 1: all, or some from the first to the last.
  std::vector<std::size_t> places(Depth depth, std::size_t count, std::size_t some) const {
    std::vector<std::size_t> chosen;
    if (depth == Depth::kEvery) some = count;
    for (std::size_t i = 0; i < some; ++i) chosen.push_back(1 + i * (count - 1) / (some - 1));
    return chosen;
  }

  // The newest checkpoint within the first `count` changes; -1: none.
  std::int64_t saved_after(std::size_t count) const {
    std::int64_t step = -1;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = changes_[i].to.filename().string();
      if (changes_[i].what == "rename" && name.starts_with("checkpoint-")) step = std::stoll(name.substr(11));
    }
    return step;
  }
  std::int64_t newest() const {
    const std::vector<std::int64_t> steps = checkpoint_steps(out());
    return steps.empty() ? -1 : steps.back();
  }
  void expect_the_same_end() const {
    expect_whole(out());
    const CliResult r = run(out(), {});
    ASSERT_EQ(r.exit_code, 0) << r.err;
    EXPECT_EQ(hash_of(out() / "model.safetensors"), weights_);
    expect_nothing_half_written();
  }
  void expect_nothing_half_written() const {
    if (!fs::exists(out())) return;
    for (const auto& entry : fs::recursive_directory_iterator(out()))
      EXPECT_FALSE(entry.path().filename().string().ends_with(".incomplete")) << entry.path();
  }

  void die(Depth depth) {
    for (const std::size_t at : places(depth, changes_.size(), 16)) {
      SCOPED_TRACE(testing::Message() << at << ": " << changes_[at - 1].what << " " << changes_[at - 1].path);
      fs::remove_all(out());
      const CliResult r = run(out(), {{"FAULT_KIND", "die"}, {"FAULT_AT", std::to_string(at)}});
      ASSERT_EQ(r.exit_code, 137) << r.err;
      EXPECT_EQ(newest(), saved_after(at - 1));
      expect_the_same_end();
    }
  }
  void fill_disk(Depth depth, std::initializer_list<int> errors) {
    std::size_t last = changes_.size();  // the last change that needs disk space
    while (changes_[last - 1].what == "remove" || changes_[last - 1].what == "nothing") --last;
    auto error = errors.begin();
    for (const std::size_t at : places(depth, last, 16)) {
      SCOPED_TRACE(testing::Message() << at << ": " << changes_[at - 1].what << " " << changes_[at - 1].path << ", "
                                      << std::strerror(*error));
      fs::remove_all(out());
      const CliResult r = run(out(), {{"FAULT_KIND", std::to_string(*error)}, {"FAULT_AT", std::to_string(at)}});
      EXPECT_EQ(r.exit_code, 1) << r.err;
      EXPECT_NE(r.err.find("linnet: error: " + out().string()), std::string::npos) << r.err;
      EXPECT_NE(r.err.find(std::strerror(*error)), std::string::npos) << r.err;
      EXPECT_GE(newest(), saved_after(at - 1));
      expect_nothing_half_written();
      expect_the_same_end();
      if (++error == errors.end()) error = errors.begin();
    }
  }
  // Each allocation of the second step fails in turn, also those of a checkpoint. Of several thousand, as many as
  // possible in 15 minutes.
  void starve(Depth depth) {
    std::vector<long> logged;  // allocations until each step was written
    for (const Change& change : changes_)
      if (change.what == "write" && change.path == out() / "train_log.jsonl") logged.push_back(change.allocations);
    ASSERT_GT(logged.size(), 3U);
    const auto count = static_cast<std::size_t>(logged[2] - logged[0]);
    const std::size_t tried = depth == Depth::kSome ? 40 : std::min<std::size_t>(count, 1500);
    for (const std::size_t at : places(Depth::kSome, count, tried)) {
      SCOPED_TRACE(testing::Message() << "allocation " << at << " after the first step");
      fs::remove_all(out());
      const CliResult r = run(out(), {{"FAULT_ALLOCATION", std::to_string(logged[0] + static_cast<long>(at))}});
      EXPECT_TRUE(r.exit_code == 1 || r.exit_code == 0) << r.exit_code << r.err;
      if (depth == Depth::kSome) expect_the_same_end();
    }
  }

  std::vector<Change> changes_;
  std::string weights_;
};

TEST_F(TrainFaults, DyingAnywhereLosesNoCheckpoint) { die(Depth::kSome); }
TEST_F(TrainFaults, AFullDiskIsNamedAndLeavesWhatWasThere) { fill_disk(Depth::kSome, {ENOSPC, EIO, EDQUOT, EROFS}); }
TEST_F(TrainFaults, AnAllocationThatFailsIsACleanError) { starve(Depth::kSome); }

TEST_F(TrainFaults, ShortAndInterruptedWritesAreGoneOnWith) {
  const CliResult r = run(out(), {{"FAULT_KIND", "short"}, {"FAULT_AT", "1"}});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(hash_of(out() / "model.safetensors"), weights_);
  EXPECT_EQ(manifest_fault(checkpoint_path(out(), 6)), "");
}

// Changes without a sync may be missing: a checkpoint with its final name is complete nevertheless.
TEST_F(TrainFaults, PowerLossLeavesOldOrNew) {
  Rng rng(5);
  for (std::size_t count = 0; count <= changes_.size(); ++count) {
    const Disk disk(changes_, count, scratch_.path());
    std::int64_t promised = -1;  // by a sync of the folder after the renaming
    for (std::size_t i = 0; i < count; ++i)
      if (changes_[i].what == "sync" && changes_[i].path == out()) promised = saved_after(i);
    for (const auto survives : {Disk::Survives::kNothing, Disk::Survives::kSome, Disk::Survives::kEverything}) {
      SCOPED_TRACE(testing::Message() << "after " << count << " changes, " << static_cast<int>(survives));
      disk.write(scratch_.path() / "lost", survives, rng);
      const fs::path found = scratch_.path() / "lost" / "out";
      expect_whole(found);
      const std::vector<std::int64_t> steps = checkpoint_steps(found);
      EXPECT_GE(steps.empty() ? -1 : steps.back(), promised);
      if (fs::exists(found / "config.json")) {
        EXPECT_EQ(hash_of(found / "model.safetensors"), weights_);
      }
      if (survives != Disk::Survives::kSome || count % 29 != 0) continue;
      fs::remove_all(out());
      if (fs::exists(found)) fs::rename(found, out());
      expect_the_same_end();
    }
  }
}

TEST_F(TrainFaults, ClockAndHostAreNoPartOfTheResult) {
  const std::string half = std::to_string(changes_.size() / 2);
  ASSERT_EQ(run(out(), {{"FAULT_KIND", "die"}, {"FAULT_AT", half}}).exit_code, 137);
  const CliResult r = run(out(), {{"FAULT_CLOCK", "-100000000"}, {"FAULT_HOST", "elsewhere"}});
  ASSERT_EQ(r.exit_code, 0) << r.err;
  EXPECT_EQ(hash_of(out() / "model.safetensors"), weights_);
  bool renamed = false;
  for (const auto& entry : fs::recursive_directory_iterator(out() / "runs"))
    renamed |= entry.path().string().find("elsewhere") != std::string::npos;
  EXPECT_TRUE(renamed);
}

// From too little memory to enough: each size succeeds or reports what was missing.
using TrainFaultsSlow = TrainFaults;
TEST_F(TrainFaultsSlow, AnyLimitOfMemoryIsSaid) {
  bool enough = false;
  for (std::uint64_t mib = 24; !enough && mib < 4000; mib += mib < 60 ? 12 : 1) {
    SCOPED_TRACE(testing::Message() << mib << " MiB");
    fs::remove_all(out());
    const CliResult r = run_linnet(arguments(out(), {"--max-steps", "2"}), {.address_space = mib << 20});
    enough = r.exit_code == 0;
    if (enough || r.exit_code == 127) continue;  // 127: the libraries alone do not fit
    EXPECT_EQ(r.exit_code, 1) << r.err;
    EXPECT_NE(r.err.find("error: "), std::string::npos) << r.err;
    expect_nothing_half_written();
  }
  EXPECT_TRUE(enough);
}
// libgomp would end the program with its own message.
TEST_F(TrainFaults, ThreadsWithoutRoomAreSaid) {
  std::vector<std::string> many = arguments(out(), {"--max-steps", "2"});
  std::replace(many.begin(), many.end(), std::string("1"), std::string("64"));  // of -t
  const CliResult r = run_linnet(many, {.address_space = std::uint64_t{300} << 20});
  EXPECT_EQ(r.exit_code, 1) << r.err;
  EXPECT_NE(r.err.find("error: thread "), std::string::npos) << r.err;
}
TEST_F(TrainFaultsSlow, DyingAtEveryChange) { die(Depth::kEvery); }
TEST_F(TrainFaultsSlow, EveryErrorAtEveryWrite) {
  for (const int error : {ENOSPC, EIO, EDQUOT, EROFS}) fill_disk(Depth::kEvery, {error});
}
TEST_F(TrainFaultsSlow, ManyAllocationsOfAStep) { starve(Depth::kEvery); }

}  // namespace
}  // namespace linnet::test
