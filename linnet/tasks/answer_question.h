// Finds the answer to a question in a context with a model that has a head for its first and last token, as in
// Transformers' question-answering pipeline: a long context is cut into overlapping chunks.
//
//   auto found = answer_question(loaded, {"Who left?", "The ferry left before the sun was up."});
//   // found[0].answer == "The ferry", found[0].start == 0, found[0].end == 9
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/base/option_rule.h"
#include "linnet/nn/packed.h"
#include "linnet/tasks/batches.h"

namespace linnet::tasks {

struct QuestionOptions {
  std::int64_t top_k = 1;
  std::optional<std::int64_t> max_seq_length = {};  // tokens of question and chunk; unset: 384, or the model's limit
  std::optional<std::int64_t> stride = {};          // tokens that adjacent chunks share; unset: 128, or half a chunk
  std::int64_t max_answer_length = 15;              // tokens
  bool impossible_answer = false;                   // an empty answer is possible, with the probability of none
  bool align_to_words = true;                       // an answer is whole words
  bool allow_untrained = false;                     // allow a head that was never trained
  std::int64_t batch_rows = nn::kBatchRows;
};

inline constexpr OptionRule kQuestionRules[] = {
    {"top_k", at_least(1)},
    {"max_seq_length", at_least(1)},
    {"stride", at_least(0)},
    {"max_answer_length", at_least(1)},
};

struct Question {
  std::string question, context;
};

struct FoundAnswer {
  double score;             // probability; the sum if the same words are found several times
  std::int64_t start, end;  // characters of the context
  std::string answer;
};

// kBadInput if the model has no head for question answering, or one that was never trained; kInvalidArgument for an
// option out of range.
void check_answers(const Loaded& loaded, const QuestionOptions& options);

// At most top_k answers, best first. Throws like check_answers; kInvalidArgument for a question or context without
// tokens, and a question that leaves no room for the context.
std::vector<FoundAnswer> answer_question(const Loaded& loaded, const Question& question,
                                         const QuestionOptions& options = {});

// Returns the answers to every question as early as possible, in order.
using OnAnswers = std::function<void(std::size_t index, const std::vector<FoundAnswer>& answers)>;
void answer_each(const Loaded& loaded, std::span<const Question> questions, const QuestionOptions& options,
                 const OnAnswers& on_answers, const OnRefusal& on_refusal = {});

}  // namespace linnet::tasks
