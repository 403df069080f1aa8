// Many texts through a model: taken in portions, so that the first answers come soon; a portion sorted by length and
// packed evenly, up to a number of rows, answers back in the order given.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "linnet/base/error.h"
#include "linnet/nn/packed.h"

namespace linnet::tasks {

// Called for a text that has no answer by its own fault (it has no tokens, a template refuses it), in the order of the
// texts. Without a function for it, the first such text ends the work with that error.
using OnRefusal = std::function<void(std::size_t index, const Error& why)>;

// Runs `work` on one text; its error where the text is at fault and `on_refusal` takes it.
template <class Work>
std::optional<Error> text_error(const OnRefusal& on_refusal, const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    const bool own = error.kind() == ErrorKind::kInvalidArgument || error.kind() == ErrorKind::kBadInput;
    if (!on_refusal || !own) throw;
    return error;
  }
  return std::nullopt;
}

// Where the portion that begins at text `begin` of `count` ends: a few batches, so that they are full and yet soon
// done. `bytes(i)` guesses the rows of text i.
template <class Bytes>
std::size_t portion_end(std::size_t begin, std::size_t count, std::int64_t rows, const Bytes& bytes) {
  constexpr std::size_t kBatches = 2, kBytesPerRow = 4, kMoreRows = 8;  // special tokens, a template
  std::size_t guessed = 0, end = begin;
  while (end < count && guessed < kBatches * static_cast<std::size_t>(rows))
    guessed += bytes(end++) / kBytesPerRow + kMoreRows;
  return end;
}

// `run(batch, members)`: sequence i of the batch is text members[i]. `types` holds type ids a text, or nothing.
template <class Run>
void for_each_batch(const std::vector<std::vector<std::int32_t>>& texts, std::int64_t rows, const Run& run,
                    const std::vector<std::vector<std::int32_t>>& types = {}) {
  std::vector<std::int64_t> lengths;
  for (const auto& ids : texts) lengths.push_back(std::ssize(ids));
  for (const std::vector<std::size_t>& members : nn::even_batches(lengths, rows)) {
    nn::Packed batch;
    for (const std::size_t m : members)
      batch.add(texts[m], types.empty() ? std::span<const std::int32_t>() : std::span(types[m]));
    run(batch, std::span(members));
  }
}

}  // namespace linnet::tasks
