#include "linnet/models/pooling.h"

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"

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

std::optional<EmbedPooling> only(const std::vector<Mode>& modes) {
  return modes.size() == 1 ? modes.front().ours : std::nullopt;
}

}  // namespace

std::optional<EmbedPooling> find_pooling(const std::filesystem::path& file) { return only(modes_in(file)); }

EmbedPooling read_pooling(const std::filesystem::path& file) {
  const std::vector<Mode> modes = modes_in(file);
  if (const auto pooling = only(modes)) return *pooling;
  std::string names;
  for (const Mode& mode : modes) names += fmt::format("{}{}", names.empty() ? "" : " with ", mode.key);
  fail(ErrorKind::kBadInput, "{}: {} is not supported; one of mean, cls and last token is (embed takes --pooling)",
       file.string(), names);
}

}  // namespace linnet::models
