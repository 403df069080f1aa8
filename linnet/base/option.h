// Names of a call's options in messages: the field name ("learning_rate"), unless a program sets another spelling.
//
//   check_option(o.epochs > 0, "epochs", "{} is not positive", o.epochs);   // error.h; "epochs: 0 is not positive"
//   warn("the loss grows; lower {}", option("learning_rate"));
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace linnet {

struct OptionName {
  const char* field;
};
constexpr OptionName option(const char* field) { return {field}; }

// Sets how messages spell the option of a field; null: the field name. Call it before other threads exist.
using OptionSpelling = std::string (*)(std::string_view field);
void set_option_spelling(OptionSpelling spelling);
std::string spelled(OptionName option);

}  // namespace linnet

template <>
struct fmt::formatter<linnet::OptionName> : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(linnet::OptionName option, Context& context) const {
    return fmt::formatter<fmt::string_view>::format(linnet::spelled(option), context);
  }
};
