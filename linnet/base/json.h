// JSON from files, checked: nlohmann's parser with a depth cap, no duplicate keys, valid UTF-8.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace linnet {

using Json = nlohmann::ordered_json;

struct JsonLimits {
  int depth = 256;              // copy, print and destroy recurse: no value may be deeper
  bool duplicate_keys = false;  // the last one wins where true
};

// Throws kBadInput naming `place` (a file, or file:line) and the byte offset.
Json parse_json(std::string_view text, std::string_view place, const JsonLimits& limits = {});
Json read_json(const std::filesystem::path& file, const JsonLimits& limits = {});

// Text for output: invalid UTF-8 is replaced, never thrown at.
std::string dump_json(const Json& value, int indent = -1);

// Typed look-ups that fail with the key's name and the type that was found.
const Json& require(const Json& object, const char* key, std::string_view place);
std::int64_t get_integer(const Json& value, std::string_view key, std::string_view place);
std::string get_string(const Json& value, std::string_view key, std::string_view place);

}  // namespace linnet
