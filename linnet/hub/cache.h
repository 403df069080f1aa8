// The Hugging Face cache on this machine, laid out as Python's huggingface_hub does: what is there, where, how large.
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

// org/name[@revision][:file-or-quantisation], also with hf:// in front; a name without an organisation is allowed.
struct Spec {
  std::string repository;
  std::string revision = "main";  // a branch, a tag or a commit of 40 hexadecimal digits
  std::string file;               // "model-Q4_K_M.gguf" or "Q4_K_M"; empty: the whole model
  std::string text() const;       // as it would be typed
};
// Nothing where the text cannot be one: an absolute path, "..", characters that names do not have.
std::optional<Spec> parse_spec(std::string_view text);

struct Settings {
  std::filesystem::path cache;                      // HF_HUB_CACHE, else $HF_HOME/hub, else ~/.cache/huggingface/hub
  std::string endpoint = "https://huggingface.co";  // HF_ENDPOINT
  std::string token;                                // HF_TOKEN, else the file HF_TOKEN_PATH; never shown
  bool offline = false;                             // HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE
  long etag_timeout_s = 10,
       download_timeout_s = 10;  // HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT: silence, not length
  bool symlinks = true;          // HF_HUB_DISABLE_SYMLINKS: files in snapshots/ instead of links
};
Settings settings_from_environment();

std::filesystem::path repository_folder(const Settings& settings, std::string_view repository);
// The commit that a revision stands for in the cache.
std::optional<std::string> cached_commit(const Settings& settings, const Spec& spec);
// The snapshot's folder, or a file in it: the named one, or the only .gguf of a repository without config.json.
std::optional<std::filesystem::path> find_cached(const Settings& settings, const Spec& spec);

// The same; kBadInput that names the nearest cached repositories and how to get this one where it is not there.
std::filesystem::path require_cached(const Settings& settings, const Spec& spec);

struct CachedRepository {
  std::string repository;
  std::filesystem::path folder;
  std::vector<std::string> revisions;  // names of refs, then commits that none points to
  std::uintmax_t bytes = 0;
};
// By name; models only. One that cannot be looked at is left out with a warning.
std::vector<CachedRepository> list_cached(const Settings& settings);

// Removes the repository, or, where the spec names another revision than main, that snapshot and the blobs that no
// other one uses. Gives the bytes freed; kBadInput with the nearest names when it is not there.
std::uintmax_t remove_cached(const Settings& settings, const Spec& spec, bool whole_repository);

// "; did you mean a/b or c/d?" from the names in the cache; "" where nothing is near.
std::string did_you_mean(const Settings& settings, std::string_view repository);

// Members of a repository (snapshot or listing) that `wanted` means: the name itself, else the .gguf files whose name
// holds it in any case.
std::vector<std::string> matching_files(const std::vector<std::string>& files, std::string_view wanted);

}  // namespace linnet::hub
