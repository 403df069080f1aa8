#include "linnet/models/config_fields.h"

#include <cmath>

namespace linnet::models {
namespace {

// The field's name in this kind of file, for messages.
const char* label(const ConfigFields& fields, const Key& key) {
  return fields.of_gguf() && key.gguf != nullptr ? key.gguf : key.label();
}

}  // namespace

const Json* ConfigFields::find(const Key& key) const {
  const char* spellings[] = {key.name, key.older};
  const char* gguf[] = {key.gguf, nullptr};
  const Json* found = nullptr;
  for (const char* name : of_gguf() ? gguf : spellings) {
    if (name == nullptr || !json_.is_object() || !json_.contains(name)) continue;
    if (!writing()) read_.insert(name);
    const Json& value = json_.at(name);
    if (value.is_null()) continue;
    if (found != nullptr && *found != value)
      fail(ErrorKind::kBadInput, "{}: {} is {} and {} is {}, which mean the same; remove the wrong one", place_,
           key.name, printable(dump_json(*found), 60), name, printable(dump_json(value), 60));
    found = &value;
  }
  return found;
}

std::vector<std::string> ConfigFields::unread() const {
  std::vector<std::string> names = unread_inside_;
  for (const auto& [name, value] : json_.items())
    if (!read_.contains(name)) names.push_back(name);
  return names;
}

void ConfigFields::add_unread(std::string_view object, const ConfigFields& inner) {
  for (const std::string& name : inner.unread()) unread_inside_.push_back(fmt::format("{}.{}", object, name));
}

const char* ConfigFields::spelling(const Key& key) const {
  if (of_gguf() || key.name == nullptr) return of_gguf() ? key.gguf : nullptr;
  return key.older != nullptr && !json_.contains(key.name) && json_.contains(key.older) ? key.older : key.name;
}

void ConfigFields::write(const Key& key, Json value) {
  if (const char* name = spelling(key)) json_[name] = std::move(value);
}

ConfigFields& ConfigFields::field(const Key& key, std::int64_t& value, IntegerRange range) {
  if (writing()) {
    write(key, value);
  } else if (const Json* found = find(key)) {
    value = get_integer(*found, label(*this, key), place_);
    check(value >= range.least && value <= range.most, ErrorKind::kBadInput,
          "{}: {} is {}, must be {} to {}; correct the file", place_, label(*this, key), value, range.least,
          range.most);
  }
  return *this;
}

ConfigFields& ConfigFields::id(const Key& key, std::int64_t& value) {
  return field(key, value, {.least = -1, .most = INT32_MAX});
}

ConfigFields& ConfigFields::field(const Key& key, double& value) {
  if (writing()) {
    write(key, value);
  } else if (const Json* found = find(key)) {
    check(found->is_number() && std::isfinite(found->get<double>()), ErrorKind::kBadInput,
          "{}: {} is {}, not a finite number; correct the file", place_, label(*this, key),
          found->is_number() ? fmt::format("{}", found->get<double>()) : printable(dump_json(*found), 60));
    value = found->get<double>();
  }
  return *this;
}

ConfigFields& ConfigFields::field(const Key& key, bool& value) {
  if (writing()) {
    write(key, value);
  } else if (const Json* found = find(key)) {
    check(found->is_boolean(), ErrorKind::kBadInput, "{}: {} is {}, not true or false; correct the file", place_,
          label(*this, key), printable(dump_json(*found), 60));
    value = found->get<bool>();
  }
  return *this;
}

ConfigFields& ConfigFields::field(const Key& key, std::string& value) {
  if (writing())
    write(key, value);
  else if (const Json* found = find(key))
    value = get_string(*found, label(*this, key), place_);
  return *this;
}

ConfigFields& ConfigFields::field(const Key& key, std::vector<double>& value) {
  if (writing()) {
    if (!value.empty()) write(key, value);
    return *this;
  }
  const Json* found = find(key);
  if (found == nullptr) return *this;
  check(found->is_array() && found->size() <= 65536, ErrorKind::kBadInput,
        "{}: {} is not a list of numbers; correct the file", place_, label(*this, key));
  value.clear();
  for (const Json& item : *found) {
    check(item.is_number() && std::isfinite(item.get<double>()), ErrorKind::kBadInput,
          "{}: {} holds {}, not a finite number; correct the file", place_, label(*this, key),
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
  const auto add = [&](const Json& item) {
    value.push_back(get_integer(item, label(*this, key), place_));
    check(value.back() >= -1 && value.back() <= INT32_MAX, ErrorKind::kBadInput,
          "{}: {} has {}, which is not a token id; correct the file", place_, label(*this, key), value.back());
  };
  if (!found->is_array()) {
    add(*found);
    return *this;
  }
  for (const Json& item : *found) add(item);
  return *this;
}

}  // namespace linnet::models
