// The output folder of a run: creates and locks it, and restores it if the run fails before its first checkpoint.
//
//   check_output(options);                      // early: is it free, or a run to resume?
//   OutputFolder folder(options.output);
//   TrainLog log(folder.log_file(), 0, 0);
#pragma once

#include <filesystem>
#include <vector>

#include "linnet/train/checkpoint/checkpointing.h"
#include "linnet/train/options.h"

namespace linnet {

// kInvalidArgument if the folder has other contents than a run that `options.resume` continues.
void check_output(const TrainOptions& options);

class OutputFolder {
 public:
  // Creates and locks the folder, and removes partly written files of a killed run.
  explicit OutputFolder(const std::filesystem::path& output);
  // Without a checkpoint in the folder: removes new logs and the folders that it created.
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  std::filesystem::path log_file() const;
  const std::filesystem::path& events_folder() const { return events_; }  // of this run alone

 private:
  // Created folders, deepest first; empty ones are removed at the end.
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
