#include "linnet/serve/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"

namespace linnet::serve {
namespace {

constexpr JsonLimits kBodyLimits{.depth = 32, .duplicate_keys = false, .bytes = SIZE_MAX, .values = 200'000};

}  // namespace

Json parse_body(std::string_view body) {
  if (body.empty()) throw ApiError(400, "the body is empty; send a JSON object");
  try {
    Json json = parse_json(body, "body", kBodyLimits);
    if (!json.is_object()) throw ApiError(400, "the body is not a JSON object");
    return json;
  } catch (const Error& error) {
    throw ApiError(400, error.what());
  }
}

Fields::Fields(const Json& object, std::string path) : object_(object), path_(std::move(path)) {
  if (!object.is_object()) throw ApiError(400, fmt::format("'{}' is not an object", path_), path_);
}

void Fields::wrong(const char* name, const std::string& fact) const {
  throw ApiError(400, fmt::format("'{}{}' {}", path_, name, fact), path_ + name);
}

const Json* Fields::value(const char* name) {
  known_.insert(name);
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const Json& Fields::required(const char* name) {
  const Json* found = value(name);
  if (found == nullptr) wrong(name, "is missing");
  return *found;
}

std::optional<std::int64_t> Fields::integer(const char* name, std::int64_t least, std::int64_t most) {
  const Json* found = value(name);
  if (found == nullptr) return std::nullopt;
  if (!found->is_number_integer()) wrong(name, "is not an integer");
  const bool huge = found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX;
  const std::int64_t number = huge ? INT64_MAX : found->get<std::int64_t>();
  if (number < least || number > most) wrong(name, fmt::format("is not between {} and {}", least, most));
  return number;
}

std::optional<std::uint64_t> Fields::seed(const char* name) {
  const Json* found = value(name);
  if (found == nullptr) return std::nullopt;
  if (!found->is_number_integer()) wrong(name, "is not an integer of 64 bits");
  return found->is_number_unsigned() ? found->get<std::uint64_t>()
                                     : static_cast<std::uint64_t>(found->get<std::int64_t>());
}

std::optional<double> Fields::number(const char* name, double least, double most) {
  const Json* found = value(name);
  if (found == nullptr) return std::nullopt;
  if (!found->is_number()) wrong(name, "is not a number");
  const double number = found->get<double>();
  if (!std::isfinite(number) || number < least || number > most)
    wrong(name, fmt::format("is not between {} and {}", least, most));
  return number;
}

std::optional<bool> Fields::flag(const char* name) {
  const Json* found = value(name);
  if (found == nullptr) return std::nullopt;
  if (!found->is_boolean()) wrong(name, "is not true or false");
  return found->get<bool>();
}

std::optional<std::string> Fields::text(const char* name) {
  const Json* found = value(name);
  if (found == nullptr) return std::nullopt;
  if (!found->is_string()) wrong(name, "is not a text");
  return found->get<std::string>();
}

std::vector<std::string> Fields::texts(const char* name, std::size_t most) {
  const Json* found = value(name);
  if (found == nullptr) return {};
  if (found->is_string()) return {found->get<std::string>()};
  if (!found->is_array()) wrong(name, "is neither a text nor a list of texts");
  if (found->size() > most) wrong(name, fmt::format("has {} entries, at most {} are taken", found->size(), most));
  std::vector<std::string> list;
  for (const Json& entry : *found) {
    if (!entry.is_string()) wrong(name, "has an entry that is no text");
    list.push_back(entry.get<std::string>());
  }
  return list;
}

std::string Fields::choice(const char* name, std::initializer_list<const char*> values) {
  const auto given = text(name);
  if (!given) return *values.begin();
  if (std::ranges::find(values, *given) == values.end())
    wrong(name, fmt::format("is not one of {}", fmt::join(values, ", ")));
  return *given;
}

void Fields::ignore(std::initializer_list<const char*> names) {
  for (const char* name : names) known_.insert(name);
}

void Fields::refuse(const char* name, const Json& neutral, const std::string& advice) {
  const Json* found = value(name);
  if (found != nullptr && *found != neutral) wrong(name, "is not supported; " + advice);
}

void Fields::finish() const {
  for (const auto& [name, value] : object_.items())
    if (!known_.contains(name))
      throw ApiError(
          400,
          fmt::format("'{}{}' is not a field of this request; leave it out", path_, std::string(printable(name, 60))),
          std::string(printable(path_ + name, 60)), "unknown_field");
}

}  // namespace linnet::serve
