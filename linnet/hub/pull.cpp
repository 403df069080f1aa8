#include "linnet/hub/pull.h"

#include <algorithm>
#include <array>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/hub/download.h"
#include "linnet/tokenizer/tokenizer_files.h"

namespace linnet::hub {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMostFiles = 100'000;

// Small files: configuration, tokenizer, templates.
const std::vector<const char*>& companions() {
  static const std::vector<const char*> names = [] {
    std::vector<const char*> all{"config.json",        "generation_config.json", "adapter_config.json",
                                 "chat_template.json", "modules.json",           "1_Pooling/config.json"};
    for (const VocabularyFile& file : kVocabularyFiles) all.push_back(file.name);
    all.insert(all.end(), std::begin(kTokenizerCompanions), std::end(kTokenizerCompanions));
    return all;
  }();
  return names;
}

// Kinds of weights, preferred first: one file, or an index with shards with that prefix.
struct WeightKind {
  const char* single;
  const char* index;
  const char* stem;
  const char* extension;
};
constexpr std::array kWeights{WeightKind{"model.safetensors", "model.safetensors.index.json", "model-", ".safetensors"},
                              WeightKind{"pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-", ".bin"},
                              WeightKind{"adapter_model.safetensors", "", "", ""},
                              WeightKind{"adapter_model.bin", "", "", ""}};

bool holds(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// <stem>00001-of-00002<extension>
bool is_shard(const std::string& name, const WeightKind& kind) {
  const std::string_view stem = kind.stem, extension = kind.extension;
  if (stem.empty() || !name.starts_with(stem) || !name.ends_with(extension)) return false;
  const std::string_view middle =
      std::string_view(name).substr(stem.size(), name.size() - stem.size() - extension.size());
  return middle.find("-of-") != middle.npos && middle.find_first_not_of("0123456789-of") == middle.npos;
}

bool add_weights(const std::vector<std::string>& listing, std::vector<std::string>& files) {
  for (const WeightKind& kind : kWeights) {
    if (holds(listing, kind.single)) {
      files.emplace_back(kind.single);
      return true;
    }
    if (kind.index[0] == '\0' || !holds(listing, kind.index)) continue;
    files.emplace_back(kind.index);
    std::copy_if(listing.begin(), listing.end(), std::back_inserter(files),
                 [&](const auto& n) { return is_shard(n, kind); });
    return true;
  }
  return false;
}

struct Listing {
  std::string commit;
  std::vector<std::string> files;
};

Listing ask_listing(const Settings& settings, const Spec& spec) {
  const std::string url =
      fmt::format("{}/api/models/{}/revision/{}", settings.endpoint, spec.repository, escaped_path(spec.revision, ""));
  const HttpResponse answer = hub_request(settings, {.url = url, .silence_s = settings.etag_timeout_s});
  if (answer.status != 200) fail_with_answer(settings, spec, spec.repository, answer);
  check(answer.fault.empty(), ErrorKind::kRuntime, "{}: the listing broke off ({}); try again", spec.text(),
        answer.fault);
  const Json json = parse_json(answer.body, url);
  Listing listing{get_string(require(json, "sha", url), "sha", url), {}};
  check(listing.commit.size() == 40 && listing.commit.find_first_not_of("0123456789abcdef") == std::string::npos,
        ErrorKind::kBadInput, "{}: the server names the commit '{}'", spec.text(), printable(listing.commit));
  const Json& siblings = require(json, "siblings", url);
  check(siblings.is_array() && siblings.size() <= kMostFiles, ErrorKind::kBadInput, "{}: the listing is not a list",
        spec.text());
  for (const Json& sibling : siblings) {
    std::string name = get_string(require(sibling, "rfilename", url), "rfilename", url);
    check(safe_relative_name(name), ErrorKind::kBadInput,
          "{}: lists the file '{}', which lies outside its folder; nothing was downloaded", spec.text(),
          printable(name));
    listing.files.push_back(std::move(name));
  }
  return listing;
}

// True for anything at the path, also a dangling link or a pipe.
bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

void write_tag(const fs::path& cache) {
  make_folders(cache);
  if (is_there(cache / "CACHEDIR.TAG")) return;
  write_file(cache / "CACHEDIR.TAG",
             "Signature: 8a477f597d28d172789f06886806bc55\n# This file is a cache directory tag created by "
             "huggingface_hub.\n"
             "# For information about cache directory tags, see:\n#\thttps://bford.info/cachedir/\n");
}

// Python's library looks here before it requests a file that does not exist.
void note_absent(const fs::path& folder, const std::string& commit, const std::vector<std::string>& listing) {
  for (const char* name : companions()) {
    if (holds(listing, name)) continue;
    const fs::path mark = folder / ".no_exist" / commit / name;
    make_folders(mark.parent_path());
    if (!is_there(mark)) write_file(mark, "");
  }
}

}  // namespace

std::vector<std::string> files_to_pull(const std::vector<std::string>& listing, const Spec& spec) {
  std::vector<std::string> files;
  if (spec.file.empty()) {
    for (const char* name : companions())
      if (holds(listing, name)) files.emplace_back(name);
    for (const std::string& name : listing)
      if (name.starts_with("additional_chat_templates/") && name.ends_with(".jinja")) files.push_back(name);
    if (add_weights(listing, files)) return files;
  }
  const auto found = matching_files(listing, spec.file.empty() ? ".gguf" : spec.file);
  check(!found.empty(), ErrorKind::kBadInput, "{}: has no {}", spec.text(),
        spec.file.empty() ? "weights as .safetensors, .bin or .gguf" : fmt::format("file '{}'", printable(spec.file)));
  check(found.size() == 1, ErrorKind::kBadInput, "{}: has several files that fit; name one, as {}:{} ({})", spec.text(),
        spec.repository, found[0], fmt::join(found, ", "));
  return {found[0]};
}

fs::path pull(const Settings& settings, const Spec& spec, const ProgressFn& progress) {
  if (settings.offline) return require_cached(settings, spec);
  check(is_web_address(settings.endpoint),
        "HF_ENDPOINT: '{}' is not an address as https://huggingface.co; set it to "
        "one, or unset it",
        settings.endpoint);
  const Listing listing = ask_listing(settings, spec);
  const std::vector<std::string> files = files_to_pull(listing.files, spec);
  for (const std::string& name : files)
    check(printable(name, SIZE_MAX) == name, ErrorKind::kBadInput,
          "{}: lists the file '{}', whose name has control characters; nothing was downloaded", spec.text(), name);
  write_tag(settings.cache);
  const fs::path folder = repository_folder(settings, spec.repository);
  const fs::path snapshot = folder / "snapshots" / listing.commit;
  make_folders(snapshot);
  for (std::size_t i = 0; i < files.size(); ++i)
    download_file(settings, spec, listing.commit, files[i], [&](std::uintmax_t done, std::uintmax_t total) {
      if (progress) progress({files[i], done, total, i + 1, files.size()});
    });
  note_absent(folder, listing.commit, listing.files);
  if (spec.revision != listing.commit) {
    make_folders((folder / "refs" / spec.revision).parent_path());
    write_file(folder / "refs" / spec.revision, listing.commit);
  }
  const bool one_file = files.size() == 1 && files[0].ends_with(".gguf");
  return one_file ? snapshot / files[0] : snapshot;
}

}  // namespace linnet::hub
