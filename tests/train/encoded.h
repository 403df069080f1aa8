// Rows in JSON lines, encoded for a task with a fixture's tokenizer and configuration.
#pragma once

#include <filesystem>
#include <string>

#include "linnet/adapt/loaded.h"
#include "linnet/train/tasks/task.h"
#include "tests/models/fixture.h"

namespace linnet {

inline Dataset rows_of(const std::string& rows, const ReadOptions& read = {}) {
  return parse_dataset(rows, "jsonl", "rows.jsonl", read);
}

inline EncodedSet encode(const std::filesystem::path& folder, const Dataset& rows, std::string_view task,
                         const TrainOptions& options = {}) {
  return encode_examples(rows, models::load_tokenizer(folder), models::ModelFiles(folder).config(), *task_named(task),
                         options);
}
inline EncodedSet encode(const std::filesystem::path& folder, const std::string& rows, std::string_view task,
                         const TrainOptions& options = {}) {
  return encode(folder, rows_of(rows), task, options);
}

}  // namespace linnet
