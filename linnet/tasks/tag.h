// Labels the tokens of a text, or groups of them, as in Transformers' token-classification pipeline.
//
//   for (const Entity& e : tag(loaded, "Marta lives in Oslo.", {.aggregation = Aggregation::kSimple}))
//     // e.label == "PER", e.word == "Marta", e.start == 0, e.end == 5
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/nn/packed.h"
#include "linnet/tasks/batches.h"

namespace linnet::tasks {

// kNone: every token. kSimple: adjacent tokens of one label. The others label whole words first, by the first token,
// the mean of the probabilities, or the token with the highest one.
enum class Aggregation : std::uint8_t { kNone, kSimple, kFirst, kAverage, kMax };

struct TagOptions {
  Aggregation aggregation = Aggregation::kNone;
  // Tokens that adjacent chunks of a long text share; unset: a long text is truncated. Not with kNone.
  std::optional<std::int64_t> stride = {};
  std::vector<std::string> ignored = {"O"};  // labels that are left out
  bool allow_untrained = false;              // allow a head that was never trained
  std::int64_t batch_rows = nn::kBatchRows;
};

struct Entity {
  std::string label;  // of a group without "B-" and "I-"
  double score;       // probability; of a group the mean
  std::string word;
  std::int64_t start, end;  // characters of the text
  std::int64_t index = 0;   // kNone: of the token, special ones count
};

// kBadInput if the model has no head for token classification, or one that was never trained; kInvalidArgument for
// options that do not fit.
void check_tags(const Loaded& loaded, const TagOptions& options);

// Throws like check_tags; kInvalidArgument for a text without tokens.
std::vector<Entity> tag(const Loaded& loaded, const std::string& text, const TagOptions& options = {});

// Returns every text's entities as early as possible, in order. Prints one note with the number of truncated texts.
using OnEntities = std::function<void(std::size_t index, const std::vector<Entity>& entities)>;
void tag_each(const Loaded& loaded, std::span<const std::string> texts, const TagOptions& options,
              const OnEntities& on_entities, const OnRefusal& on_refusal = {});

}  // namespace linnet::tasks
