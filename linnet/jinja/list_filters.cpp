// Filters over lists and dicts.
#include <algorithm>
#include <unordered_set>

#include "linnet/base/utf8.h"
#include "linnet/jinja/ast.h"
#include "linnet/jinja/builtins.h"
#include "linnet/jinja/interpreter.h"

namespace linnet::jinja {
namespace {

// Comparison ignores case by default.
Value folded(const Value& value, bool case_sensitive) {
  return !case_sensitive && value.is(Kind::kString) ? Value(lower(value.string())) : value;
}

Value at_path(Interpreter& interpreter, const Value& value, const Value& path) {
  return path.is(Kind::kNone) ? value : interpreter.path(value, path);
}

Value length(Interpreter& interpreter, const Value& input, const Arguments&) {
  if (input.is(Kind::kString)) {
    interpreter.spend_bytes(input.string().size());
    return static_cast<std::int64_t>(utf8::count(input.string()));
  }
  if (input.is(Kind::kDict)) return static_cast<std::int64_t>(input.dict().items.size());
  if (input.is(Kind::kUndefined)) return 0;
  if (!input.is(Kind::kList) || input.list().kind == ListKind::kGenerator)
    fault("a {} has no length{}", type_name(input), input.is(Kind::kList) ? "; put '| list' before it" : "");
  return static_cast<std::int64_t>(input.list().items.size());
}

Value first(Interpreter& interpreter, const Value& input, const Arguments&) {
  const auto list = interpreter.iterate(input);
  return list->items.empty() ? make_undefined("the sequence has no first item") : list->items.front();
}
Value last(Interpreter& interpreter, const Value& input, const Arguments&) {
  const auto list = interpreter.iterate(input);
  return list->items.empty() ? make_undefined("the sequence has no last item") : list->items.back();
}

Value list(Interpreter& interpreter, const Value& input, const Arguments&) {
  return make_list(interpreter.iterate(input)->items);
}

Value reverse(Interpreter& interpreter, const Value& input, const Arguments&) {
  if (input.is(Kind::kString)) return slice(interpreter, input, {}, {}, Value(-1));
  std::vector<Value> items = interpreter.iterate(input)->items;
  std::reverse(items.begin(), items.end());
  return make_list(std::move(items), ListKind::kGenerator);
}

Value join_with(Interpreter& interpreter, const List& list, std::string_view separator) {
  std::string out;
  for (bool begun = false; const Value& item : list.items) {
    if (begun) out += separator;
    begun = true;
    interpreter.need_defined(item);
    append_text(out, item);
    interpreter.spend();
    if (out.size() > kMaxBytes) fault("join makes more than {} bytes", kMaxBytes);
  }
  interpreter.spend_bytes(out.size());
  return Value(std::move(out));
}

Value join(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("join", {"d", "attribute"});
  const Value path = arguments.get(1, "attribute");
  auto items = interpreter.iterate(input);
  if (!path.is(Kind::kNone)) {
    auto mapped = std::make_shared<List>();
    for (const Value& item : items->items) mapped->items.push_back(interpreter.path(item, path));
    items = mapped;
  }
  return join_with(interpreter, *items, arguments.text(0, "d", ""));
}

// "a", "a or b", "a, b, or c", for the answers of a question; join_or("und") uses another word.
Value join_or(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("join_or", {"word"});
  const std::string word = arguments.text(0, "word", "or");
  const auto items = interpreter.iterate(input);
  const std::size_t count = items->items.size();
  if (count <= 2) return join_with(interpreter, *items, ' ' + word + ' ');
  List head;
  head.items.assign(items->items.begin(), items->items.end() - 1);
  const Value before = join_with(interpreter, head, ", ");
  return Value(before.string() + ", " + word + ' ' + to_text(items->items.back()));
}

// map, select and similar filters treat any false value (such as None) as empty.
std::shared_ptr<const List> iterate_if_true(Interpreter& interpreter, const Value& input) {
  return truthy(input) ? interpreter.iterate(input) : std::make_shared<const List>();
}

Value map(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  const auto items = iterate_if_true(interpreter, input);
  std::vector<Value> out;
  if (arguments.positional.empty()) {
    arguments.expect("map", {"attribute", "default"}, 1);
    const Value path = arguments.get(0, "attribute");
    const Value* fallback = arguments.find(1, "default");
    for (const Value& item : items->items) {
      Value found = interpreter.path(item, path);
      if (fallback && found.is(Kind::kUndefined)) found = *fallback;
      out.push_back(std::move(found));
    }
    return make_list(std::move(out), ListKind::kGenerator);
  }
  Arguments rest;
  rest.positional.assign(arguments.positional.begin() + 1, arguments.positional.end());
  rest.named = arguments.named;
  const std::string name = to_text(arguments.positional[0]);
  for (const Value& item : items->items) {
    interpreter.spend();
    out.push_back(interpreter.filter(name, item, rest));
  }
  return make_list(std::move(out), ListKind::kGenerator);
}

// select, reject, selectattr, rejectattr: with `attribute` the first argument is an attribute; then a test and its
// arguments.
template <bool keep, bool attribute>
Value choose(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  constexpr std::size_t kTest = attribute ? 1 : 0;
  if (arguments.positional.size() < kTest) fault("selectattr and rejectattr need the name of an attribute");
  Arguments rest;
  std::string name;
  if (arguments.positional.size() > kTest) {
    name = to_text(arguments.positional[kTest]);
    rest.positional.assign(arguments.positional.begin() + kTest + 1, arguments.positional.end());
    rest.named = arguments.named;
  }
  std::vector<Value> out;
  const auto items = iterate_if_true(interpreter, input);
  for (const Value& item : items->items) {
    interpreter.spend();
    const Value subject = attribute ? interpreter.path(item, arguments.positional[0]) : item;
    if ((name.empty() ? truthy(subject) : interpreter.test(name, subject, rest)) == keep) out.push_back(item);
  }
  return make_list(std::move(out), ListKind::kGenerator);
}

// Sorts by precomputed keys; `spend` counts the comparisons.
std::vector<Value> sorted(Interpreter& interpreter, std::vector<std::pair<Value, Value>> keyed, bool descending) {
  interpreter.spend(1 + keyed.size() * 4);
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    return descending ? compare(b.first, a.first) < 0 : compare(a.first, b.first) < 0;
  });
  std::vector<Value> out;
  out.reserve(keyed.size());
  for (auto& [key, value] : keyed) out.push_back(std::move(value));
  return out;
}

Value sort(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("sort", {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = arguments.flag(1, "case_sensitive", false);
  const Value path = arguments.get(2, "attribute");
  std::vector<std::pair<Value, Value>> keyed;
  for (const auto list = interpreter.iterate(input); const Value& item : list->items)
    keyed.emplace_back(folded(at_path(interpreter, item, path), case_sensitive), item);
  return make_list(sorted(interpreter, std::move(keyed), arguments.flag(0, "reverse", false)));
}

Value pairs(const Dict& dict, ListKind kind) {
  std::vector<Value> out;
  for (const auto& [key, value] : dict.items) out.push_back(make_list({key, value}, ListKind::kTuple));
  return make_list(std::move(out), kind);
}

Value dictsort(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("dictsort", {"case_sensitive", "by", "reverse"});
  if (!input.is(Kind::kDict)) fault("dictsort takes a dict, not a {}", type_name(input));
  const std::string by = arguments.text(1, "by", "key");
  if (by != "key" && by != "value") fault("dictsort sorts by 'key' or 'value'");
  const bool case_sensitive = arguments.flag(0, "case_sensitive", false);
  std::vector<std::pair<Value, Value>> keyed;
  for (const auto& [key, value] : input.dict().items)
    keyed.emplace_back(folded(by == "key" ? key : value, case_sensitive), make_list({key, value}, ListKind::kTuple));
  return make_list(sorted(interpreter, std::move(keyed), arguments.flag(2, "reverse", false)));
}

Value items(Interpreter& interpreter, const Value& input, const Arguments&) {
  if (input.is(Kind::kUndefined)) return make_list({}, ListKind::kGenerator);
  if (!input.is(Kind::kDict)) fault("items takes a dict, not a {}", type_name(input));
  interpreter.spend(input.dict().items.size());
  return pairs(input.dict(), ListKind::kGenerator);
}

Value unique(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("unique", {"case_sensitive", "attribute"});
  const bool case_sensitive = arguments.flag(0, "case_sensitive", false);
  const Value path = arguments.get(1, "attribute");
  std::unordered_set<std::string> seen;
  std::vector<Value> out;
  for (const auto list = interpreter.iterate(input); const Value& item : list->items) {
    std::string key;
    append_repr(key, folded(at_path(interpreter, item, path), case_sensitive));
    interpreter.spend_bytes(key.size());
    if (seen.insert(std::move(key)).second) out.push_back(item);
  }
  return make_list(std::move(out), ListKind::kGenerator);
}

template <int sign>
Value extreme(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect(sign < 0 ? "min" : "max", {"case_sensitive", "attribute"});
  const auto list = interpreter.iterate(input);
  if (list->items.empty()) return make_undefined("the sequence has no first item");
  const Value path = arguments.get(1, "attribute");
  const auto key = [&](const Value& v) {
    return folded(at_path(interpreter, v, path), arguments.flag(0, "case_sensitive", false));
  };
  const Value* best = &list->items[0];
  Value best_key = key(*best);
  for (const Value& item : list->items) {
    Value own = key(item);
    if (compare(own, best_key) * sign <= 0) continue;
    best = &item;
    best_key = std::move(own);
  }
  return *best;
}

Value sum(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("sum", {"attribute", "start"});
  Value total = arguments.get(1, "start", Value(0));
  for (const auto list = interpreter.iterate(input); const Value& item : list->items)
    total = arithmetic(interpreter, Op::kAdd, total, at_path(interpreter, item, arguments.get(0, "attribute")));
  return total;
}

Value batch(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("batch", {"linecount", "fill_with"}, 1);
  const std::int64_t size = whole_number(arguments.get(0, "linecount"), "batch");
  if (size < 1 || size > interpreter.options().limits.range) fault("batch needs a positive number");
  const Value* fill = arguments.find(1, "fill_with");
  std::vector<Value> out, row;
  for (const auto list = interpreter.iterate(input); const Value& item : list->items) {
    if (static_cast<std::int64_t>(row.size()) == size) out.push_back(make_list(std::exchange(row, {})));
    row.push_back(item);
  }
  if (fill && !fill->is(Kind::kNone) && !row.empty()) {
    interpreter.spend(static_cast<std::size_t>(size));
    row.resize(static_cast<std::size_t>(size), *fill);
  }
  if (!row.empty()) out.push_back(make_list(std::move(row)));
  return make_list(std::move(out), ListKind::kGenerator);
}

Value groupby(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("groupby", {"attribute", "default"}, 1);
  std::vector<std::pair<Value, Value>> keyed;
  for (const auto list = interpreter.iterate(input); const Value& item : list->items) {
    Value key = interpreter.path(item, arguments.get(0, "attribute"));
    if (key.is(Kind::kUndefined)) key = arguments.get(1, "default", key);
    keyed.emplace_back(folded(key, false), make_list({key, item}, ListKind::kTuple));
  }
  std::vector<Value> out, group;
  Value current;
  const auto close = [&] {
    if (!group.empty()) out.push_back(make_list({current, make_list(std::exchange(group, {}))}, ListKind::kTuple));
  };
  for (const Value& pair : sorted(interpreter, std::move(keyed), false)) {
    const Value& key = pair.list().items[0];
    if (group.empty() || !equal(folded(key, false), folded(current, false))) {
      close();
      current = key;
    }
    group.push_back(pair.list().items[1]);
  }
  close();
  return make_list(std::move(out));
}

Value attr(Interpreter& interpreter, const Value& input, const Arguments& arguments) {
  arguments.expect("attr", {"name"}, 1);
  return interpreter.attribute(input, arguments.text(0, "name", ""));
}

constexpr NamedFilter kFilters[] = {
    {"length", length},
    {"count", length},
    {"first", first},
    {"last", last},
    {"list", list},
    {"reverse", reverse},
    {"join", join},
    {"join_or", join_or},
    {"map", map},
    {"select", choose<true, false>},
    {"reject", choose<false, false>},
    {"selectattr", choose<true, true>},
    {"rejectattr", choose<false, true>},
    {"sort", sort},
    {"dictsort", dictsort},
    {"items", items},
    {"unique", unique},
    {"min", extreme<-1>},
    {"max", extreme<1>},
    {"sum", sum},
    {"batch", batch},
    {"groupby", groupby},
    {"attr", attr},
};

}  // namespace

Filter find_list_filter(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kFilters), std::end(kFilters), [&](const auto& f) { return f.name == name; });
  return found == std::end(kFilters) ? nullptr : found->filter;
}

}  // namespace linnet::jinja
