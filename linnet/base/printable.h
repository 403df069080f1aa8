// Text that is safe to show: valid UTF-8 without control characters and without marks that change the direction of
// text. A function that shows text takes a `Printable`. Only string literals convert to it; untrusted text needs
// `printable` or `format_printable`: forgetting to escape does not compile.
//
//   Printable line = format_printable("{}: unknown label '{}'", file, label);   // both are escaped
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace linnet {

class Printable {
 public:
  Printable() = default;
  template <std::size_t N>
  Printable(const char (&words)[N]) : text_(words) {}  // NOLINT: implicit, these are our own words

  const std::string& text() const { return text_; }
  operator const std::string&() const { return text_; }  // NOLINT: implicit, text that may go anywhere
  operator std::string_view() const { return text_; }    // NOLINT
  Printable& operator+=(const Printable& more) {
    text_ += more.text_;
    return *this;
  }
  friend Printable operator+(Printable a, const Printable& b) { return a += b; }
  friend bool operator==(const Printable& a, std::string_view b) { return a.text_ == b; }

  // Text that the caller has already escaped, or that must stay as it is (help with newlines).
  static Printable trusted(std::string text) {
    Printable made;
    made.text_ = std::move(text);
    return made;
  }

 private:
  std::string text_;
};

// Control characters, invalid bytes, direction marks and invisible tags become \xNN; text past `limit` bytes is cut and
// marked. Idempotent.
std::string escape_unprintable(std::string_view text, std::size_t limit);

inline Printable printable(std::string_view text, std::size_t limit = 200) {
  return Printable::trusted(escape_unprintable(text, limit));
}
inline Printable operator+(const std::string& a, const Printable& b) { return printable(a, SIZE_MAX) + b; }

namespace detail {

template <class T>
concept TextLike =
    std::convertible_to<const T&, std::string_view> && !std::is_array_v<T> && !std::same_as<T, Printable>;

inline constexpr std::size_t kLongestArgument = 8192;  // longer than any path

// The argument that a format string gets: text is escaped, everything else is unchanged. A char array is a literal.
template <class T>
decltype(auto) shown(const T& value) {
  if constexpr (std::same_as<T, Printable>)
    return value.text();
  else if constexpr (TextLike<T>)
    return escape_unprintable(value, kLongestArgument);
  else
    return (value);
}
template <class It, class End>
auto shown(const fmt::join_view<It, End, char>& list) {
  using Item = std::remove_cvref_t<decltype(*list.begin)>;
  if constexpr (TextLike<Item> || std::same_as<Item, Printable>) {
    std::string text;
    for (auto item = list.begin; item != list.end; ++item) {
      if (item != list.begin) text.append(list.sep.data(), list.sep.size());
      text += shown(*item);
    }
    return text;
  } else {
    return list;
  }
}

template <class... Args>
Printable format_shown(fmt::string_view format, const Args&... args) {
  const std::tuple<decltype(shown(args))...> shown_args(shown(args)...);
  return std::apply(
      [&](const auto&... each) { return Printable::trusted(fmt::vformat(format, fmt::make_format_args(each...))); },
      shown_args);
}

}  // namespace detail

// fmt::format with escaped text arguments.
template <class... Args>
Printable format_printable(fmt::format_string<Args...> format, Args&&... args) {
  return detail::format_shown(format, args...);
}

}  // namespace linnet

template <>
struct fmt::formatter<linnet::Printable> : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(const linnet::Printable& text, Context& context) const {
    return fmt::formatter<fmt::string_view>::format(text.text(), context);
  }
};
