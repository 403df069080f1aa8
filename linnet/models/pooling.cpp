#include "linnet/models/pooling.h"

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/io/gguf.h"

namespace linnet::models {
namespace {

struct Mode {
  const char* key;
  std::optional<EmbedPooling> ours;
};
constexpr Mode kModes[] = {
    {"pooling_mode_mean_tokens", EmbedPooling::kMean},   {"pooling_mode_cls_token", EmbedPooling::kCls},
    {"pooling_mode_lasttoken", EmbedPooling::kLast},     {"pooling_mode_max_tokens", std::nullopt},
    {"pooling_mode_mean_sqrt_len_tokens", std::nullopt}, {"pooling_mode_weightedmean_tokens", std::nullopt}};

// The modes that are on; sentence-transformers puts the vectors of several side by side.
std::vector<Mode> modes_in(const std::filesystem::path& file) {
  const std::string place = file.string();
  const Json json = read_json(file);
  check(json.is_object(), ErrorKind::kBadInput, "{}: is not a JSON object", place);
  std::vector<Mode> on;
  for (const Mode& mode : kModes) {
    if (!json.contains(mode.key)) continue;
    const Json& value = json[mode.key];
    check(value.is_boolean(), ErrorKind::kBadInput, "{}: '{}' is not true or false", place, mode.key);
    if (value.get<bool>()) on.push_back(mode);
  }
  return on.empty() ? std::vector{kModes[0]} : on;
}

constexpr const char* kModulesFile = "modules.json";
constexpr const char* kPoolingFolder = "1_Pooling";

SentenceModules listed_modules(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kModulesFile;
  const std::string place = file.string();
  const Json list = read_json(file);
  check(list.is_array(), ErrorKind::kBadInput, "{}: is not a list of modules", place);
  SentenceModules modules;
  for (const Json& module : list) {
    const std::string type = get_string(require(module, "type", place), "type", place);
    const std::string path = module.contains("path") ? get_string(module["path"], "path", place) : "";
    if (type.ends_with(".Normalize")) {
      modules.unit = true;
    } else if (type.ends_with(".Pooling") && !modules.pooling) {
      check(safe_relative_name(path), ErrorKind::kBadInput, "{}: '{}' is no folder beside it", place,
            printable(path, 60));
      modules.pooling = folder / path / "config.json";
    }
  }
  return modules;
}

std::optional<EmbedPooling> only(const std::vector<Mode>& modes) {
  return modes.size() == 1 ? modes.front().ours : std::nullopt;
}

}  // namespace

SentenceModules find_modules(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / kModulesFile)) return listed_modules(folder);
  SentenceModules modules;
  modules.unit = std::filesystem::exists(folder / "2_Normalize");
  if (const auto file = folder / kPoolingFolder / "config.json"; std::filesystem::exists(file)) modules.pooling = file;
  return modules;
}

std::optional<EmbedPooling> find_pooling(const std::filesystem::path& file) { return only(modes_in(file)); }

EmbedPooling read_pooling(const std::filesystem::path& file) {
  const std::vector<Mode> modes = modes_in(file);
  if (const auto pooling = only(modes)) return *pooling;
  std::string names;
  for (const Mode& mode : modes) names += fmt::format("{}{}", names.empty() ? "" : " with ", mode.key);
  fail(ErrorKind::kBadInput, "{}: {} is not supported; one of mean, cls and last token is (embed takes --pooling)",
       file.string(), names);
}

std::optional<EmbedPooling> gguf_pooling(const GgufFile& file) {
  const auto type =
      file.integer(fmt::format("{}.pooling_type", file.string("general.architecture").value_or(""))).value_or(0);
  return type >= 1 && type <= 3 ? std::optional(static_cast<EmbedPooling>(type)) : std::nullopt;
}

void write_modules(const std::filesystem::path& folder, EmbedPooling pooling, std::int64_t hidden) {
  Json config = {{"word_embedding_dimension", hidden}};
  for (const Mode& mode : kModes) config[mode.key] = mode.ours == pooling;
  const auto module = [](int index, const char* path, const char* type) {
    return Json{{"idx", index},
                {"name", std::to_string(index)},
                {"path", path},
                {"type", fmt::format("sentence_transformers.models.{}", type)}};
  };
  const Json modules = Json::array({module(0, "", "Transformer"), module(1, kPoolingFolder, "Pooling")});
  std::filesystem::create_directories(folder / kPoolingFolder);
  write_file(folder / kPoolingFolder / "config.json", dump_json(config, 2) + "\n");
  write_file(folder / kModulesFile, dump_json(modules, 2) + "\n");
}

}  // namespace linnet::models
