#include "linnet/data/json_rows.h"

#include <algorithm>
#include <deque>

#include "linnet/base/error.h"

namespace linnet {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class JsonRows : public RowReader {
 public:
  JsonRows(TextBuffer text, ColumnNames& names) : elements_(std::move(text)), objects_(names) {}

  bool next(Arena& arena, RawRow& row) override {
    while (waiting_.empty()) {
      std::string_view text;
      if (!elements_.next(text)) return false;
      place_ = fmt::format("{}:{}", elements_.place(), elements_.line());
      check_utf8(text, elements_.place(), elements_.line());
      Json element = parse_json(text, place_);
      check(element.is_object(), ErrorKind::kBadInput, "{}: {} is not a JSON object; write a list of {{…}}", place_,
            printable(dump_json(element), 60));
      if (elements_.in_data() && element.contains("paragraphs"))
        add_questions(element.at("paragraphs"));
      else
        waiting_.push_back(std::move(element));
    }
    row = {objects_.record(waiting_.front(), RecordWriter(elements_.line(), index_++), arena, place_)};
    waiting_.pop_front();
    return true;
  }

 private:
  // [{"context", "qas": [{"question", "answers"}]}]
  void add_questions(const Json& paragraphs) {
    for (const Json& paragraph : paragraphs) {
      if (!paragraph.is_object() || !paragraph.contains("qas")) continue;
      for (const Json& question : paragraph.at("qas")) {
        check(question.is_object(), ErrorKind::kBadInput, "{}: a question is {}, not a JSON object; correct it", place_,
              printable(dump_json(question), 60));
        waiting_.push_back(question);
        waiting_.back()["context"] = paragraph.value("context", Json());
      }
    }
  }

  JsonElements elements_;
  ObjectRows objects_;
  std::deque<Json> waiting_;  // rows of one element
  std::string place_;
  std::int64_t index_ = 0;
};

}  // namespace

void JsonElements::broken(std::string_view fact) {
  fail(ErrorKind::kBadInput, "{}:{}: {}; correct the file or make it again", place(), line_, fact);
}

char JsonElements::at(std::size_t index) {
  while (index >= text_.view().size()) {
    check(text_.view().size() <= kMaxRowBytes, ErrorKind::kBadInput, "{}:{}: a row is longer than {} bytes; split it",
          place(), line_, kMaxRowBytes);
    if (!text_.more()) return '\0';
  }
  return text_.view()[index];
}

std::size_t JsonElements::after_blanks(std::size_t index) {
  while (is_blank(at(index))) ++index;
  return index;
}

void JsonElements::take(std::size_t bytes) {
  const std::string_view taken = text_.view().substr(0, bytes);
  line_ += std::count(taken.begin(), taken.end(), '\n');
  text_.skip(bytes);
}

int JsonElements::look() {
  while (is_blank(at(0))) {
    const auto end = text_.view().find_first_not_of(" \t\r\n");
    take(std::min(end, text_.view().size()));
  }
  return text_.view().empty() ? -1 : static_cast<unsigned char>(at(0));
}

std::size_t JsonElements::after_value(std::size_t index) {
  std::int64_t depth = 0;
  bool quoted = false;
  for (;; ++index) {
    const char c = at(index);
    if (index >= text_.view().size()) return index;
    if (quoted) {
      if (c == '\\') ++index;
      if (c != '"') continue;
      quoted = false;
      if (depth == 0) return index + 1;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      if (depth == 0) return index;  // of a number or a word
      if (--depth == 0) return index + 1;
    } else if (depth == 0 && (c == ',' || is_blank(c))) {
      return index;
    }
  }
}

std::size_t JsonElements::data_list() {
  for (std::size_t i = 1;;) {
    i = after_blanks(i);
    if (at(i) != '"') return 0;
    const std::size_t end = after_value(i);
    const bool data = text_.view().substr(i, end - i) == "\"data\"";
    i = after_blanks(end);
    if (at(i) != ':') return 0;
    i = after_blanks(i + 1);
    if (data && at(i) == '[') return i + 1;
    i = after_blanks(after_value(i));
    if (at(i) != ',') return 0;
    ++i;
  }
}

void JsonElements::begin() {
  const int first = look();
  if (first < 0) {
    mode_ = Mode::kEnd;
  } else if (first == '[') {
    mode_ = Mode::kList;
    take(1);
  } else if (const std::size_t list = first == '{' ? data_list() : 0; list > 0) {
    mode_ = Mode::kData;
    take(list);
  } else {
    mode_ = Mode::kObjects;
  }
}

std::string_view JsonElements::give(std::size_t bytes) {
  element_line_ = line_;
  given_ = bytes;
  return text_.view().substr(0, bytes);
}

bool JsonElements::next(std::string_view& element) {
  take(std::exchange(given_, 0));
  if (mode_ == Mode::kStart) begin();
  if (mode_ == Mode::kEnd) return false;
  int c = look();
  if (mode_ == Mode::kObjects) {
    if (c < 0) return false;
    // An invalid value is one character, which the parser names.
    element = give(std::max<std::size_t>(1, after_value(0)));
    return true;
  }
  if (!std::exchange(first_, false)) {
    if (c == ',') {
      take(1);
      c = look();
      if (c == ']') broken("the list ends in a comma");
    } else if (c >= 0 && c != ']') {
      broken("two elements of the list have no comma between them");
    }
  }
  if (c < 0) broken("the list is not closed, the file is cut off");
  if (c == ']') {
    take(1);
    if (mode_ == Mode::kList && look() >= 0) broken("text follows the list");
    mode_ = Mode::kEnd;
    return false;
  }
  element = give(std::max<std::size_t>(1, after_value(0)));
  return true;
}

std::unique_ptr<RowReader> read_json_rows(TextBuffer text, ColumnNames& names) {
  return std::make_unique<JsonRows>(std::move(text), names);
}

}  // namespace linnet
