#include "linnet/io/sharded.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/base/log.h"

namespace linnet {
namespace {

constexpr std::size_t kMostShards = 4096, kMostIndexBytes = std::size_t{64} << 20;

// Reads {"weight_map": {string: string}} during parsing and skips the rest of the file.
class IndexBuilder : public nlohmann::json_sax<Json> {
 public:
  std::vector<std::pair<std::string, std::string>> pairs;
  std::string fault;
  bool found = false;

  bool null() override { return other("null"); }
  bool boolean(bool) override { return other("a bool"); }
  bool number_integer(number_integer_t) override { return other("a number"); }
  bool number_unsigned(number_unsigned_t) override { return other("a number"); }
  bool number_float(number_float_t, const string_t&) override { return other("a number"); }
  bool binary(binary_t&) override { return other("binary"); }
  bool string(string_t& value) override {
    if (!in_map()) return other("a string");
    if (pairs.size() == kMostTensors)
      return refuse(fmt::format("'weight_map' lists more than {} tensors", kMostTensors));
    pairs.emplace_back(key_, std::move(value));
    return true;
  }
  bool start_object(std::size_t) override {
    if (depth_ == 1 && key_ == "weight_map") {
      if (found) return refuse("'weight_map' stands twice");
      found = inside_ = true;
    } else if (!other("an object")) {
      return false;
    }
    return deeper();
  }
  bool end_object() override {
    if (--depth_ == 1) inside_ = false;
    return true;
  }
  bool start_array(std::size_t) override {
    if (depth_ == 0) return refuse("the index is not a JSON object");
    return other("an array") && deeper();
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    key_ = std::move(name);
    if (in_map() && !names_.insert(key_).second) return refuse(fmt::format("'{}' stands twice", printable(key_)));
    return true;
  }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception&) override {
    return refuse(fmt::format("is not JSON at byte {}", at));
  }

 private:
  bool in_map() const { return inside_ && depth_ == 2; }
  bool deeper() { return ++depth_ <= 64 || refuse("is nested too deep"); }
  // A value that is not a file name: only allowed outside the map.
  bool other(std::string_view what) {
    if (depth_ == 0 && what != "an object") return refuse("the index is not a JSON object");
    if (depth_ == 1 && key_ == "weight_map") return refuse(fmt::format("'weight_map' is {}, not an object", what));
    return !inside_ || refuse(fmt::format("'weight_map' gives {} for '{}', not a file", what, printable(key_)));
  }
  bool refuse(std::string what) {
    fault = std::move(what);
    return false;
  }
  std::string key_;
  std::unordered_set<std::string> names_;
  int depth_ = 0;
  bool inside_ = false;
};

class ShardedReader : public CheckpointReader {
 public:
  explicit ShardedReader(const std::filesystem::path& index) : place_(index.string()) {
    const auto pairs = parse_shard_index(read_file(index, kMostIndexBytes), place_);
    std::unordered_map<std::string, std::size_t> files;
    std::size_t absent = 0;
    std::string first_absent;
    for (const auto& [tensor, file] : pairs) {
      const auto [at, fresh] = files.emplace(file, shards_.size());
      if (fresh) add_shard(index.parent_path() / file, file);
      // Some tools list the output matrix of a tied model, which no file has. Loading reports a missing tensor that the
      // model needs.
      if (shards_[at->second]->has(tensor)) {
        names_.push_back(tensor);
        shard_of_.push_back(at->second);
      } else {
        ++absent;
        if (absent == 1) first_absent = tensor;
      }
    }
    if (absent > 0)
      note("{}: lists {} tensors that its files do not hold, the first is '{}'", place_, absent, first_absent);
    for (std::size_t i = 0; i < names_.size(); ++i) where_.emplace(names_[i], shard_of_[i]);
    check_complete();
  }
  std::span<const std::string> names() const override { return names_; }
  bool has(std::string_view name) const override { return where_.contains(name); }
  const StoredTensor& info(std::string_view name) const override { return shard(name).info(name); }
  Tensor read(std::string_view name) const override { return shard(name).read(name); }
  const std::map<std::string, std::string>& metadata() const override { return shards_.front()->metadata(); }

 private:
  void add_shard(const std::filesystem::path& path, const std::string& name) {
    check(shards_.size() < kMostShards, ErrorKind::kBadInput, "{}: names more than {} files; the file is damaged",
          place_, kMostShards);
    check(has_companion(path), ErrorKind::kBadInput, "{}: names '{}', which is missing; download the checkpoint again",
          place_, printable(name));
    shards_.push_back(open_checkpoint_file(path));
  }
  void check_complete() const {
    for (const auto& shard : shards_)
      for (const std::string& name : shard->names())
        check(where_.contains(name), ErrorKind::kBadInput,
              "{}: does not list '{}', which one of its files holds; download the checkpoint again", place_,
              printable(name));
  }
  const CheckpointReader& shard(std::string_view name) const {
    const auto found = where_.find(name);
    check(found != where_.end(), ErrorKind::kBadInput, "{}: has no tensor '{}'; it is incomplete or of another model",
          place_, printable(name));
    return *shards_[found->second];
  }
  std::string place_;
  std::vector<std::unique_ptr<CheckpointReader>> shards_;
  std::vector<std::string> names_;
  std::vector<std::size_t> shard_of_;
  std::unordered_map<std::string_view, std::size_t> where_;  // views into names_
};

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_shard_index(std::string_view json, std::string_view place) {
  // The parser treats a NUL byte as the end of the text.
  check(json.find('\0') == json.npos, ErrorKind::kBadInput, "{}: holds a NUL byte; the file is damaged", place);
  IndexBuilder builder;
  if (!Json::sax_parse(json, &builder)) fail(ErrorKind::kBadInput, "{}: {}; the file is damaged", place, builder.fault);
  check(builder.found && !builder.pairs.empty(), ErrorKind::kBadInput,
        "{}: has no 'weight_map' with tensors; download it again", place);
  for (const auto& [tensor, file] : builder.pairs)
    check(safe_relative_name(file), ErrorKind::kBadInput,
          "{}: '{}' should be in '{}', which is not a file name inside the folder; do not trust this checkpoint", place,
          printable(tensor), printable(file));
  return std::move(builder.pairs);
}

std::unique_ptr<CheckpointReader> open_sharded(const std::filesystem::path& index) {
  return std::make_unique<ShardedReader>(index);
}

}  // namespace linnet
