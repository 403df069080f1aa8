#include "linnet/tokenizer/json_reader.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "linnet/base/error.h"

namespace linnet {
namespace {

constexpr std::size_t kDepth = 256;         // of nesting
constexpr std::size_t kObjectKeys = 20000;  // in an object other than the vocabulary: look-up is linear there

// State of the parser: in the small value, or in one of the big lists.
enum class Mode : std::uint8_t { kValue, kVocabulary, kMerges };

// Parses a number like Rust's serde_json: digits as one integer, then one multiplication or division by a power of ten.
// It can differ from the nearest double by one ulp, and equal sums of scores decide between segmentations.
double rust_number(std::string_view spelling, double exact) {
  const bool negative = spelling.starts_with('-');
  if (negative) spelling.remove_prefix(1);
  std::uint64_t digits = 0;
  std::int64_t exponent = 0;
  bool fraction = false, full = false;
  std::size_t i = 0;
  for (; i < spelling.size() && spelling[i] != 'e' && spelling[i] != 'E'; ++i) {
    if (spelling[i] == '.') {
      fraction = true;
      continue;
    }
    const auto digit = static_cast<std::uint64_t>(spelling[i] - '0');
    full = full || digits > (UINT64_MAX - digit) / 10;
    if (!full) digits = digits * 10 + digit;
    exponent += full ? (fraction ? 0 : 1) : (fraction ? -1 : 0);
  }
  if (i < spelling.size()) {
    std::int64_t given = 0;
    std::string_view power = spelling.substr(i + 1);
    if (power.starts_with('+')) power.remove_prefix(1);
    const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), given);
    if (error != std::errc() || given > 1000 || given < -1000) return exact;
    exponent += given;
  }
  if (exponent > 308 || exponent < -308) return exact;
  const double power = std::pow(10.0, static_cast<double>(std::abs(exponent)));
  const double value = exponent < 0 ? static_cast<double>(digits) / power : static_cast<double>(digits) * power;
  return negative ? -value : value;
}

class Reader : public nlohmann::json_sax<Json> {
 public:
  Reader(TokenizerFile& file, bool bare_vocabulary) : file_(file), bare_vocabulary_(bare_vocabulary) {}
  std::string fault;
  std::size_t fault_at = 0;

  bool null() override { return mode_ == Mode::kValue ? put(nullptr) : refuse("null"); }
  bool boolean(bool value) override { return mode_ == Mode::kValue ? put(value) : refuse("true or false"); }
  bool number_integer(number_integer_t value) override {
    if (mode_ == Mode::kValue) return put(value);
    return list_ ? score(static_cast<double>(value)) : refuse(fmt::format("id {}", value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (mode_ == Mode::kValue) return put(value);
    if (list_) return score(static_cast<double>(value));
    if (mode_ != Mode::kVocabulary || depth_ != base_ || value > INT32_MAX) return refuse(fmt::format("id {}", value));
    return token(static_cast<std::int32_t>(value));
  }
  bool number_float(number_float_t value, const string_t& spelling) override {
    return mode_ == Mode::kValue ? put(value) : list_ ? score(rust_number(spelling, value)) : refuse("a fraction");
  }
  bool string(string_t& value) override {
    if (mode_ == Mode::kValue) return put(std::move(value));
    if (mode_ == Mode::kVocabulary) {
      if (!list_ || depth_ != base_ + 1 || parts_ != 0) return refuse("a string");
      file_.pieces.texts.push_back(std::move(value));
      ++parts_;
      return true;
    }
    if (depth_ == base_) return merge_line(value);
    if (parts_ == 0)
      file_.merges.emplace_back(std::move(value), std::string());
    else if (parts_ == 1)
      file_.merges.back().second = std::move(value);
    else
      return refuse("a merge of more than two");
    ++parts_;
    return true;
  }
  bool binary(binary_t&) override { return refuse("binary"); }

  bool start_object(std::size_t) override {
    if (!deeper()) return false;
    if (enter(false)) return true;
    if (mode_ != Mode::kValue) return refuse("an object");
    return open(Json::object());
  }
  bool start_array(std::size_t) override {
    if (!deeper()) return false;
    if (enter(true)) return true;
    if (mode_ == Mode::kValue) return open(Json::array());
    parts_ = 0;
    return list_ && depth_ == base_ + 1 ? true : refuse("a list");
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    key_ = std::move(name);
    if (mode_ != Mode::kValue || depth_ > 1) return true;
    top_ = key_;
    return true;
  }
  bool parse_error(std::size_t at, const std::string& token, const nlohmann::detail::exception&) override {
    fault = fmt::format("invalid JSON near '{}'", printable(token, 40));
    fault_at = at;
    return false;
  }

 private:
  bool token(std::int32_t id) {
    if (file_.vocabulary.add(key_, id)) return true;
    fault = format_printable("token '{}' is in the vocabulary twice", printable(key_, 60));
    return false;
  }
  bool refuse(std::string_view what) {
    fault = mode_ == Mode::kMerges ? fmt::format("merge {} is {}", file_.merges.size(), what)
            : mode_ == Mode::kVocabulary && list_
                ? fmt::format("piece {} of the vocabulary is {}, not [text, score]", file_.pieces.texts.size(), what)
                : fmt::format("token '{}' of the vocabulary has {}, not an id from 0 to {}", printable(key_, 60), what,
                              INT32_MAX);
    return false;
  }
  bool deeper() {
    if (++depth_ <= kDepth) return true;
    fault = fmt::format("nested more than {} deep", kDepth);
    return false;
  }
  // True at the beginning of a big list.
  bool enter(bool array) {
    if (mode_ != Mode::kValue) return false;
    const bool in_model = depth_ == 3 && top_ == "model" && stack_.size() == 2;
    const bool vocabulary = bare_vocabulary_ ? depth_ == 1 : in_model && key_ == "vocab";
    const bool merges = !bare_vocabulary_ && in_model && key_ == "merges" && array;
    if (!vocabulary && !merges) return false;
    if (vocabulary ? file_.shape != TokenizerFile::Shape::kMissing : file_.has_merges) {
      twice_ = true;
      return false;
    }
    mode_ = vocabulary ? Mode::kVocabulary : Mode::kMerges;
    list_ = array;
    base_ = depth_;
    parts_ = 0;
    if (vocabulary)
      file_.shape = array ? TokenizerFile::Shape::kList : TokenizerFile::Shape::kObject;
    else
      file_.has_merges = true;
    return true;
  }
  bool close() {
    if (mode_ != Mode::kValue) {
      if (depth_ == base_ + 1 && parts_ != 2) return refuse("not a pair");
      if (depth_ == base_) mode_ = Mode::kValue;
    } else if (!stack_.empty()) {
      stack_.pop_back();
    }
    --depth_;
    return true;
  }
  bool open(Json value) {
    Json* made = place(std::move(value));
    if (made != nullptr) stack_.push_back(made);
    return made != nullptr;
  }
  template <class T>
  bool put(T&& value) {
    return place(Json(std::forward<T>(value))) != nullptr;
  }
  Json* place(Json value) {
    if (stack_.empty()) {
      file_.root = std::move(value);
      return &file_.root;
    }
    Json& parent = *stack_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(value));
      return &parent.back();
    }
    if (parent.size() >= kObjectKeys) {
      fault = fmt::format("an object has more than {} keys", kObjectKeys);
      return nullptr;
    }
    if (twice_ || parent.contains(key_)) {
      fault = format_printable("the key '{}' is there twice", printable(key_, 60));
      return nullptr;
    }
    Json& slot = parent[key_];
    slot = std::move(value);
    return &slot;
  }
  bool score(double value) {
    if (mode_ != Mode::kVocabulary || depth_ != base_ + 1 || parts_ != 1) return refuse("a number");
    file_.pieces.scores.push_back(value);
    ++parts_;
    return true;
  }
  bool merge_line(const std::string& line) {
    if (line.starts_with("#version")) return true;
    const std::size_t space = line.find(' ');
    if (space == line.npos || line.find(' ', space + 1) != line.npos)
      return refuse(fmt::format("'{}', not two tokens with one blank between", printable(line, 60)));
    file_.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
    return true;
  }

  TokenizerFile& file_;
  bool bare_vocabulary_;
  Mode mode_ = Mode::kValue;
  bool list_ = false;
  bool twice_ = false;  // duplicate vocabulary or merges
  std::size_t depth_ = 0, base_ = 0;
  int parts_ = 0;
  std::string key_, top_;
  std::vector<Json*> stack_;
};

TokenizerFile read(std::string_view text, std::string_view place, bool bare_vocabulary) {
  TokenizerFile file;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Reader reader(file, bare_vocabulary);
  const bool ok = Json::sax_parse(text, &reader);
  const std::string at = reader.fault_at > 0 ? fmt::format(" at byte {}", reader.fault_at) : "";
  check(ok, ErrorKind::kBadInput, "{}: {}{}; the file is damaged or of another kind", place, reader.fault, at);
  file.vocabulary.finish();
  return file;
}

}  // namespace

TokenizerFile read_tokenizer_text(std::string_view text, std::string_view place) {
  TokenizerFile file = read(text, place, false);
  check(file.root.is_object(), ErrorKind::kBadInput, "{}: not a JSON object; a tokenizer.json is one", place);
  return file;
}

Vocabulary read_vocabulary_object(std::string_view text, std::string_view place) {
  TokenizerFile file = read(text, place, true);
  check(file.shape == TokenizerFile::Shape::kObject, ErrorKind::kBadInput,
        "{}: not a JSON object of tokens and ids; get the file again", place);
  return std::move(file.vocabulary);
}

}  // namespace linnet
