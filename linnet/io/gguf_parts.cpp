#include "linnet/base/error.h"
#include "linnet/io/gguf.h"

namespace linnet {
namespace {

constexpr std::int64_t kMostParts = 10'000;
constexpr const char *kSplitCount = "split.count", *kSplitNumber = "split.no", *kSplitTensors = "split.tensors.count";
std::string split_suffix(std::int64_t number, std::int64_t count) {
  return fmt::format("-{:05}-of-{:05}.gguf", number, count);
}

}  // namespace

// llama.cpp's gguf-split: every file has its number and the total; the first has the model's metadata.
void GgufFile::add_parts() {
  const std::int64_t count = integer(kSplitCount).value_or(1), number = integer(kSplitNumber).value_or(0);
  if (count == 1) return;
  const std::filesystem::path path(place_);
  const std::string name = path.filename().string(), first = split_suffix(1, count);
  check(count > 1 && count <= kMostParts && number >= 0 && number < count, ErrorKind::kBadInput,
        "{}: is part {} of {}; the file is damaged", place_, number + 1, count);
  check(name.ends_with(split_suffix(number + 1, count)), ErrorKind::kBadInput,
        "{}: is part {} of {}, so its name must end in '{}'; rename it", place_, number + 1, count,
        split_suffix(number + 1, count));
  const std::string stem = name.substr(0, name.size() - first.size());
  check(number == 0, ErrorKind::kBadInput, "{}: is part {} of {} files; give the first, {}{}", place_, number + 1,
        count, stem, first);
  for (std::int64_t i = 1; i < count; ++i) add_part(path.parent_path() / (stem + split_suffix(i + 1, count)), i, count);
  const std::int64_t all = integer(kSplitTensors).value_or(static_cast<std::int64_t>(tensors_.size()));
  check(all == static_cast<std::int64_t>(tensors_.size()), ErrorKind::kBadInput,
        "{}: its {} files should have {} tensors and have {}; download them again", place_, count, all,
        tensors_.size());
  sort_tensors();
}

void GgufFile::add_part(const std::filesystem::path& path, std::int64_t number, std::int64_t count) {
  check(has_companion(path), ErrorKind::kBadInput, "{}: is part 1 of {}, and {} is missing; download it", place_, count,
        path.filename().string());
  std::shared_ptr<GgufFile> part(new GgufFile);
  auto file = MappedFile::open(path);
  part->bytes_ = file->bytes();
  part->place_ = path.string();
  part->file_ = std::move(file);
  part->parse_header();
  check(part->integer(kSplitNumber) == number && part->integer(kSplitCount) == count, ErrorKind::kBadInput,
        "{}: does not say that it is part {} of {}; download it again", part->place_, number + 1, count);
  check(tensors_.size() + part->tensors_.size() <= kGgufMostTensors, ErrorKind::kBadInput,
        "{}: its parts have more than {} tensors; the files are damaged", place_, kGgufMostTensors);
  parts_.push_back(part);
  for (GgufTensor tensor : part->tensors_) {
    tensor.part = parts_.size();
    tensors_.push_back(std::move(tensor));
  }
}

}  // namespace linnet
