// Methods of str, list and dict.
#include <algorithm>

#include "linnet/base/find.h"
#include "linnet/base/utf8.h"
#include "linnet/jinja/builtins.h"
#include "linnet/jinja/interpreter.h"

namespace linnet::jinja {
namespace {

using Method = Value (*)(Interpreter&, const Value& self, const Arguments&);

std::string text_argument(const Arguments& arguments, std::size_t index, std::string_view name) {
  const Value value = arguments.get(index, name);
  if (!value.is(Kind::kString)) fault("'{}' must be a text, not a {}", name, type_name(value));
  return value.string();
}

template <bool left, bool right>
Value strip_method(Interpreter&, const Value& self, const Arguments& arguments) {
  arguments.expect("strip", {"chars"});
  if (arguments.get(0, "chars").is(Kind::kNone)) return Value(strip(self.string(), left, right));
  const std::string chars = text_argument(arguments, 0, "chars");
  const auto set = characters(chars);
  return Value(strip(self.string(), left, right, &set));
}

template <bool from_right>
Value split_method(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  arguments.expect("split", {"sep", "maxsplit"});
  const bool space = arguments.get(0, "sep").is(Kind::kNone);
  const std::string separator = space ? std::string() : text_argument(arguments, 0, "sep");
  if (!space && separator.empty()) fault("split by an empty text");
  const std::int64_t most = whole_number(arguments.get(1, "maxsplit", Value(-1)), "maxsplit");
  return split(interpreter, self.string(), separator, most, from_right);
}

Value splitlines(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  arguments.expect("splitlines", {"keepends"});
  if (arguments.flag(0, "keepends", false)) fault("splitlines(keepends) is not supported");
  std::vector<Value> out;
  for (const std::string_view line : split_lines(self.string())) out.emplace_back(line);
  interpreter.spend(1 + out.size() / 16);
  return make_list(std::move(out));
}

template <bool start>
Value affix(Interpreter&, const Value& self, const Arguments& arguments) {
  arguments.expect(start ? "startswith" : "endswith", {start ? "prefix" : "suffix"}, 1);
  const Value wanted = arguments.positional.empty() ? arguments.named[0].second : arguments.positional[0];
  const auto holds = [&](const Value& part) {
    if (!part.is(Kind::kString)) fault("startswith and endswith take a text, not a {}", type_name(part));
    return start ? self.string().starts_with(part.string()) : self.string().ends_with(part.string());
  };
  if (!wanted.is(Kind::kList)) return holds(wanted);
  const auto& parts = wanted.list().items;
  return std::any_of(parts.begin(), parts.end(), holds);
}

template <bool prefix>
Value remove_affix(Interpreter&, const Value& self, const Arguments& arguments) {
  arguments.expect("removeprefix", {"text"}, 1);
  const std::string part = text_argument(arguments, 0, "text");
  std::string_view text = self.string();
  if (prefix && text.starts_with(part)) text.remove_prefix(part.size());
  if (!prefix && text.ends_with(part)) text.remove_suffix(part.size());
  return Value(text);
}

Value replace(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  arguments.expect("replace", {"old", "new", "count"}, 2);
  const std::int64_t most = whole_number(arguments.get(2, "count", Value(-1)), "the count of replace");
  return Value(replace_all(interpreter, self.string(), text_argument(arguments, 0, "old"),
                           text_argument(arguments, 1, "new"), most));
}

// find and rfind return -1, index throws.
template <bool right, bool must>
Value find(Interpreter&, const Value& self, const Arguments& arguments) {
  arguments.expect("find", {"sub"}, 1);
  const std::string part = text_argument(arguments, 0, "sub");
  const auto at = right ? rfind_text(self.string(), part) : find_text(self.string(), part);
  if (at == std::string::npos) {
    if (must) fault("the text is not found");
    return -1;
  }
  return static_cast<std::int64_t>(utf8::count(std::string_view(self.string()).substr(0, at)));
}

Value count(Interpreter&, const Value& self, const Arguments& arguments) {
  arguments.expect("count", {"sub"}, 1);
  const std::string part = text_argument(arguments, 0, "sub");
  if (part.empty()) return static_cast<std::int64_t>(utf8::count(self.string()) + 1);
  std::int64_t n = 0;
  for (std::size_t at = 0; (at = find_text(self.string(), part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

Value upper_method(Interpreter&, const Value& self, const Arguments&) { return Value(upper(self.string())); }
Value lower_method(Interpreter&, const Value& self, const Arguments&) { return Value(lower(self.string())); }
Value capitalize_method(Interpreter&, const Value& self, const Arguments&) { return Value(capitalize(self.string())); }

// str.title: a word is a run of letters.
Value title(Interpreter&, const Value& self, const Arguments&) {
  std::string out;
  bool inside = false;
  for (const std::string_view c : characters(self.string())) {
    const bool letter = upper(c) != lower(c);
    out += inside ? lower(c) : upper(c);
    inside = letter;
  }
  return Value(std::move(out));
}

Value join(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  arguments.expect("join", {"iterable"}, 1);
  std::string out;
  bool begun = false;
  for (const auto list = interpreter.iterate(arguments.get(0, "iterable")); const Value& item : list->items) {
    if (!item.is(Kind::kString)) fault("join takes texts, not a {}", type_name(item));
    if (std::exchange(begun, true)) out += self.string();
    out += item.string();
    interpreter.spend_bytes(item.string().size() + self.string().size());
  }
  return Value(std::move(out));
}

template <bool (*holds)(std::string_view)>
Value all_characters(Interpreter&, const Value& self, const Arguments&) {
  const auto parts = characters(self.string());
  return !parts.empty() && std::all_of(parts.begin(), parts.end(), holds);
}
bool digit(std::string_view c) { return c.size() == 1 && c[0] >= '0' && c[0] <= '9'; }
bool letter(std::string_view c) {
  return c.size() == 1 ? (c[0] >= 'a' && c[0] <= 'z') || (c[0] >= 'A' && c[0] <= 'Z') : upper(c) != lower(c);
}
bool letter_or_digit(std::string_view c) { return digit(c) || letter(c); }
bool space(std::string_view c) { return is_space(utf8::decode(c).code); }

template <bool up>
Value is_case(Interpreter&, const Value& self, const Arguments&) {
  const std::string u = upper(self.string()), l = lower(self.string());
  return u != l && self.string() == (up ? u : l);
}

template <bool right>
Value partition(Interpreter&, const Value& self, const Arguments& arguments) {
  arguments.expect("partition", {"sep"}, 1);
  const std::string separator = text_argument(arguments, 0, "sep");
  if (separator.empty()) fault("partition by an empty text");
  const std::string& text = self.string();
  const auto at = right ? rfind_text(text, separator) : find_text(text, separator);
  std::vector<Value> parts;
  if (at == std::string::npos) {
    parts = right ? std::vector<Value>{Value(""), Value(""), self} : std::vector<Value>{self, Value(""), Value("")};
  } else {
    parts = {Value(text.substr(0, at)), Value(separator), Value(text.substr(at + separator.size()))};
  }
  return make_list(std::move(parts), ListKind::kTuple);
}

// str.format with {} {0} {name} and doubled braces; attributes and format specifications are not supported.
Value format(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  const std::string_view text = self.string();
  std::string out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      out += c;
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == c) {
      out += c;
      ++i;
      continue;
    }
    const auto end = c == '{' ? text.find('}', i) : text.npos;
    if (end == text.npos) fault("str.format: a brace is not closed");
    const std::string_view field = text.substr(i + 1, end - i - 1);
    if (field.find_first_of(".[:!") != field.npos) fault("str.format: only {{}}, {{0}} and {{name}} are supported");
    const bool index = field.empty() || (field.size() < 5 && std::all_of(field.begin(), field.end(),
                                                                         [](char d) { return d >= '0' && d <= '9'; }));
    const std::size_t at = field.empty() ? next++ : index ? std::stoul(std::string(field)) : SIZE_MAX;
    const Value* value = arguments.find(at, index ? std::string_view() : field);
    if (!value) fault("str.format: nothing is given for a field");
    append_text(out, *value);
    interpreter.spend_bytes(out.size() / 8);
    i = end;
  }
  return Value(std::move(out));
}

Value keys(Interpreter& interpreter, const Value& self, const Arguments&) {
  return make_list(interpreter.iterate(self)->items);
}
Value values(Interpreter& interpreter, const Value& self, const Arguments&) {
  std::vector<Value> out;
  for (const auto& [key, value] : self.dict().items) out.push_back(value);
  interpreter.spend(1 + out.size() / 16);
  return make_list(std::move(out));
}
Value items(Interpreter& interpreter, const Value& self, const Arguments&) {
  std::vector<Value> out;
  for (const auto& [key, value] : self.dict().items) out.push_back(make_list({key, value}, ListKind::kTuple));
  interpreter.spend(1 + out.size());
  return make_list(std::move(out));
}
Value get(Interpreter&, const Value& self, const Arguments& arguments) {
  arguments.expect("get", {"key", "default"}, 1);
  const Value* found = self.dict().find(arguments.get(0, "key"));
  return found ? *found : arguments.get(1, "default");
}
Value copy(Interpreter&, const Value& self, const Arguments&) { return self; }

Value list_index(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  arguments.expect("index", {"value"}, 1);
  const auto& all = self.list().items;
  interpreter.spend(1 + all.size() / 16);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (equal(all[i], arguments.get(0, "value"))) return static_cast<std::int64_t>(i);
  fault("the value is not in the list");
}
Value list_count(Interpreter& interpreter, const Value& self, const Arguments& arguments) {
  arguments.expect("count", {"value"}, 1);
  const auto& all = self.list().items;
  interpreter.spend(1 + all.size() / 16);
  return static_cast<std::int64_t>(
      std::count_if(all.begin(), all.end(), [&](const Value& v) { return equal(v, arguments.get(0, "value")); }));
}

Value refuse(Interpreter&, const Value& self, const Arguments&) {
  fault("a {} may not be changed by a template (Transformers refuses this method too)", type_name(self));
}

struct NamedMethod {
  std::string_view name;
  Method method;
};
constexpr NamedMethod kTextMethods[] = {
    {"strip", strip_method<true, true>},
    {"lstrip", strip_method<true, false>},
    {"rstrip", strip_method<false, true>},
    {"split", split_method<false>},
    {"rsplit", split_method<true>},
    {"splitlines", splitlines},
    {"startswith", affix<true>},
    {"endswith", affix<false>},
    {"removeprefix", remove_affix<true>},
    {"removesuffix", remove_affix<false>},
    {"replace", replace},
    {"find", find<false, false>},
    {"rfind", find<true, false>},
    {"index", find<false, true>},
    {"rindex", find<true, true>},
    {"count", count},
    {"upper", upper_method},
    {"lower", lower_method},
    {"casefold", lower_method},
    {"capitalize", capitalize_method},
    {"title", title},
    {"join", join},
    {"isdigit", all_characters<digit>},
    {"isnumeric", all_characters<digit>},
    {"isdecimal", all_characters<digit>},
    {"isalpha", all_characters<letter>},
    {"isalnum", all_characters<letter_or_digit>},
    {"isspace", all_characters<space>},
    {"isupper", is_case<true>},
    {"islower", is_case<false>},
    {"partition", partition<false>},
    {"rpartition", partition<true>},
    {"format", format},
};
constexpr NamedMethod kListMethods[] = {
    {"index", list_index}, {"count", list_count}, {"copy", copy},      {"append", refuse},
    {"extend", refuse},    {"insert", refuse},    {"pop", refuse},     {"remove", refuse},
    {"clear", refuse},     {"sort", refuse},      {"reverse", refuse},
};
constexpr NamedMethod kDictMethods[] = {
    {"get", get},    {"items", items},  {"keys", keys},         {"values", values}, {"copy", copy},
    {"pop", refuse}, {"clear", refuse}, {"setdefault", refuse}, {"update", refuse}, {"popitem", refuse},
};

template <std::size_t n>
Method look_up(const NamedMethod (&methods)[n], std::string_view name) {
  for (const NamedMethod& method : methods)
    if (method.name == name) return method.method;
  return nullptr;
}

}  // namespace

std::shared_ptr<const Function> find_method(const Value& self, std::string_view name) {
  const Method method = self.is(Kind::kString) ? look_up(kTextMethods, name)
                        : self.is(Kind::kDict) ? look_up(kDictMethods, name)
                                               : look_up(kListMethods, name);
  if (!method) return nullptr;
  auto function = std::make_shared<Function>();
  function->name = name;
  function->call = [self, method, name = function->name](Interpreter& interpreter, const Arguments& arguments) {
    if (method == refuse) fault("'{}': a {} may not be changed by a template", name, type_name(self));
    if (self.is(Kind::kString)) interpreter.spend_bytes(self.string().size());
    return method(interpreter, self, arguments);
  };
  return function;
}

Value split(Interpreter& interpreter, std::string_view text, std::string_view separator, std::int64_t most,
            bool from_right) {
  std::vector<std::string_view> parts;
  const auto full = [&] { return most >= 0 && static_cast<std::int64_t>(parts.size()) >= most; };
  if (!separator.empty()) {
    for (;;) {
      if (from_right && separator.size() >= 16)
        interpreter.spend_bytes(text.size() * separator.size());  // rfind backtracks
      const auto at = full() ? text.npos : from_right ? text.rfind(separator) : find_text(text, separator);
      if (at == text.npos) break;
      interpreter.spend();
      parts.push_back(from_right ? text.substr(at + separator.size()) : text.substr(0, at));
      text = from_right ? text.substr(0, at) : text.substr(at + separator.size());
    }
    parts.push_back(text);
  } else {
    // Splits into words; the last, unsplit part keeps its inner and outer white space.
    std::vector<std::string_view> words;
    std::size_t begin = 0;
    bool inside = false;
    for (std::size_t i = 0; i < text.size();) {
      const auto c = utf8::decode(text.substr(i));
      const bool blank = is_space(c.code);
      if (!blank && !inside) begin = i;
      if (blank && inside) words.push_back(text.substr(begin, i - begin));
      inside = !blank;
      i += c.length;
    }
    if (inside) words.push_back(text.substr(begin));
    const auto count = static_cast<std::int64_t>(words.size());
    if (most < 0 || count <= most + 1) {
      most = -1;
    } else if (from_right) {
      const std::string_view& last_left = words[static_cast<std::size_t>(count - most - 1)];
      const std::string_view left =
          text.substr(0, static_cast<std::size_t>(last_left.data() + last_left.size() - text.data()));
      words.erase(words.begin(), words.begin() + (count - most));
      words.insert(words.begin(), left);
    } else {
      const std::string_view rest =
          text.substr(static_cast<std::size_t>(words[static_cast<std::size_t>(most)].data() - text.data()));
      words.resize(static_cast<std::size_t>(most));
      words.push_back(rest);
    }
    parts = std::move(words);
    from_right = false;
  }
  if (from_right) std::reverse(parts.begin(), parts.end());
  interpreter.spend(1 + parts.size() / 4);
  return make_list(std::vector<Value>(parts.begin(), parts.end()));
}

}  // namespace linnet::jinja
