#include "linnet/hub/cache.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/base/nearest.h"

namespace linnet::hub {
namespace fs = std::filesystem;
namespace {

bool name_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.'; }

bool valid_name(std::string_view name) {
  return !name.empty() && name.size() <= 96 && std::all_of(name.begin(), name.end(), name_character) &&
         name.front() != '.' && name.front() != '-' && name.find("..") == name.npos && name.find("--") == name.npos;
}

bool valid_repository(std::string_view repository) {
  const auto slash = repository.find('/');
  if (slash == repository.npos) return valid_name(repository);
  return valid_name(repository.substr(0, slash)) && valid_name(repository.substr(slash + 1));
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool truth(const char* name) {
  std::string value = variable(name);
  std::transform(value.begin(), value.end(), value.begin(), [](unsigned char c) { return std::toupper(c); });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

// Expands ~ and $NAME or ${NAME}, like Python's expanduser and expandvars.
fs::path expanded(std::string text) {
  if (text == "~" || text.starts_with("~/")) text.replace(0, 1, variable("HOME"));
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    const bool braces = text[i] == '$' && end < text.size() && text[end] == '{';
    if (braces) ++end;
    const std::size_t begin = end;
    while (text[i] == '$' && end < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_'))
      ++end;
    const std::string name = text.substr(begin, end - begin);
    const bool closed = !braces || (end < text.size() && text[end] == '}');
    if (text[i] != '$' || name.empty() || !closed || std::getenv(name.c_str()) == nullptr) {
      out += text[i++];
      continue;
    }
    out += variable(name.c_str());
    i = end + (braces ? 1 : 0);
  }
  return out;
}

std::string first_of(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (std::string value = variable(name); !value.empty()) return value;
  return "";
}

std::string without_spaces(std::string text) {
  const auto blank = [](unsigned char c) { return std::isspace(c) != 0; };
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), blank));
  while (!text.empty() && blank(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

long seconds(const char* name, long otherwise) {
  const long value = std::atol(variable(name).c_str());
  return value > 0 ? value : otherwise;
}

bool is_commit(std::string_view text) {
  return text.size() == 40 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// Entries of a folder of the cache; empty if it is absent or not a folder.
std::vector<fs::path> entries(const fs::path& folder) {
  return is_folder(folder) ? list_folder(folder) : std::vector<fs::path>();
}

std::vector<std::string> names_below(const fs::path& folder) {
  std::vector<std::string> names;
  if (!is_folder(folder)) return names;
  for (const fs::path& name : files_below(folder)) names.push_back(name.generic_string());
  return names;
}

std::uintmax_t bytes_below(const fs::path& folder) {
  std::uintmax_t bytes = 0;
  for (const std::string& name : names_below(folder))
    if (!is_link(folder / name) && is_file(folder / name)) bytes += file_bytes(folder / name);
  return bytes;
}

// The commit in a file of refs/, or "" if it is unreadable.
std::string commit_in(const fs::path& ref) {
  constexpr std::size_t kLongest = 1000;
  try {
    return without_spaces(read_file(ref, kLongest));
  } catch (const Error&) {
    return "";
  }
}

std::set<std::string> used_blobs(const fs::path& folder, const std::string& without) {
  std::set<std::string> used;
  for (const fs::path& snapshot : entries(folder / "snapshots")) {
    if (snapshot.filename() == without || is_link(snapshot)) continue;
    for (const std::string& name : names_below(snapshot)) {
      std::error_code error;
      used.insert(fs::read_symlink(snapshot / name, error).filename().string());
    }
  }
  return used;
}

// Removes one snapshot, its refs, and the blobs that no other snapshot links to.
std::uintmax_t remove_snapshot(const Settings& settings, const fs::path& folder, const std::string& commit) {
  for (const fs::path& part : {folder, folder / "snapshots", folder / "refs", folder / "blobs"})
    check(!is_link(part), ErrorKind::kBadInput,
          "{}: is a link; nothing behind it is removed: look at it and remove it by hand", part.string());
  const std::uintmax_t before = bytes_below(folder);
  const fs::path inner = folder.filename();
  const std::set<std::string> used = used_blobs(folder, commit);
  remove_below(settings.cache, inner / "snapshots" / commit);
  for (const std::string& ref : names_below(folder / "refs"))
    if (commit_in(folder / "refs" / ref) == commit) remove_below(settings.cache, inner / "refs" / ref);
  for (const fs::path& blob : entries(folder / "blobs"))
    if (!used.contains(blob.filename().string())) remove_below(settings.cache, inner / "blobs" / blob.filename());
  return before - bytes_below(folder);
}

}  // namespace

std::string Spec::text() const {
  return repository + (revision == "main" ? "" : "@" + revision) + (file.empty() ? "" : ":" + file);
}

std::optional<Spec> parse_spec(std::string_view text) {
  if (text.starts_with("hf://")) text.remove_prefix(5);
  Spec spec;
  if (const auto colon = text.find(':'); colon != text.npos) {
    spec.file = text.substr(colon + 1);
    text = text.substr(0, colon);
    if (!safe_relative_name(spec.file)) return std::nullopt;
  }
  if (const auto at = text.find('@'); at != text.npos) {
    spec.revision = text.substr(at + 1);
    text = text.substr(0, at);
    if (!safe_relative_name(spec.revision)) return std::nullopt;
  }
  if (!valid_repository(text)) return std::nullopt;
  spec.repository = text;
  return spec;
}

Settings settings_from_environment() {
  Settings settings;
  std::string home = variable("HF_HOME");
  if (home.empty()) {
    const std::string xdg = variable("XDG_CACHE_HOME");
    home = (xdg.empty() ? "~/.cache" : xdg) + "/huggingface";
  }
  const std::string cache = first_of({"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"});
  settings.cache = expanded(cache.empty() ? home + "/hub" : cache);
  if (const std::string endpoint = variable("HF_ENDPOINT"); !endpoint.empty()) settings.endpoint = endpoint;
  while (settings.endpoint.ends_with('/')) settings.endpoint.pop_back();
  settings.offline = truth("HF_HUB_OFFLINE") || truth("TRANSFORMERS_OFFLINE");
  settings.symlinks = !truth("HF_HUB_DISABLE_SYMLINKS");
  settings.etag_timeout_s = seconds("HF_HUB_ETAG_TIMEOUT", settings.etag_timeout_s);
  settings.download_timeout_s = seconds("HF_HUB_DOWNLOAD_TIMEOUT", settings.download_timeout_s);
  settings.token = without_spaces(first_of({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}));
  if (settings.token.empty() && !truth("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
    const std::string file = variable("HF_TOKEN_PATH");
    const fs::path path = expanded(file.empty() ? home + "/token" : file);
    if (std::error_code error; fs::is_regular_file(path, error))
      settings.token = without_spaces(read_file(path, 10'000));
  }
  return settings;
}

fs::path repository_folder(const Settings& settings, std::string_view repository) {
  std::string name = "models--" + std::string(repository);
  if (const auto slash = name.find('/'); slash != name.npos) name.replace(slash, 1, "--");
  return settings.cache / name;
}

std::optional<std::string> cached_commit(const Settings& settings, const Spec& spec) {
  const fs::path folder = repository_folder(settings, spec.repository);
  std::string commit = spec.revision;
  if (!is_commit(commit)) {
    const fs::path ref = folder / "refs" / spec.revision;
    if (!has_companion(ref)) return std::nullopt;
    commit = without_spaces(read_file(ref, 1000));
  }
  if (!is_commit(commit) || !is_folder(folder / "snapshots" / commit)) return std::nullopt;
  return commit;
}

std::vector<std::string> matching_files(const std::vector<std::string>& files, std::string_view wanted) {
  if (std::find(files.begin(), files.end(), wanted) != files.end()) return {std::string(wanted)};
  const auto lower = [](std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  };
  std::vector<std::string> found;
  for (const std::string& file : files)
    if (file.ends_with(".gguf") && lower(file).find(lower(std::string(wanted))) != file.npos) found.push_back(file);
  return found;
}

std::optional<fs::path> find_cached(const Settings& settings, const Spec& spec) {
  const auto commit = cached_commit(settings, spec);
  if (!commit) return std::nullopt;
  const fs::path snapshot = repository_folder(settings, spec.repository) / "snapshots" / *commit;
  if (spec.file.empty() && has_companion(snapshot / "config.json")) return snapshot;
  const auto found = matching_files(names_below(snapshot), spec.file.empty() ? ".gguf" : spec.file);
  if (found.size() == 1 && has_companion(snapshot / found[0])) return snapshot / found[0];
  if (spec.file.empty() && found.empty()) return snapshot;
  return std::nullopt;
}

namespace {

CachedRepository look_at(const std::string& name, const fs::path& folder) {
  CachedRepository repository{name, folder, names_below(folder / "refs"), bytes_below(folder)};
  std::set<std::string> named;
  for (const std::string& ref : repository.revisions) named.insert(commit_in(folder / "refs" / ref));
  for (const fs::path& snapshot : entries(folder / "snapshots"))
    if (!named.contains(snapshot.filename().string())) repository.revisions.push_back(snapshot.filename().string());
  return repository;
}

}  // namespace

std::vector<CachedRepository> list_cached(const Settings& settings) {
  std::vector<CachedRepository> list;
  for (const fs::path& folder : entries(settings.cache)) {
    std::string name = folder.filename().string();
    if (!name.starts_with("models--")) continue;
    name.erase(0, 8);
    if (const auto dashes = name.find("--"); dashes != name.npos) name.replace(dashes, 2, "/");
    if (!valid_repository(name)) continue;
    try {
      list.push_back(look_at(name, folder));
    } catch (const Error& error) {
      warn("{}; {} is left out", error.what(), name);
    }
  }
  return list;
}

std::uintmax_t remove_cached(const Settings& settings, const Spec& spec, bool whole_repository) {
  const fs::path folder = repository_folder(settings, spec.repository);
  check(is_link(folder) || is_folder(folder), ErrorKind::kBadInput, "{}: is not in the cache {}{}", spec.repository,
        settings.cache.string(), did_you_mean(settings, spec.repository));
  if (whole_repository) {
    const std::uintmax_t bytes = is_link(folder) ? 0 : bytes_below(folder);
    remove_below(settings.cache, folder.filename());
    remove_below(settings.cache, fs::path(".locks") / folder.filename());
    return bytes;
  }
  const auto commit = cached_commit(settings, spec);
  check(commit.has_value(), ErrorKind::kBadInput, "{}: has no revision '{}' in the cache {}", spec.repository,
        printable(spec.revision), settings.cache.string());
  return remove_snapshot(settings, folder, *commit);
}

fs::path require_cached(const Settings& settings, const Spec& spec) {
  if (const auto found = find_cached(settings, spec)) return *found;
  const auto commit = cached_commit(settings, spec);
  check(!commit.has_value(), ErrorKind::kBadInput,
        "{}: the cache {} has this repository, but not {}; name a file, as {}:FILE, or run `linnet pull {}`",
        spec.text(), settings.cache.string(),
        spec.file.empty() ? "one .gguf file alone" : fmt::format("one file '{}'", printable(spec.file)),
        spec.repository, spec.text());
  fail(ErrorKind::kBadInput, "{}: is not in the cache {}{}; {}", spec.text(), settings.cache.string(),
       did_you_mean(settings, spec.repository),
       settings.offline ? "HF_HUB_OFFLINE is set, so nothing is fetched"
                        : fmt::format("get it with `linnet pull {}`", spec.text()));
}

std::string did_you_mean(const Settings& settings, std::string_view repository) {
  constexpr std::size_t kMostNames = 2;
  std::vector<std::string> near;
  for (const CachedRepository& cached : list_cached(settings))
    if (cached.repository != repository &&
        edit_distance(repository, cached.repository) <= std::max<std::size_t>(3, repository.size() / 3))
      near.push_back(cached.repository);
  if (near.empty()) return "";
  return fmt::format("; did you mean {}?", fmt::join(nearest_names(repository, near, kMostNames), " or "));
}

}  // namespace linnet::hub
