// Parses untrusted JSON: nlohmann's parser with limits on size, depth and number of values, no duplicate keys, valid
// UTF-8. Linear in the size of the text.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "linnet/base/json_object.h"

namespace linnet {

using Json = nlohmann::basic_json<JsonObject>;

struct JsonLimits {
  int depth = 256;                            // copy, print and destroy recurse, so depth is limited everywhere
  bool duplicate_keys = false;                // if true, the last one is used
  std::size_t bytes = std::size_t{32} << 20;  // of a file, before it is read
  std::size_t values = 250'000;               // numbers, texts, lists, objects: each takes some hundred bytes
};

// Throws kBadInput naming `place` (a file, or file:line) and the byte offset.
Json parse_json(std::string_view text, std::string_view place, const JsonLimits& limits = {});
Json read_json(const std::filesystem::path& file, const JsonLimits& limits = {});

// Text for output: invalid UTF-8 is replaced and never throws.
std::string dump_json(const Json& value, int indent = -1);

// Typed look-ups; an error has the key and the type that was found.
const Json& require(const Json& object, const char* key, std::string_view place);
const Json& entry_or_null(const Json& object, const char* key);  // null where it is absent, or `object` is none
std::int64_t get_integer(const Json& value, std::string_view key, std::string_view place);
std::string get_string(const Json& value, std::string_view key, std::string_view place);
// true or false of an object's key; `otherwise` where it is absent or null.
bool get_flag(const Json& object, const char* key, bool otherwise, std::string_view place);

}  // namespace linnet
