// The local Hugging Face cache, with the layout of Python's huggingface_hub.
//
//   hub::Settings settings = hub::settings_from_environment();
//   if (auto path = hub::find_cached(settings, *hub::parse_spec("bigscience/bloomz-560m"))) use(*path);
//
// Layout: <cache>/models--ORG--NAME/{refs/<revision>, blobs/<etag>, snapshots/<commit>/<file> -> ../../blobs/<etag>}.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace linnet::hub {

// org/name[@revision][:file-or-quantisation], optionally with the prefix hf://; the organisation may be missing.
struct Spec {
  std::string repository;
  std::string revision = "main";  // a branch, a tag or a commit of 40 hexadecimal digits
  std::string file;               // "model-Q4_K_M.gguf" or "Q4_K_M"; empty: the whole model
  std::string text() const;       // in the format above
};
// Empty if the text is not a spec: an absolute path, "..", characters that are not allowed in names.
std::optional<Spec> parse_spec(std::string_view text);

struct Settings {
  std::filesystem::path cache;                      // HF_HUB_CACHE, else $HF_HOME/hub, else ~/.cache/huggingface/hub
  std::string endpoint = "https://huggingface.co";  // HF_ENDPOINT
  std::string token;                                // HF_TOKEN, else the file HF_TOKEN_PATH; never shown
  bool offline = false;                             // HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE
  long etag_timeout_s = 10,
       download_timeout_s = 10;  // HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT: time without data, not in total
  bool symlinks = true;          // HF_HUB_DISABLE_SYMLINKS: files in snapshots/ instead of links
};
Settings settings_from_environment();

std::filesystem::path repository_folder(const Settings& settings, std::string_view repository);
// The cached commit of a revision.
std::optional<std::string> cached_commit(const Settings& settings, const Spec& spec);
// The snapshot's folder, or a file in it: the named one, or the only .gguf if there is no config.json.
std::optional<std::filesystem::path> find_cached(const Settings& settings, const Spec& spec);

// The same; if absent kBadInput with the nearest cached repositories and how to download this one.
std::filesystem::path require_cached(const Settings& settings, const Spec& spec);

struct CachedRepository {
  std::string repository;
  std::filesystem::path folder;
  std::vector<std::string> revisions;  // names of refs, then commits without a ref
  std::uintmax_t bytes = 0;
};
// Models only, sorted by name. Unreadable ones are skipped with a warning.
std::vector<CachedRepository> list_cached(const Settings& settings);

// Removes the repository or, if the spec names another revision than main, that snapshot and the blobs that no other
// one uses. Returns the freed bytes; kBadInput with the nearest names if it is absent.
std::uintmax_t remove_cached(const Settings& settings, const Spec& spec, bool whole_repository);

// "; did you mean a/b or c/d?" with names in the cache; "" if none is near.
std::string did_you_mean(const Settings& settings, std::string_view repository);

// Files of a repository that match `wanted`: that name, else the .gguf files whose name contains it (ignoring case).
std::vector<std::string> matching_files(const std::vector<std::string>& files, std::string_view wanted);

}  // namespace linnet::hub
