#include <algorithm>
#include <numeric>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/io/checkpoint.h"
#include "linnet/io/safetensors.h"

namespace linnet {
namespace {

// The order of the safetensors library's DataType, by which it sorts, widest first.
int type_order(DType type) {
  constexpr DType kAscending[] = {DType::kBool, DType::kU8,  DType::kI8,  DType::kI16, DType::kF16,
                                  DType::kBF16, DType::kI32, DType::kF32, DType::kF64, DType::kI64};
  const auto* at = std::find(std::begin(kAscending), std::end(kAscending), type);
  return static_cast<int>(at - std::begin(kAscending));
}

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.bytes() > 0 && a.data_ptr() == b.data_ptr() && a.bytes() == b.bytes() && a.dtype() == b.dtype() &&
         a.shape() == b.shape();
}

}  // namespace

CheckpointWriter::CheckpointWriter(std::filesystem::path folder, std::string stem, std::size_t max_shard_bytes)
    : folder_(std::move(folder)),
      stem_(std::move(stem)),
      max_shard_bytes_(max_shard_bytes),
      metadata_{{"format", "pt"}} {}

void CheckpointWriter::add(std::string name, const Tensor& value) {
  check(value.contiguous(), "[checkpoint] '{}' is a view whose values are not in row order", name);
  check(!info(value.dtype()).quantized, "[checkpoint] '{}' is of type {}, which safetensors cannot hold", name,
        info(value.dtype()).name);
  check(name != "__metadata__", "[checkpoint] a tensor cannot be called '{}'", name);
  check(!names_.contains(name), "[checkpoint] '{}' is added twice", name);
  const auto [first, last] = at_.equal_range(value.data_ptr());
  if (std::any_of(first, last, [&](const auto& at) { return same_bytes(entries_[at.second].value, value); })) return;
  names_.insert(name);
  at_.emplace(value.data_ptr(), entries_.size());
  entries_.push_back({std::move(name), value});
}

void CheckpointWriter::metadata(std::string key, std::string value) { metadata_[std::move(key)] = std::move(value); }

void CheckpointWriter::write_shard(const std::filesystem::path& file, std::span<const Entry> entries) const {
  std::vector<const Entry*> order;
  for (const Entry& entry : entries) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    const int left = type_order(a->value.dtype()), right = type_order(b->value.dtype());
    return left != right ? left > right : a->name < b->name;
  });
  std::vector<SafetensorsEntry> header;
  std::size_t at = 0;
  for (const Entry* entry : order) {
    header.push_back({entry->name, {entry->value.dtype(), entry->value.shape()}, at, at + entry->value.bytes()});
    at += entry->value.bytes();
  }
  AtomicFile out(file);
  out.write(safetensors_header(header, metadata_));
  for (const Entry* entry : order) out.write(entry->value.to(kCpu).raw(), entry->value.bytes());
  out.commit();
}

void CheckpointWriter::finish() {
  // Shards are filled in order, like huggingface_hub's, until the next tensor does not fit.
  std::vector<std::pair<std::size_t, std::size_t>> shards;
  std::size_t first = 0, bytes = 0, total = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const std::size_t each = entries_[i].value.bytes();
    if (i > first && (each > max_shard_bytes_ || bytes > max_shard_bytes_ - each)) {
      shards.emplace_back(first, i);
      first = i;
      bytes = 0;
    }
    bytes += each;
    total += each;
  }
  shards.emplace_back(first, entries_.size());
  const std::filesystem::path index_file = folder_ / (stem_ + ".safetensors.index.json");
  const std::span<const Entry> all = entries_;
  if (shards.size() == 1) {
    write_shard(folder_ / (stem_ + ".safetensors"), all);
    std::error_code ignored;
    std::filesystem::remove(index_file, ignored);
    return;
  }
  Json index = {{"metadata", {{"total_size", total}}}, {"weight_map", Json::object()}};
  std::map<std::string, std::string> where;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    const std::string name = fmt::format("{}-{:05}-of-{:05}.safetensors", stem_, i + 1, shards.size());
    const auto part = all.subspan(shards[i].first, shards[i].second - shards[i].first);
    write_shard(folder_ / name, part);
    for (const Entry& entry : part) where[entry.name] = name;
  }
  index["weight_map"] = where;
  write_file(index_file, dump_json(index, 2) + "\n");
}

}  // namespace linnet
