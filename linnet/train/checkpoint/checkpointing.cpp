#include "linnet/train/checkpoint/checkpointing.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <set>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/base/log.h"
#include "linnet/base/sha256.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kPrefix = "checkpoint-";
constexpr std::string_view kIncomplete = ".incomplete";

void sync_file(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const bool ok = descriptor >= 0 && ::fsync(descriptor) == 0;
  const std::string why = ok ? "" : std::strerror(errno);
  if (descriptor >= 0) ::close(descriptor);
  check(ok, ErrorKind::kRuntime, "{}: syncing failed ({})", file.string(), why);
}

// The step in a folder's name, or -1.
std::int64_t step_of(std::string_view name) {
  if (!name.starts_with(kPrefix)) return -1;
  name.remove_prefix(kPrefix.size());
  std::int64_t step = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  return error == std::errc() && end == name.data() + name.size() && step >= 0 ? step : -1;
}

// Renames a checkpoint before removing it: a partly removed folder must not look like a checkpoint.
void discard(const fs::path& folder) {
  const fs::path hidden = folder.parent_path() / fmt::format(".{}.old{}", folder.filename().string(), kIncomplete);
  remove_tree(hidden);
  const bool renamed = ::rename(folder.c_str(), hidden.c_str()) == 0;
  if (renamed) sync_directory(folder.parent_path());
  remove_tree(renamed ? hidden : folder);
}

std::string file_fault(const fs::path& folder, const std::string& name, const Json& entry) {
  const fs::path file = folder / name;
  if (is_link(file) || !is_file(file)) return name + " is missing, or not a file";
  if (!entry.is_object() || !entry.contains("bytes") || !entry.contains("sha256"))
    return "the manifest has no size and hash of " + name;
  if (const std::uint64_t size = file_bytes(file); entry["bytes"] != size)
    return fmt::format("{} has {} bytes, in the manifest {}", name, size, dump_json(entry["bytes"]));
  if (entry["sha256"] != sha256_file(file)) return name + " differs from its hash";
  return "";
}

std::string folder_fault(const fs::path& folder) {
  if (is_link(folder)) return "it is a link";
  const Json manifest = read_json(folder / kManifestName);
  if (!manifest.is_object() || !manifest.contains("version") || manifest["version"] != 1)
    return "the manifest is not of version 1";
  const Json& files = require(manifest, "files", kManifestName);
  if (!files.is_object()) return "the manifest lists no files";
  for (const auto& [name, entry] : files.items()) {
    if (!safe_relative_name(name)) return "the manifest names a file outside the folder";
    if (std::string fault = file_fault(folder, name, entry); !fault.empty()) return fault;
  }
  for (const fs::path& file : files_below(folder))
    if (file != kManifestName && !file.filename().string().starts_with(".") && !files.contains(file.generic_string()))
      return file.generic_string() + " is not in the manifest";
  return "";
}

}  // namespace

CheckpointFolder::CheckpointFolder(const fs::path& output, std::int64_t step) : final_(checkpoint_path(output, step)) {
  temporary_ = output / fmt::format(".{}{}.{}{}", kPrefix, step, ::getpid(), kIncomplete);
  remove_tree(temporary_);
  make_folders(temporary_);
}

CheckpointFolder::~CheckpointFolder() {
  if (!committed_) remove_tree(temporary_);
}

void CheckpointFolder::commit() {
  write_manifest(temporary_);
  discard(final_);  // exists only if an earlier run wrote the same step
  rename_path(temporary_, final_);
  committed_ = true;
  sync_directory(final_.parent_path());
}

void write_manifest(const fs::path& folder) {
  Json files = Json::object();
  std::set<fs::path> folders{folder};
  for (const fs::path& name : files_below(folder)) {
    if (name == kManifestName) continue;
    const fs::path file = folder / name;
    sync_file(file);
    folders.insert(file.parent_path());
    files[name.generic_string()] = {{"bytes", file_bytes(file)}, {"sha256", sha256_file(file)}};
  }
  for (const fs::path& each : folders) sync_directory(each);
  write_file(folder / kManifestName, dump_json({{"version", 1}, {"files", files}}, 1) + "\n");
}

std::string manifest_fault(const fs::path& folder) {
  try {
    return folder_fault(folder);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kBadInput) throw;
    return error.what();
  }
}

std::vector<std::int64_t> checkpoint_steps(const fs::path& output) {
  std::vector<std::int64_t> steps;
  if (presence(output) == Presence::kAbsent) return steps;
  for (const fs::path& entry : list_folder(output))
    if (const std::int64_t step = step_of(entry.filename().string()); step >= 0 && !is_link(entry) && is_folder(entry))
      steps.push_back(step);
  std::sort(steps.begin(), steps.end());
  return steps;
}

fs::path checkpoint_path(const fs::path& output, std::int64_t step) {
  return output / fmt::format("{}{}", kPrefix, step);
}

std::optional<fs::path> newest_checkpoint(const fs::path& output, BrokenOnes broken) {
  std::vector<std::int64_t> steps = checkpoint_steps(output);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const fs::path folder = checkpoint_path(output, *step);
    const std::string fault = manifest_fault(folder);
    if (fault.empty()) return folder;
    if (broken == BrokenOnes::kWarned) warn("{}: broken checkpoint passed over: {}", folder.string(), fault);
  }
  return std::nullopt;
}

void clean_output(const fs::path& output) {
  for (const fs::path& entry : list_folder(output))
    if (entry.filename().string().ends_with(kIncomplete)) remove_tree(entry);
}

void keep_newest(const fs::path& output, std::int64_t keep,
                 const std::function<std::int64_t(std::int64_t)>& best_until) {
  if (keep <= 0) return;
  const std::vector<std::int64_t> steps = checkpoint_steps(output);
  std::set<std::int64_t> stay;
  const std::int64_t best = best_until(INT64_MAX);
  for (auto step = steps.rbegin(); step != steps.rend() && keep > 0; ++step) {
    stay.insert({*step, best_until(*step)});
    keep -= *step != best;
  }
  stay.insert(best);
  for (const std::int64_t step : steps)
    if (!stay.contains(step)) discard(checkpoint_path(output, step));
}

}  // namespace linnet
