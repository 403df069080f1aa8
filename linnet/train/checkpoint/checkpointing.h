// Atomic checkpoint folders: written under a temporary name, every file synced, a manifest with SHA-256 hashes last,
// then renamed. Resuming uses the newest one whose hashes match.
//
//   CheckpointFolder folder(out, 40);              // out/.checkpoint-40.<pid>.incomplete
//   save_model(model, folder.path());
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
  ~CheckpointFolder();  // without commit it removes everything
  CheckpointFolder(const CheckpointFolder&) = delete;
  CheckpointFolder& operator=(const CheckpointFolder&) = delete;

  const std::filesystem::path& path() const { return temporary_; }
  void commit();

 private:
  std::filesystem::path final_, temporary_;
  bool committed_ = false;
};

// Syncs every file below `folder`, then writes the manifest with sizes and hashes.
void write_manifest(const std::filesystem::path& folder);
// The fault of a folder ("model.safetensors: hash differs"), or "" if its manifest matches.
std::string manifest_fault(const std::filesystem::path& folder);

// Steps of the folders output/checkpoint-<step>, ascending; also incomplete ones.
std::vector<std::int64_t> checkpoint_steps(const std::filesystem::path& output);
std::filesystem::path checkpoint_path(const std::filesystem::path& output, std::int64_t step);
// The newest complete checkpoint; skips newer broken ones with a warning naming the fault.
enum class BrokenOnes : std::uint8_t { kWarned, kSkipped };
std::optional<std::filesystem::path> newest_checkpoint(const std::filesystem::path& output,
                                                       BrokenOnes broken = BrokenOnes::kWarned);
// Removes partly written files of a killed run.
void clean_output(const std::filesystem::path& output);
// Removes all checkpoints except the newest `keep` (0: keeps all), the best one, and the one that was best when a kept
// one was written, since a run that resumes from there may end with its weights. `best_until`: the best step up to
// another, or 0.
void keep_newest(const std::filesystem::path& output, std::int64_t keep,
                 const std::function<std::int64_t(std::int64_t)>& best_until);

// Lock for one trainer per folder, held for its lifetime. A second one fails with kInvalidArgument naming the holder's
// process; a lock of a dead process (or with the number of a newer process) is taken over.
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
