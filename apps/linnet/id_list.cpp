#include "id_list.h"

#include <fmt/format.h>

#include <charconv>

#include "linnet/base/error.h"

namespace linnet::app {

std::vector<std::int32_t> parse_ids(const Command& command, const std::string& option, std::string_view list) {
  std::vector<std::int32_t> ids;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    std::string_view item = list.substr(at, comma - at);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    std::int32_t id = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), id);
    if (error != std::errc() || end != item.data() + item.size())
      command.wrong_usage(fmt::format("{} takes numbers as 1,2,3; '{}' is none", option, printable(item, 40)));
    ids.push_back(id);
    at = comma + 1;
  }
  return ids;
}

}  // namespace linnet::app
