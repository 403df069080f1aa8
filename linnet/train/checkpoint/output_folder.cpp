#include "linnet/train/checkpoint/output_folder.h"

#include <unistd.h>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/train/report/event_file.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;
constexpr const char* kLogName = "train_log.jsonl";
constexpr const char* kRunsName = "runs";

}  // namespace

void check_output(const TrainOptions& options) {
  const fs::path& output = options.output;
  if (output.empty()) return;
  std::error_code error;
  const fs::file_type type = fs::status(output, error).type();
  if (type == fs::file_type::not_found) return;
  check(!error, ErrorKind::kRuntime, "{}: cannot be made ({}); choose another folder", output.string(),
        error.message());
  check_option(type == fs::file_type::directory, "output", "{}: is a file; give a folder", output.string());
  const bool holds_run = fs::exists(output / kLogName, error) || !checkpoint_steps(output).empty();
  if (options.resume && holds_run) return;
  for (const fs::path& entry : list_folder(output))
    check(entry.filename().string().starts_with("."), "{}: is not empty{}", output.string(),
          options.resume
              ? Printable(" and holds no run to resume (no checkpoint-N, no train_log.jsonl); choose another "
                          "folder")
              : format_printable("; {} goes on with the run in it, or choose another folder", option("resume")));
}

OutputFolder::MadeFolders::MadeFolders(const fs::path& folder) {
  std::error_code error;
  for (fs::path at = folder; !at.empty() && !fs::exists(at, error) && !error; at = at.parent_path()) made.push_back(at);
  make_folders(folder);
}

OutputFolder::MadeFolders::~MadeFolders() {
  for (const fs::path& folder : made) ::rmdir(folder.c_str());
}

OutputFolder::OutputFolder(const fs::path& output)
    : output_(output), folders_(output), lock_(output), events_(output / kRunsName / run_folder_name()) {
  sync_directory(output / "..");
  clean_output(output);
  std::error_code error;
  had_log_ = fs::exists(log_file(), error);
  folders_.made.insert(folders_.made.begin(), {events_, output / kRunsName});  // EventFile creates them
}

OutputFolder::~OutputFolder() {
  try {
    if (!checkpoint_steps(output_).empty()) return;
  } catch (const Error&) {
    return;  // unreadable: nothing is removed
  }
  if (!had_log_) remove_tree(log_file());
  remove_tree(events_);
}

fs::path OutputFolder::log_file() const { return output_ / kLogName; }

}  // namespace linnet
