// A type for text of a markup language: other text must be escaped, and forgetting this does not compile. String
// literals convert to it unchanged.
//
//   Html row = format_markup<Html>("<td>{}</td>", label);   // a label "<b>" is shown, not interpreted
//   row += label;                                           // does not compile
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

#include "linnet/base/printable.h"

namespace linnet {

// Both show the text of `printable` on one line: line ends and tabs become spaces.
std::string escape_html(std::string_view text);      // also within quoted attributes
std::string escape_markdown(std::string_view text);  // CommonMark and GitHub's tables, links and mentions

template <std::string (*Escape)(std::string_view)>
class Markup {
 public:
  Markup() = default;
  template <std::size_t N>
  Markup(const char (&words)[N]) : text_(words) {}  // NOLINT: implicit, these are our own words
  explicit Markup(std::string_view foreign) : text_(Escape(foreign)) {}

  const std::string& text() const { return text_; }
  Markup& operator+=(const Markup& more) {
    text_ += more.text_;
    return *this;
  }
  friend Markup operator+(Markup a, const Markup& b) { return a += b; }

  template <class... Args>
  static Markup formatted(fmt::string_view format, const Args&... args) {
    Markup made;
    made.text_ = fmt::vformat(format, fmt::make_format_args(args...));
    return made;
  }

 private:
  std::string text_;
};
using Html = Markup<escape_html>;
using Markdown = Markup<escape_markdown>;

namespace detail {

// The argument that a format string gets: text is escaped, markup and numbers are unchanged.
template <class M, class T>
decltype(auto) marked(const T& value) {
  if constexpr (std::same_as<T, M>)
    return (value.text());
  else if constexpr (std::convertible_to<const T&, std::string_view> && !std::is_array_v<T>)
    return std::string(M(std::string_view(value)).text());
  else
    return (value);
}

}  // namespace detail

// Escapes text arguments, except literals and markup.
template <class M, class... Args>
M format_markup(fmt::format_string<Args...> format, Args&&... args) {
  const auto join = [&](const auto&... each) { return M::formatted(format, each...); };
  return join(detail::marked<M>(args)...);
}

}  // namespace linnet

template <std::string (*Escape)(std::string_view)>
struct fmt::formatter<linnet::Markup<Escape>> : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(const linnet::Markup<Escape>& text, Context& context) const {
    return fmt::formatter<fmt::string_view>::format(text.text(), context);
  }
};
