// Reads folders of splits and splits a file.
#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/rng.h"
#include "linnet/data/dataset.h"
#include "linnet/data/text_source.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;

constexpr std::initializer_list<const char*> kTrain = {"train", "training"};
constexpr std::initializer_list<const char*> kValid = {"valid", "validation", "dev", "val"};
constexpr std::initializer_list<const char*> kTest = {"test"};

// The one data file in `folder` whose name is one of `names`, else "".
fs::path find_split(const fs::path& folder, std::initializer_list<const char*> names) {
  fs::path found;
  for (const fs::path& entry : list_folder(folder)) {
    static constexpr std::string_view kFormats[] = {"txt", "jsonl", "json", "csv", "tsv", "ndjson"};
    const std::string format = data_format(entry);
    if (std::find(std::begin(kFormats), std::end(kFormats), format) == std::end(kFormats)) continue;
    const std::string name = entry.filename().string();
    const std::string stem = name.substr(0, name.find('.'));
    if (std::find(names.begin(), names.end(), stem) == names.end() || !is_file(entry)) continue;
    check(found.empty(), ErrorKind::kBadInput, "{}: both '{}' and '{}' are there; keep one", folder.string(),
          found.filename().string(), name);
    found = entry;
  }
  return found;
}

}  // namespace

DatasetSplits read_splits(const fs::path& file_or_folder, const ReadOptions& options) {
  if (!is_folder(file_or_folder)) return {read_dataset(file_or_folder, options), {}, {}};
  const fs::path train = find_split(file_or_folder, kTrain);
  check(!train.empty(), ErrorKind::kBadInput, "{}: there is no train.jsonl, train.csv or train.tsv in it",
        file_or_folder.string());
  DatasetSplits splits{read_dataset(train, options), {}, {}};
  ReadOptions same = options;  // the other splits have the meaning of train
  same.shape = splits.train.shape;
  same.label_names = splits.train.label_names;
  same.label_kind = splits.train.label_kind;
  if (options.label_names.empty()) same.label_numbers = LabelNumbers::kNames;
  if (const fs::path valid = find_split(file_or_folder, kValid); !valid.empty())
    splits.valid = read_dataset(valid, same);
  if (const fs::path test = find_split(file_or_folder, kTest); !test.empty()) splits.test = read_dataset(test, same);
  return splits;
}

Dataset split_off(Dataset& data, double fraction, std::uint64_t seed) {
  check_option(fraction >= 0 && fraction < 1, "valid_fraction", "{} is not at least 0 and below 1", fraction);
  std::map<std::int32_t, std::deque<std::uint32_t>> classes;  // all in one if there are none
  for (std::size_t i = 0; i < data.examples.size(); ++i)
    classes[data.label_kind == LabelKind::kClass ? data.examples[i].label : 0].push_back(static_cast<std::uint32_t>(i));
  // Whole rows per class; remainders are carried over, so that the total is right.
  std::vector<bool> goes(data.examples.size(), false);
  Rng rng(seed, /*stream=*/0x5911);
  double owed = 0;
  for (auto& [label, members] : classes) {
    rng.shuffle(members);
    owed += fraction * static_cast<double>(members.size());
    const auto count = static_cast<std::size_t>(std::max(0.0, std::floor(owed + 0.5)));
    const std::size_t taken = std::min(count, members.size() - 1);  // a class keeps a row
    owed -= static_cast<double>(taken);
    for (std::size_t i = 0; i < taken; ++i) goes[members[i]] = true;
  }
  Examples all = std::exchange(data.examples, {});
  Dataset part = data;
  part.examples = all.take(goes);
  data.examples = std::move(all);
  return part;
}

}  // namespace linnet
