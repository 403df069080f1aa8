// Reads or writes the fields of a model's configuration: config.json or the metadata of a GGUF file. A family lists its
// fields once, for both directions.
#pragma once

#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "linnet/base/error.h"
#include "linnet/base/json.h"

namespace linnet::models {

// The names of a field: config.json's, an older one, and GGUF's (below "<architecture>."). A field without a name in a
// kind of file is neither read nor written there.
struct Key {
  const char* name = nullptr;
  const char* older = nullptr;
  const char* gguf = nullptr;
  const char* label() const { return name != nullptr ? name : gguf; }  // for messages
};

// The range of an integer. Sizes and counts are the default.
struct IntegerRange {
  std::int64_t least = 1, most = 1'000'000'000;
};

class ConfigFields {
 public:
  enum class Mode : std::uint8_t { kReadJson, kReadGguf, kWriteJson, kWriteGguf };
  // `place` is the file's name for messages.
  static ConfigFields reader(const Json& json, std::string place) {
    return {const_cast<Json&>(json), std::move(place), Mode::kReadJson};
  }
  static ConfigFields gguf_reader(const Json& metadata, std::string place) {
    return {const_cast<Json&>(metadata), std::move(place), Mode::kReadGguf};
  }
  // Unknown keys, and the existing names of known ones, stay in `json`.
  static ConfigFields writer(Json& json) { return {json, "config.json", Mode::kWriteJson}; }
  static ConfigFields gguf_writer(Json& metadata, std::string place) {
    return {metadata, std::move(place), Mode::kWriteGguf};
  }

  bool writing() const { return mode_ == Mode::kWriteJson || mode_ == Mode::kWriteGguf; }
  bool of_gguf() const { return mode_ == Mode::kReadGguf || mode_ == Mode::kWriteGguf; }
  const std::string& place() const { return place_; }
  Json& json() { return json_; }
  const Json& json() const { return json_; }

  // An absent or null field keeps its value; a wrong type or value is an error with the field's name.
  ConfigFields& field(const Key& key, std::int64_t& value, IntegerRange range = {});
  ConfigFields& field(const Key& key, double& value);
  ConfigFields& field(const Key& key, bool& value);
  ConfigFields& field(const Key& key, std::string& value);
  ConfigFields& field(const Key& key, std::vector<double>& value);
  ConfigFields& id(const Key& key, std::int64_t& value);                // token id; -1: none
  ConfigFields& ids(const Key& key, std::vector<std::int64_t>& value);  // one integer or a list
  template <class E>
  ConfigFields& choice(const Key& key, E& value, std::span<const std::pair<const char*, E>> names);

  // The value of a present, non-null field. Rejects two names with different values.
  const Json* find(const Key& key) const;

  // Reading: the fields of the file that were not looked up.
  std::vector<std::string> unread() const;
  // Adds those of a nested object, as "object.field".
  void add_unread(std::string_view object, const ConfigFields& inner);

 private:
  ConfigFields(Json& json, std::string place, Mode mode) : json_(json), place_(std::move(place)), mode_(mode) {}
  const char* spelling(const Key& key) const;  // the name to write; null: none
  void write(const Key& key, Json value);

  Json& json_;
  std::string place_;
  Mode mode_;
  mutable std::set<std::string, std::less<>> read_;
  std::vector<std::string> unread_inside_;
};

template <class E>
ConfigFields& ConfigFields::choice(const Key& key, E& value, std::span<const std::pair<const char*, E>> names) {
  const Json* written = writing() ? find(key) : nullptr;
  std::string text;
  for (const auto& [name, kind] : names) {
    if (kind != value) continue;
    if (written != nullptr && *written == name) return *this;  // written under its other name
    if (text.empty()) text = name;
  }
  const std::string before = text;
  field(key, text);
  if (writing() || text == before) return *this;
  std::string known;
  for (const auto& [name, kind] : names) {
    if (text == name) {
      value = kind;
      return *this;
    }
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  fail(ErrorKind::kBadInput, "{}: {} '{}' is not supported; known are {}", place_, key.label(), printable(text), known);
}

}  // namespace linnet::models
