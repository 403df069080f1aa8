#include "linnet/models/pooling.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/io/gguf.h"

namespace linnet::models {
namespace {

struct Mode {
  EmbedPooling ours;
  std::string_view name;
  const char* flag;  // key of versions before 5.4
};
// The order in which the vectors are concatenated.
constexpr Mode kModes[] = {{EmbedPooling::kCls, "cls", "pooling_mode_cls_token"},
                           {EmbedPooling::kMax, "max", "pooling_mode_max_tokens"},
                           {EmbedPooling::kMean, "mean", "pooling_mode_mean_tokens"},
                           {EmbedPooling::kMeanSqrtLength, "mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"},
                           {EmbedPooling::kWeightedMean, "weightedmean", "pooling_mode_weightedmean_tokens"},
                           {EmbedPooling::kLast, "lasttoken", "pooling_mode_lasttoken"}};
constexpr std::string_view kOtherKeys[] = {"word_embedding_dimension", "embedding_dimension", "pooling_mode",
                                           "include_prompt"};

bool flag(const Json& value, std::string_view key, const std::string& place) {
  check(value.is_boolean(), ErrorKind::kBadInput, "{}: '{}' is not true or false", place, key);
  return value.get<bool>();
}

EmbedPooling mode_of(const Json& name, const std::string& place) {
  const std::string text = get_string(name, "pooling_mode", place);
  const auto found = std::find_if(std::begin(kModes), std::end(kModes), [&](const Mode& m) { return m.name == text; });
  check(found != std::end(kModes), ErrorKind::kBadInput,
        "{}: the pooling mode '{}' is not supported; cls, max, mean, mean_sqrt_len_tokens, weightedmean and lasttoken "
        "are; say another with {}",
        place, text, option("pooling"));
  return found->ours;
}

std::vector<EmbedPooling> modes_named(const Json& named, const std::string& place) {
  constexpr std::size_t kMost = 16;
  if (!named.is_array()) return {mode_of(named, place)};
  check(!named.empty() && named.size() <= kMost, ErrorKind::kBadInput,
        "{}: pooling_mode lists {} modes, it takes 1 to {}", place, named.size(), kMost);
  std::vector<EmbedPooling> modes;
  for (const Json& name : named) modes.push_back(mode_of(name, place));
  return modes;
}

// Weighted sum of the rows of one text.
void add_rows(const float* rows, std::int64_t first, std::int64_t count, std::int64_t width, EmbedPooling mode,
              float* out) {
  std::vector<double> sum(static_cast<std::size_t>(width), 0);
  double weights = 0;
  for (std::int64_t r = first; r < count; ++r) {
    const double weight = mode == EmbedPooling::kWeightedMean ? static_cast<double>(r + 1) : 1;
    weights += weight;
    for (std::int64_t i = 0; i < width; ++i)
      sum[static_cast<std::size_t>(i)] += weight * static_cast<double>(rows[r * width + i]);
  }
  if (mode == EmbedPooling::kMeanSqrtLength) weights = std::sqrt(weights);
  for (std::int64_t i = 0; i < width; ++i) out[i] = static_cast<float>(sum[static_cast<std::size_t>(i)] / weights);
}

void pool_text(const float* rows, std::int64_t first, std::int64_t count, std::int64_t width, EmbedPooling mode,
               float* out) {
  switch (mode) {
    case EmbedPooling::kCls:
      std::copy_n(rows + first * width, width, out);
      break;
    case EmbedPooling::kLast:
      std::copy_n(rows + (count - 1) * width, width, out);
      break;
    case EmbedPooling::kMax:
      std::copy_n(rows + first * width, width, out);
      for (std::int64_t r = first + 1; r < count; ++r)
        for (std::int64_t i = 0; i < width; ++i) out[i] = std::max(out[i], rows[r * width + i]);
      break;
    default:
      add_rows(rows, first, count, width, mode, out);
  }
}

}  // namespace

std::optional<EmbedPooling> pooling_named(std::string_view name) {
  if (name == "last") return EmbedPooling::kLast;
  for (const Mode& mode : kModes)
    if (mode.name == name) return mode.ours;
  return std::nullopt;
}

std::string_view pooling_name(EmbedPooling pooling) {
  for (const Mode& mode : kModes)
    if (mode.ours == pooling) return mode.name;
  return "";
}

PoolingConfig read_pooling(const std::filesystem::path& file) {
  const std::string place = file.string();
  const Json json = read_json(file);
  check(json.is_object(), ErrorKind::kBadInput, "{}: is not a JSON object", place);
  PoolingConfig config;
  std::vector<EmbedPooling> on;
  for (const Mode& mode : kModes)
    if (json.contains(mode.flag) && flag(json[mode.flag], mode.flag, place)) on.push_back(mode.ours);
  if (!on.empty()) config.modes = std::move(on);
  if (json.contains("pooling_mode")) config.modes = modes_named(json["pooling_mode"], place);
  if (json.contains("include_prompt")) config.include_prompt = flag(json["include_prompt"], "include_prompt", place);
  for (const auto& item : json.items()) {
    const std::string& key = item.key();
    const bool known = std::find(std::begin(kOtherKeys), std::end(kOtherKeys), key) != std::end(kOtherKeys) ||
                       std::any_of(std::begin(kModes), std::end(kModes), [&](const Mode& m) { return m.flag == key; });
    check(known, ErrorKind::kBadInput, "{}: '{}' is not an option of a Pooling module; remove it", place, key);
  }
  return config;
}

std::optional<EmbedPooling> gguf_pooling(const GgufFile& file) {
  const auto type =
      file.integer(fmt::format("{}.pooling_type", file.string("general.architecture").value_or(""))).value_or(0);
  check(type >= 0 && type <= 3, ErrorKind::kBadInput,
        "{}: pooling_type {} makes no vector of a text (0 none, 1 mean, 2 cls, 3 last do); say how with {}",
        file.place(), type, option("pooling"));
  return type > 0 ? std::optional(static_cast<EmbedPooling>(type)) : std::nullopt;
}

Tensor pool(const Tensor& rows_of_texts, std::span<const std::int32_t> starts, std::span<const EmbedPooling> modes,
            std::int64_t skip) {
  const Tensor hidden = rows_of_texts.to(kCpu);
  const auto texts = static_cast<std::int64_t>(starts.size()) - 1, width = hidden.size(1);
  const auto parts = static_cast<std::int64_t>(modes.size());
  Tensor pooled = Tensor::empty({texts, parts * width});
  const float* rows = hidden.data<float>().data();
  float* out = pooled.data<float>().data();
  for (std::int64_t t = 0; t < texts; ++t) {
    const std::int64_t begin = starts[static_cast<std::size_t>(t)];
    const std::int64_t count = starts[static_cast<std::size_t>(t) + 1] - begin;
    check(count > skip, "[pool] text {} has {} rows, {} of them left out: nothing to pool", t, count, skip);
    for (const EmbedPooling mode : modes) {
      pool_text(rows + begin * width, skip, count, width, mode, out);
      out += width;
    }
  }
  return pooled;
}

void write_modules(const std::filesystem::path& folder, EmbedPooling pooling, std::int64_t hidden) {
  constexpr const char* kPoolingFolder = "1_Pooling";
  Json config = {{"word_embedding_dimension", hidden}};
  for (const Mode& mode : kModes) config[mode.flag] = mode.ours == pooling;
  const auto module = [](int index, const char* path, const char* type) {
    return Json{{"idx", index},
                {"name", std::to_string(index)},
                {"path", path},
                {"type", fmt::format("sentence_transformers.models.{}", type)}};
  };
  const Json modules = Json::array({module(0, "", "Transformer"), module(1, kPoolingFolder, "Pooling")});
  make_folders(folder / kPoolingFolder);
  write_file(folder / kPoolingFolder / "config.json", dump_json(config, 2) + "\n");
  write_file(folder / "modules.json", dump_json(modules, 2) + "\n");
}

}  // namespace linnet::models
