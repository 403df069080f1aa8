#include "linnet/jinja/value.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"

namespace linnet::jinja {
namespace {

constexpr std::size_t kIndexedFrom = 16;  // entries; smaller dicts are searched linearly

int depth_of(const Value& value) {
  if (value.is(Kind::kList)) return value.list().depth;
  if (value.is(Kind::kDict)) return value.dict().depth;
  return 0;
}

int deeper(int depth, const Value& child) {
  const int d = std::max(depth, depth_of(child) + 1);
  if (d > kMaxValueDepth) fault("a value is nested more than {} deep", kMaxValueDepth);
  return d;
}

Value from_json(const Json& json, int depth) {
  if (depth > kMaxValueDepth) fault("a value is nested more than {} deep", kMaxValueDepth);
  switch (json.type()) {
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
      return json.get<std::int64_t>();
    case Json::value_t::number_unsigned: {
      const auto n = json.get<std::uint64_t>();
      if (n > std::uint64_t{INT64_MAX}) fault("the integer {} does not fit 64 bits", n);
      return static_cast<std::int64_t>(n);
    }
    case Json::value_t::number_float:
      return json.get<double>();
    case Json::value_t::string:
      return json.get_ref<const std::string&>();
    case Json::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const Json& item : json) items.push_back(from_json(item, depth + 1));
      return make_list(std::move(items));
    }
    case Json::value_t::object: {
      Dict dict;
      for (const auto& [key, item] : json.items()) dict.set(key, from_json(item, depth + 1));
      return make_dict(std::move(dict));
    }
    default:
      return {};
  }
}

int sign(double a, double b) { return a < b ? -1 : a > b ? 1 : 0; }

double thread_seconds() {
  std::timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

thread_local Meter* current_meter = nullptr;

}  // namespace

Meter::Meter(std::int64_t steps, double seconds) : most_(steps), seconds_(seconds), started_(thread_seconds()) {}

void Meter::spend(std::size_t steps) {
  const std::int64_t before = steps_;
  steps_ += static_cast<std::int64_t>(std::min<std::size_t>(steps, kMaxBytes));
  if (steps_ > most_) fault("the template takes more than {} steps", most_);
  if (before >> 12 != steps_ >> 12 && thread_seconds() - started_ > seconds_)
    fault("the template takes more than {} s", seconds_);
}

MeterScope::MeterScope(Meter& meter) : before_(current_meter) { current_meter = &meter; }
MeterScope::~MeterScope() { current_meter = before_; }

void spend(std::size_t steps) {
  if (current_meter != nullptr) current_meter->spend(steps);
}

Value::Value(std::string v) {
  if (v.size() > kMaxBytes) fault("a text of {} bytes is longer than {}", v.size(), kMaxBytes);
  spend_bytes(v.size());
  data_ = std::make_shared<const std::string>(std::move(v));
}

const Value* Dict::find(std::string_view key) const {
  if (items.size() >= kIndexedFrom) {
    const auto at = index_.find(std::string(key));
    return at == index_.end() ? nullptr : &items[at->second].second;
  }
  for (const auto& [k, v] : items)
    if (k.is(Kind::kString) && k.string() == key) return &v;
  return nullptr;
}

const Value* Dict::find(const Value& key) const {
  if (key.is(Kind::kString)) return find(std::string_view(key.string()));
  for (const auto& [k, v] : items)
    if (equal(k, key)) return &v;
  return nullptr;
}

void Dict::set(Value key, Value value) {
  spend(2);
  depth = deeper(deeper(depth, key), value);
  if (const Value* old = find(key)) {
    *const_cast<Value*>(old) = std::move(value);
    return;
  }
  items.emplace_back(std::move(key), std::move(value));
  if (items.size() < kIndexedFrom) return;
  const std::size_t from = items.size() == kIndexedFrom ? 0 : items.size() - 1;
  for (std::size_t i = from; i < items.size(); ++i)
    if (items[i].first.is(Kind::kString)) index_[items[i].first.string()] = i;
}

const Value* Arguments::find(std::size_t index, std::string_view name) const {
  if (index < positional.size()) return &positional[index];
  for (const auto& [key, value] : named)
    if (key == name) return &value;
  return nullptr;
}

Value Arguments::get(std::size_t index, std::string_view name, const Value& fallback) const {
  const Value* found = find(index, name);
  return found ? *found : fallback;
}

std::string Arguments::text(std::size_t index, std::string_view name, std::string_view fallback) const {
  const Value* found = find(index, name);
  return found ? to_text(*found) : std::string(fallback);
}

bool Arguments::flag(std::size_t index, std::string_view name, bool fallback) const {
  const Value* found = find(index, name);
  return found ? truthy(*found) : fallback;
}

void Arguments::expect(std::string_view callee, std::initializer_list<std::string_view> names,
                       std::size_t least) const {
  if (positional.size() > names.size())
    fault("{} takes at most {} arguments, {} given", callee, names.size(), positional.size());
  for (const auto& [key, value] : named) {
    const auto at = std::find(names.begin(), names.end(), key);
    if (at == names.end()) fault("{} has no argument '{}'", callee, printable(key, 40));
    if (static_cast<std::size_t>(at - names.begin()) < positional.size())
      fault("{} got the argument '{}' twice", callee, key);
  }
  for (std::size_t i = 0; i < least; ++i)
    if (!find(i, names.begin()[i])) fault("{} needs the argument '{}'", callee, names.begin()[i]);
}

Value make_list(std::vector<Value> items, ListKind kind) {
  spend(1 + items.size());
  auto list = std::make_shared<List>();
  for (const Value& item : items) list->depth = deeper(list->depth, item);
  list->items = std::move(items);
  list->kind = kind;
  return Value(std::shared_ptr<const List>(std::move(list)));
}

Value make_dict(Dict dict) { return Value(std::shared_ptr<const Dict>(std::make_shared<Dict>(std::move(dict)))); }

Value make_undefined(std::string what) {
  return Value(Undefined{std::make_shared<const std::string>(std::move(what))});
}

Value from_json(const Json& json) { return from_json(json, 0); }

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return "str";
    case Kind::kList:
      return value.list().kind == ListKind::kList    ? "list"
             : value.list().kind == ListKind::kTuple ? "tuple"
                                                     : "generator";
    case Kind::kDict:
      return "dict";
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kLoop:
      return "LoopContext";
    case Kind::kFunction:
      return "function";
  }
  return "object";
}

bool truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
      return value.boolean();
    case Kind::kInt:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.real() != 0;
    case Kind::kString:
      return !value.string().empty();
    case Kind::kList:
      return value.list().kind == ListKind::kGenerator || !value.list().items.empty();
    case Kind::kDict:
      return !value.dict().items.empty();
    default:
      return true;
  }
}

double number(const Value& value) {
  if (value.is(Kind::kBool)) return value.boolean();
  if (value.is(Kind::kInt)) return static_cast<double>(value.integer());
  if (value.is(Kind::kFloat)) return value.real();
  fault("{} is not a number", type_name(value));
}

bool equal(const Value& a, const Value& b) {
  spend();
  if (a.is_number() && b.is_number()) {
    if (!a.is(Kind::kFloat) && !b.is(Kind::kFloat)) return compare(a, b) == 0;
    return number(a) == number(b);
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return true;
    case Kind::kString:
      if (a.string().size() != b.string().size()) return false;
      spend_bytes(a.string().size());
      return a.string() == b.string();
    case Kind::kList: {
      const auto &x = a.list(), &y = b.list();
      return x.kind == y.kind && std::equal(x.items.begin(), x.items.end(), y.items.begin(), y.items.end(), equal);
    }
    case Kind::kDict: {
      const auto &x = a.dict(), &y = b.dict();
      return x.items.size() == y.items.size() && std::all_of(x.items.begin(), x.items.end(), [&](const auto& entry) {
               const Value* other = y.find(entry.first);
               return other && equal(entry.second, *other);
             });
    }
    case Kind::kNamespace:
      return &a.space() == &b.space();
    case Kind::kLoop:
      return &a.loop() == &b.loop();
    default:
      return &a.function() == &b.function();
  }
}

int compare(const Value& a, const Value& b) {
  spend();
  if (a.is_number() && b.is_number()) {
    if (a.is(Kind::kFloat) || b.is(Kind::kFloat)) return sign(number(a), number(b));
    const auto whole = [](const Value& v) { return v.is(Kind::kBool) ? std::int64_t{v.boolean()} : v.integer(); };
    const std::int64_t x = whole(a), y = whole(b);
    return x < y ? -1 : x > y;
  }
  if (a.is(Kind::kString) && b.is(Kind::kString)) {
    spend_bytes(std::min(a.string().size(), b.string().size()));
    return a.string().compare(b.string());
  }
  if (a.is(Kind::kList) && b.is(Kind::kList) && a.list().kind == b.list().kind) {
    const auto &x = a.list().items, &y = b.list().items;
    for (std::size_t i = 0; i < x.size() && i < y.size(); ++i)
      if (!equal(x[i], y[i])) return compare(x[i], y[i]);
    return x.size() < y.size() ? -1 : x.size() > y.size();
  }
  if (a.is(Kind::kUndefined)) fault("{}", *a.undefined().what);
  if (b.is(Kind::kUndefined)) fault("{}", *b.undefined().what);
  fault("'<' is not supported between '{}' and '{}'", type_name(a), type_name(b));
}

std::shared_ptr<const List> elements(const Value& value) {
  if (value.is(Kind::kList)) return value.shared_list();
  auto list = std::make_shared<List>();
  if (value.is(Kind::kDict)) {
    spend(value.dict().items.size());
    for (const auto& [key, item] : value.dict().items) list->items.push_back(key);
  } else if (value.is(Kind::kString)) {
    for (std::string_view rest = value.string(); !rest.empty();) {
      const std::size_t length = utf8::decode(rest).length;
      list->items.emplace_back(rest.substr(0, length));
      rest.remove_prefix(length);
    }
  } else if (!value.is(Kind::kUndefined)) {
    fault("'{}' object is not iterable", type_name(value));
  }
  list->depth = 2;
  return list;
}

}  // namespace linnet::jinja
