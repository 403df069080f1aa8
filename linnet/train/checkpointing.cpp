#include "linnet/train/checkpointing.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

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

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

void sync_file(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool ok = descriptor >= 0 && ::fsync(descriptor) == 0;
  const std::string why = ok ? "" : std::strerror(errno);
  if (descriptor >= 0) ::close(descriptor);
  check(ok, ErrorKind::kRuntime, "{}: syncing failed ({})", file.string(), why);
}

// The step of a folder's name, or -1.
std::int64_t step_of(std::string_view name) {
  if (!name.starts_with(kPrefix)) return -1;
  name.remove_prefix(kPrefix.size());
  std::int64_t step = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  return error == std::errc() && end == name.data() + name.size() && step >= 0 ? step : -1;
}

// Takes a checkpoint's name away first, in one step and for good: a folder half removed must not look like one.
void discard(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  const fs::path hidden = folder.parent_path() / fmt::format(".{}.old{}", folder.filename().string(), kIncomplete);
  fs::remove_all(hidden, error);
  fs::rename(folder, hidden, error);
  if (!error) sync_directory(folder.parent_path());
  fs::remove_all(error ? folder : hidden, error);
}

std::string file_fault(const fs::path& folder, const std::string& name, const Json& entry) {
  const fs::path file = folder / name;
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return name + " is missing";
  if (!entry.is_object() || !entry.contains("bytes") || !entry.contains("sha256")) return "manifest entry of " + name;
  if (entry["bytes"] != size)
    return fmt::format("{} has {} bytes, the manifest says {}", name, size, entry["bytes"].dump());
  if (entry["sha256"] != sha256_file(file)) return name + " differs from its hash";
  return "";
}

}  // namespace

CheckpointFolder::CheckpointFolder(const fs::path& output, std::int64_t step) : final_(checkpoint_path(output, step)) {
  temporary_ = output / fmt::format(".{}{}.{}{}", kPrefix, step, ::getpid(), kIncomplete);
  std::error_code error;
  fs::remove_all(temporary_, error);
  fs::create_directories(temporary_, error);
  check(!error, ErrorKind::kRuntime, "{}: cannot be made ({})", temporary_.string(), error.message());
}

CheckpointFolder::~CheckpointFolder() {
  std::error_code error;
  if (!committed_) fs::remove_all(temporary_, error);
}

void CheckpointFolder::commit() {
  write_manifest(temporary_);
  discard(final_);  // only there when an earlier run wrote the same step
  std::error_code error;
  fs::rename(temporary_, final_, error);
  check(!error, ErrorKind::kRuntime, "{}: cannot be put in place ({})", final_.string(), error.message());
  committed_ = true;
  sync_directory(final_.parent_path());
}

void write_manifest(const fs::path& folder) {
  Json files = Json::object();
  for (const fs::path& file : files_below(folder)) {
    const std::string name = fs::relative(file, folder).generic_string();
    if (name == kManifestName) continue;
    sync_file(file);
    files[name] = {{"bytes", fs::file_size(file)}, {"sha256", sha256_file(file)}};
  }
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_directory()) sync_directory(entry.path());
  write_file(folder / kManifestName, dump_json({{"version", 1}, {"files", files}}, 1) + "\n");
}

std::string manifest_fault(const fs::path& folder) {
  try {
    const Json manifest = read_json(folder / kManifestName);
    const Json& files = require(manifest, "files", kManifestName);
    if (!files.is_object()) return "the manifest lists no files";
    for (const auto& [name, entry] : files.items()) {
      if (!safe_relative_name(name)) return "the manifest names a file outside the folder";
      if (std::string fault = file_fault(folder, name, entry); !fault.empty()) return fault;
    }
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

std::vector<std::int64_t> checkpoint_steps(const fs::path& output) {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(output, error))
    if (const std::int64_t step = step_of(entry.path().filename().string()); step >= 0 && entry.is_directory())
      steps.push_back(step);
  std::sort(steps.begin(), steps.end());
  return steps;
}

fs::path checkpoint_path(const fs::path& output, std::int64_t step) {
  return output / fmt::format("{}{}", kPrefix, step);
}

std::optional<fs::path> newest_checkpoint(const fs::path& output) {
  std::vector<std::int64_t> steps = checkpoint_steps(output);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const fs::path folder = checkpoint_path(output, *step);
    const std::string fault = manifest_fault(folder);
    if (fault.empty()) return folder;
    warn("{}: broken checkpoint passed over: {}", folder.string(), fault);
  }
  return std::nullopt;
}

void clean_output(const fs::path& output) {
  std::error_code error;
  std::vector<fs::path> leftovers;
  for (const fs::directory_entry& entry : fs::directory_iterator(output, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kIncomplete)) leftovers.push_back(entry.path());
  }
  for (const fs::path& leftover : leftovers) fs::remove_all(leftover, error);
}

void keep_newest(const fs::path& output, std::int64_t keep, std::int64_t best_step) {
  if (keep <= 0) return;
  std::vector<std::int64_t> steps = checkpoint_steps(output);
  std::erase(steps, best_step);
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < steps.size(); ++i)
    discard(checkpoint_path(output, steps[i]));
}

}  // namespace linnet
