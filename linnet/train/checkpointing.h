// Checkpoint folders that are whole or not there: written beside, every file synced, a manifest with the SHA-256 of
// each last, then renamed into place. Resuming takes the newest one whose hashes hold.
//
//   CheckpointFolder folder(out, 40);              // out/.checkpoint-40.<pid>.incomplete
//   model.save_pretrained(folder.path());
//   folder.commit();                               // out/checkpoint-40
//   std::optional<std::filesystem::path> last = newest_checkpoint(out);
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace linnet {

inline constexpr const char* kManifestName = "linnet_manifest.json";

class CheckpointFolder {
 public:
  CheckpointFolder(const std::filesystem::path& output, std::int64_t step);
  ~CheckpointFolder();  // without commit nothing stays
  CheckpointFolder(const CheckpointFolder&) = delete;
  CheckpointFolder& operator=(const CheckpointFolder&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  void commit();

 private:
  std::filesystem::path final_, temporary_;
  bool committed_ = false;
};

// Syncs every file below `folder`, then writes the manifest of their sizes and hashes.
void write_manifest(const std::filesystem::path& folder);
// What is wrong with a folder ("model.safetensors: hash differs"), or empty when its manifest holds.
std::string manifest_fault(const std::filesystem::path& folder);

// Steps of the folders output/checkpoint-<step>, ascending; whole or not.
std::vector<std::int64_t> checkpoint_steps(const std::filesystem::path& output);
std::filesystem::path checkpoint_path(const std::filesystem::path& output, std::int64_t step);
// The newest whole checkpoint; broken newer ones are skipped, with a warning that names the fault.
enum class BrokenOnes : std::uint8_t { kWarned, kSkipped };
std::optional<std::filesystem::path> newest_checkpoint(const std::filesystem::path& output,
                                                       BrokenOnes broken = BrokenOnes::kWarned);
// Removes what a killed run left half written.
void clean_output(const std::filesystem::path& output);
// Removes checkpoints beyond the newest `keep` (0: all stay) except the best one, and the one that was best when a kept
// one was written: a run that goes on from there ends with its weights. `best_until`: the step that did best up to
// another, 0 where none did.
void keep_newest(const std::filesystem::path& output, std::int64_t keep,
                 const std::function<std::int64_t(std::int64_t)>& best_until);

// One trainer a folder: held while it lives. A second one fails with kInvalidArgument naming the holder's process; a
// lock whose process is gone (or whose number belongs to a younger process) is taken over.
class OutputLock {
 public:
  explicit OutputLock(const std::filesystem::path& output);
  ~OutputLock();
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

 private:
  std::filesystem::path file_;
  int descriptor_ = -1;
};

}  // namespace linnet
