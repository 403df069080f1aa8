#include "option_names.h"

#include <algorithm>

namespace linnet::app {
namespace {

struct OtherName {
  std::string_view field, flag;
};
// Flags that are not spelled like the field.
constexpr OtherName kOtherNames[] = {
    {"exemplars", "--examples"}, {"format", "--input-format"}, {"head_kind", "--head"},
    {"head_rule", "--new-head"}, {"header", "--no-header"},    {"label_kind", "--problem-type"},
    {"lora_rank", "--lora-r"},   {"prompt", "--template"},     {"rank_stabilised", "--rslora"},
};

}  // namespace

std::string flag_of(std::string_view field) {
  for (const OtherName& other : kOtherNames)
    if (other.field == field) return std::string(other.flag);
  std::string flag = "--" + std::string(field);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

}  // namespace linnet::app
