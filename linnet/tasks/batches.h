// Runs a model on many texts: in portions, so that the first answers are early; a portion is sorted by length and
// packed evenly, up to a number of rows; results keep the order of texts.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "linnet/base/error.h"
#include "linnet/nn/packed.h"

namespace linnet::tasks {

// Called in order for an invalid text (it has no tokens, a template rejects it). If unset, the first such text throws
// its error.
using OnRefusal = std::function<void(std::size_t index, const Error& why)>;

// Runs `work` on one text; an error of the text goes to `on_refusal`, if set.
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

// End of the portion that begins at text `begin` of `count`: a few batches, so that they are full but finished early.
// `bytes(i)` estimates the rows of text i.
template <class Bytes>
std::size_t portion_end(std::size_t begin, std::size_t count, std::int64_t rows, const Bytes& bytes) {
  constexpr std::size_t kBatches = 2, kBytesPerRow = 4, kMoreRows = 8;  // special tokens, a template
  std::size_t guessed = 0, end = begin;
  while (end < count && guessed < kBatches * static_cast<std::size_t>(rows))
    guessed += bytes(end++) / kBytesPerRow + kMoreRows;
  return end;
}

// `run(batch, members)`: sequence i of the batch is text members[i]. `types` has type ids per text, or is empty.
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
