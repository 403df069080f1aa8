// The fields of a request's JSON object, each read once with its type and range. A field that nothing reads is refused
// by name: its wish would be ignored.
//
//   Fields fields(parse_body(request.body));
//   const auto n = fields.integer("n", 1, 128).value_or(1);
//   fields.ignore({"user"});                              // has no effect on the answer
//   fields.refuse("best_of", 1, "it is not supported; send n");
//   fields.finish();                                       // 400 for every other field
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/serve/api_error.h"

namespace linnet::serve {

// 400 for a body that is no JSON object, is nested too deeply, or has too many values.
Json parse_body(std::string_view body);

class Fields {
 public:
  // `object` must outlive it; `path` is put before names in errors ("messages[0].").
  explicit Fields(const Json& object, std::string path = {});

  // Unset where it is absent or null. 400 for another type or a value out of range.
  std::optional<std::int64_t> integer(const char* name, std::int64_t least, std::int64_t most);
  std::optional<std::uint64_t> seed(const char* name);
  std::optional<double> number(const char* name, double least, double most);
  std::optional<bool> flag(const char* name);
  std::optional<std::string> text(const char* name);
  // A text, or a list of texts.
  std::vector<std::string> texts(const char* name, std::size_t most);
  // One of these texts; the first where it is absent.
  std::string choice(const char* name, std::initializer_list<const char*> values);
  const Json* value(const char* name);  // of any type; null pointer where it is absent or null
  const Json& required(const char* name);

  void ignore(std::initializer_list<const char*> names);
  // 400 unless it is absent, null or `neutral`.
  void refuse(const char* name, const Json& neutral, const std::string& advice = "leave it out");
  void finish() const;

  [[noreturn]] void wrong(const char* name, const std::string& fact) const;

 private:
  const Json& object_;
  std::string path_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace linnet::serve
