#include "linnet/base/json.h"

#include <unordered_set>
#include <vector>

#include "linnet/base/error.h"
#include "linnet/base/file.h"

namespace linnet {
namespace {

// Walks the text before a value is built: depth and duplicates are rejected before anything recurses.
class Checker : public nlohmann::json_sax<Json> {
 public:
  explicit Checker(const JsonLimits& limits) : limits_(limits) {}
  std::string fault;
  std::size_t fault_at = 0;

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }
  bool start_object(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (limits_.duplicate_keys || keys_.back().insert(name).second) return true;
    fault = format_printable("key '{}' stands twice in one object", printable(name));
    return false;
  }
  bool parse_error(std::size_t at, const std::string& token, const nlohmann::detail::exception& error) override {
    const std::string_view what = error.what();
    const auto colon = what.find("syntax error");
    fault = colon == what.npos ? format_printable("invalid JSON near '{}'", printable(token, 40))
                               : printable(what.substr(colon), 160);
    fault_at = at;
    return false;
  }

 private:
  bool count() {
    if (++values_ <= limits_.values) return true;
    fault = fmt::format("more than {} values", limits_.values);
    return false;
  }
  bool open() {
    if (!count()) return false;
    keys_.emplace_back();
    if (static_cast<int>(keys_.size()) <= limits_.depth) return true;
    fault = fmt::format("nested more than {} deep", limits_.depth);
    return false;
  }
  bool close() {
    keys_.pop_back();
    return true;
  }
  JsonLimits limits_;
  std::size_t values_ = 0;
  std::vector<std::unordered_set<std::string>> keys_;
};

}  // namespace

Json parse_json(std::string_view text, std::string_view place, const JsonLimits& limits) {
  // The parser treats a NUL byte as the end of the text.
  const auto nul = text.find('\0');
  check(nul == text.npos, ErrorKind::kBadInput, "{}: a NUL byte at byte {}; the file is damaged or not JSON", place,
        nul);
  Checker checker(limits);
  if (!Json::sax_parse(text, &checker)) {
    const std::string at = checker.fault_at ? fmt::format(" at byte {}", checker.fault_at) : "";
    fail(ErrorKind::kBadInput, "{}: {}{}; the file is damaged or not JSON", place, checker.fault, at);
  }
  return Json::parse(text);
}

Json read_json(const std::filesystem::path& file, const JsonLimits& limits) {
  const std::string text = read_file(file, limits.bytes);
  std::string_view view = text;
  if (view.starts_with("\xEF\xBB\xBF")) view.remove_prefix(3);
  return parse_json(view, file.string(), limits);
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

const Json& require(const Json& object, const char* key, std::string_view place) {
  check(object.is_object() && object.contains(key), ErrorKind::kBadInput, "{}: '{}' is missing", place, key);
  return object.at(key);
}

const Json& entry_or_null(const Json& object, const char* key) {
  static const Json null;
  return object.is_object() && object.contains(key) ? object[key] : null;
}

std::int64_t get_integer(const Json& value, std::string_view key, std::string_view place) {
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() || value.get<std::uint64_t>() <= std::uint64_t{INT64_MAX});
  check(fits, ErrorKind::kBadInput, "{}: '{}' is {}, not an integer", place, key, printable(dump_json(value), 60));
  return value.get<std::int64_t>();
}

std::string get_string(const Json& value, std::string_view key, std::string_view place) {
  check(value.is_string(), ErrorKind::kBadInput, "{}: '{}' is {}, not a string", place, key,
        printable(dump_json(value), 60));
  return value.get<std::string>();
}

bool get_flag(const Json& object, const char* key, bool otherwise, std::string_view place) {
  const Json& value = entry_or_null(object, key);
  if (value.is_null()) return otherwise;
  check(value.is_boolean(), ErrorKind::kBadInput, "{}: '{}' is {}, not true or false; correct the file", place, key,
        printable(dump_json(value), 60));
  return value.get<bool>();
}

}  // namespace linnet
