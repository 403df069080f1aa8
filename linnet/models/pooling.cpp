#include "linnet/models/pooling.h"

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"

namespace linnet::models {
namespace {

// A member of an object that may be absent.
bool yes(const Json& object, const char* key, const std::string& place) {
  if (!object.contains(key)) return false;
  check(object[key].is_boolean(), ErrorKind::kBadInput, "{}: '{}' is not true or false", place, key);
  return object[key].get<bool>();
}

}  // namespace

EmbedPooling read_pooling(const std::filesystem::path& file) {
  const std::string place = file.string();
  const Json json = read_json(file);
  check(json.is_object(), ErrorKind::kBadInput, "{}: is not a JSON object", place);
  for (const char* other :
       {"pooling_mode_max_tokens", "pooling_mode_mean_sqrt_len_tokens", "pooling_mode_weightedmean_tokens"})
    check(!yes(json, other, place), ErrorKind::kBadInput,
          "{}: {} is not supported; mean, cls and last token are (embed takes --pooling)", place, other);
  if (yes(json, "pooling_mode_cls_token", place)) return EmbedPooling::kCls;
  return yes(json, "pooling_mode_lasttoken", place) ? EmbedPooling::kLast : EmbedPooling::kMean;
}

}  // namespace linnet::models
