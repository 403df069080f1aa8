// The folder that a run writes into: made, locked, and left as it was when the run fails before its first checkpoint.
//
//   check_output(options);                      // before work is done: is it free, or a run to resume?
//   OutputFolder folder(options.output);
//   TrainLog log(folder.log_file(), 0, 0);
#pragma once

#include <filesystem>
#include <vector>

#include "linnet/train/checkpointing.h"
#include "linnet/train/options.h"

namespace linnet {

// kInvalidArgument where the folder holds something else than a run that `options.resume` goes on with.
void check_output(const TrainOptions& options);

class OutputFolder {
 public:
  // Makes the folder, locks it and removes what a killed run left half written.
  explicit OutputFolder(const std::filesystem::path& output);
  // Without a checkpoint in the folder: logs that were not there before go, and folders that were made for them.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  std::filesystem::path log_file() const;
  const std::filesystem::path& events_folder() const { return events_; }  // of this run alone

 private:
  // Folders that were made, deepest first; those that are empty at the end go.
  struct MadeFolders {
    explicit MadeFolders(const std::filesystem::path& folder);
    ~MadeFolders();
    MadeFolders(const MadeFolders&) = delete;
    MadeFolders& operator=(const MadeFolders&) = delete;
    std::vector<std::filesystem::path> made;
  };

  std::filesystem::path output_;
  MadeFolders folders_;
  OutputLock lock_;
  bool had_log_ = false;
  std::filesystem::path events_;
};

}  // namespace linnet
