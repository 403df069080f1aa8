#include "linnet/models/config_fields.h"

#include <cmath>

namespace linnet::models {

const Json* ConfigFields::find(const Key& key) const {
  const char* spellings[] = {key.name, key.older};
  const char* gguf[] = {key.gguf, nullptr};
  for (const char* name : of_gguf() ? gguf : spellings)
    if (name != nullptr && json_.is_object() && json_.contains(name) && !json_.at(name).is_null())
      return &json_.at(name);
  return nullptr;
}

const char* ConfigFields::spelling(const Key& key) const {
  if (of_gguf() || key.name == nullptr) return of_gguf() ? key.gguf : nullptr;
  return key.older != nullptr && !json_.contains(key.name) && json_.contains(key.older) ? key.older : key.name;
}

void ConfigFields::write(const Key& key, Json value) {
  if (const char* name = spelling(key)) json_[name] = std::move(value);
}

ConfigFields& ConfigFields::field(const Key& key, std::int64_t& value) {
  if (writing())
    write(key, value);
  else if (const Json* found = find(key))
    value = get_integer(*found, key.label(), place_);
  return *this;
}

ConfigFields& ConfigFields::field(const Key& key, double& value) {
  if (writing()) {
    write(key, value);
  } else if (const Json* found = find(key)) {
    check(found->is_number() && std::isfinite(found->get<double>()), ErrorKind::kBadInput,
          "{}: {} is {}, not a finite number", place_, key.label(),
          found->is_number() ? fmt::format("{}", found->get<double>()) : printable(dump_json(*found), 60));
    value = found->get<double>();
  }
  return *this;
}

ConfigFields& ConfigFields::field(const Key& key, bool& value) {
  if (writing()) {
    write(key, value);
  } else if (const Json* found = find(key)) {
    check(found->is_boolean(), ErrorKind::kBadInput, "{}: {} is {}, not true or false", place_, key.label(),
          printable(dump_json(*found), 60));
    value = found->get<bool>();
  }
  return *this;
}

ConfigFields& ConfigFields::field(const Key& key, std::string& value) {
  if (writing())
    write(key, value);
  else if (const Json* found = find(key))
    value = get_string(*found, key.label(), place_);
  return *this;
}

ConfigFields& ConfigFields::field(const Key& key, std::vector<double>& value) {
  if (writing()) {
    if (!value.empty()) write(key, value);
    return *this;
  }
  const Json* found = find(key);
  if (found == nullptr) return *this;
  check(found->is_array() && found->size() <= 65536, ErrorKind::kBadInput, "{}: {} is not a list of numbers", place_,
        key.label());
  value.clear();
  for (const Json& item : *found) {
    check(item.is_number(), ErrorKind::kBadInput, "{}: {} holds {}, not a number", place_, key.label(),
          printable(dump_json(item), 60));
    value.push_back(item.get<double>());
  }
  return *this;
}

ConfigFields& ConfigFields::ids(const Key& key, std::vector<std::int64_t>& value) {
  if (writing()) {
    if (value.size() == 1)
      write(key, value.front());
    else if (!value.empty())
      write(key, value);
    return *this;
  }
  const Json* found = find(key);
  if (found == nullptr) return *this;
  value.clear();
  if (found->is_array())
    for (const Json& item : *found) value.push_back(get_integer(item, key.label(), place_));
  else
    value.push_back(get_integer(*found, key.label(), place_));
  return *this;
}

}  // namespace linnet::models
