#include "linnet/tasks/answer_question.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/generate/engine.h"
#include "linnet/tasks/chunks.h"
#include "linnet/tasks/prompt_ids.h"
#include "linnet/tokenizer/normalizer.h"

namespace linnet::tasks {
namespace {

constexpr std::int64_t kUsualLength = 384, kUsualStride = 128;  // of the pipeline

struct PreparedQuestion {
  std::string context;
  Encoding encoding = {};  // of the context, without special tokens
  std::vector<Chunk> chunks = {};
  std::vector<Tensor> logits = {};  // of each chunk, [tokens, 2]
};

// Probability that the answer begins, or ends, at each token of a chunk.
using Places = std::vector<double>;

struct AnswerTokens {
  std::size_t first, last;
  double score;
};

std::string lower_case(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const utf8::Character c = utf8::decode(text);
    text.remove_prefix(c.length);
    const Lowered lowered = to_lower(c.code);
    utf8::append(out, lowered.first);
    if (lowered.second != 0) utf8::append(out, lowered.second);
  }
  return out;
}

class Extractor {
 public:
  Extractor(const Loaded& loaded, const QuestionOptions& options)
      : model_(*loaded.model),
        tokenizer_(loaded.tokenizer()),
        options_(options),
        frame_(tokenizer_.frame(Texts::kPair)),
        question_is_first_(tokenizer_.padding_side() == Side::kRight) {}

  PreparedQuestion prepare(const Question& question) const {
    PreparedQuestion made{.context = utf8::valid(question.context) ? question.context
                                                                   : utf8::replace_invalid(question.context)};
    const EncodeOptions bare{.add_special_tokens = false, .want_tokens = false};
    made.encoding = tokenizer_.encode(made.context, bare);
    check(made.encoding.size() > 0, "the context is empty; give a text that may have the answer");
    const std::vector<std::int32_t> asked = tokenizer_.encode_ids(question.question, bare);
    check(!asked.empty(), "the question is empty; give one");
    const std::int64_t length = options_.max_seq_length.value_or(std::min(limit(), kUsualLength));
    made.chunks = chunks_of({.text = made.encoding.ids,
                             .other = asked,
                             .text_is_first = !question_is_first_,
                             .max_length = std::min(length, limit()),
                             .stride = options_.stride.value_or(std::min(length / 2, kUsualStride)),
                             .side = tokenizer_.truncation_side()},
                            frame_);
    return made;
  }

  void compute(std::vector<PreparedQuestion>& questions) const {
    generate::Engine engine(model_, {.batch_tokens = options_.batch_rows});
    for (PreparedQuestion& question : questions) {
      question.logits.resize(question.chunks.size());
      for (std::size_t c = 0; c < question.chunks.size(); ++c)
        engine.submit(generate::EncodeRequest{.ids = question.chunks[c].ids,
                                              .type_ids = question.chunks[c].type_ids,
                                              .on_end = [this, &question, c](const Tensor& rows) {
                                                question.logits[c] = model_.classify(rows).to(kCpu);
                                              }});
    }
    while (engine.step()) {
    }
  }

  std::vector<FoundAnswer> answers_to(const PreparedQuestion& question) const {
    std::vector<FoundAnswer> answers;
    const CharacterOffsets characters(question.context);
    double none = INFINITY;
    for (std::size_t c = 0; c < question.chunks.size(); ++c) {
      const Chunk& chunk = question.chunks[c];
      Places starts = places(chunk, question.logits[c], 0), ends = places(chunk, question.logits[c], 1);
      none = std::min(none, starts.front() * ends.front());
      starts.front() = ends.front() = 0;
      for (const AnswerTokens& found : best_spans(chunk, starts, ends)) {
        const auto [begin, end] = bytes_of(question, chunk, found);
        add(answers, {found.score, characters(begin), characters(end),
                      question.context.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin))});
      }
    }
    if (options_.impossible_answer) answers.push_back({none, 0, 0, ""});
    std::stable_sort(answers.begin(), answers.end(),
                     [](const FoundAnswer& a, const FoundAnswer& b) { return a.score > b.score; });
    if (std::ssize(answers) > options_.top_k) answers.resize(static_cast<std::size_t>(options_.top_k));
    return answers;
  }

 private:
  std::int64_t limit() const {
    const std::int64_t most = length_limit(model_, tokenizer_);
    return most > 0 ? most : INT64_MAX;
  }

  // Softmax over the context and the class token, which stands for "no answer"; 0 elsewhere.
  Places places(const Chunk& chunk, const Tensor& logits, std::size_t column) const {
    const auto values = logits.data<float>();
    const auto counts = [&](std::size_t i) { return chunk.tokens[i] >= 0 || chunk.ids[i] == tokenizer_.cls_id(); };
    double most = -INFINITY, sum = 0;
    for (std::size_t i = 0; i < chunk.ids.size(); ++i)
      if (counts(i)) most = std::max(most, static_cast<double>(values[2 * i + column]));
    Places p(chunk.ids.size(), 0);
    for (std::size_t i = 0; i < p.size(); ++i)
      if (counts(i)) sum += p[i] = std::exp(values[2 * i + column] - most);
    for (double& value : p) value /= sum;
    return p;
  }

  // The most likely spans of a chunk's context; more than are wanted, since several may be of the same words.
  std::vector<AnswerTokens> best_spans(const Chunk& chunk, const Places& starts, const Places& ends) const {
    const auto wanted = static_cast<std::size_t>(options_.align_to_words ? 2 * options_.top_k + 10 : options_.top_k);
    std::vector<AnswerTokens> spans;
    const auto worse = [](const AnswerTokens& a, const AnswerTokens& b) { return a.score > b.score; };
    for (std::size_t s = 0; s < starts.size(); ++s) {
      if (chunk.tokens[s] < 0 || starts[s] == 0) continue;
      const auto end = std::min(starts.size(), s + static_cast<std::size_t>(options_.max_answer_length));
      for (std::size_t e = s; e < end; ++e) {
        if (chunk.tokens[e] < 0 || ends[e] == 0) continue;
        const double score = starts[s] * ends[e];
        if (spans.size() == wanted && score <= spans.front().score) continue;
        if (spans.size() == wanted) {
          std::pop_heap(spans.begin(), spans.end(), worse);
          spans.pop_back();
        }
        spans.push_back({s, e, score});
        std::push_heap(spans.begin(), spans.end(), worse);
      }
    }
    std::sort_heap(spans.begin(), spans.end(), worse);
    return spans;
  }

  // The bytes of a span, from the beginning of a word to the end of one: of their tokens that the chunk has.
  std::pair<std::int64_t, std::int64_t> bytes_of(const PreparedQuestion& question, const Chunk& chunk,
                                                 const AnswerTokens& found) const {
    std::size_t first = found.first, last = found.last;
    const auto token = [&](std::size_t i) { return static_cast<std::size_t>(chunk.tokens[i]); };
    const auto& words = question.encoding.words;
    const auto same_word = [&](std::size_t i, std::size_t j) {
      return chunk.tokens[j] >= 0 && words[token(i)] == words[token(j)];
    };
    while (options_.align_to_words && first > 0 && same_word(first, first - 1)) --first;
    while (options_.align_to_words && last + 1 < chunk.ids.size() && same_word(last, last + 1)) ++last;
    const auto begin = question.encoding.offsets[token(first)].first,
               end = question.encoding.offsets[token(last)].second;
    return {begin, std::max(begin, end)};
  }

  // The same words in another case are the same answer, with both probabilities.
  static void add(std::vector<FoundAnswer>& answers, FoundAnswer found) {
    const std::string key = lower_case(found.answer);
    for (FoundAnswer& known : answers)
      if (lower_case(known.answer) == key) {
        known.score += found.score;
        return;
      }
    answers.push_back(std::move(found));
  }

  const models::Model& model_;
  const Tokenizer& tokenizer_;
  const QuestionOptions& options_;
  Frame frame_;
  bool question_is_first_;
};

}  // namespace

void check_answers(const Loaded& loaded, const QuestionOptions& options) {
  const models::Model& model = *loaded.model;
  check(model.config().head == models::HeadKind::kQuestionAnswering, ErrorKind::kBadInput,
        "{}: has no head for question answering; train one, or take another model", model.place().string());
  check(model.config().head_trained || options.allow_untrained, ErrorKind::kBadInput,
        "{}: its head was never trained, the answers would be random; train it, or give {}", model.place().string(),
        option("allow_untrained"));
  const auto in_range = [](const char* field, std::optional<std::int64_t> value) {
    if (value) check_range(rule_of(kQuestionRules, field), static_cast<double>(*value));
  };
  in_range("top_k", options.top_k);
  in_range("max_seq_length", options.max_seq_length);
  in_range("stride", options.stride);
  in_range("max_answer_length", options.max_answer_length);
}

void answer_each(const Loaded& loaded, std::span<const Question> questions, const QuestionOptions& options,
                 const OnAnswers& on_answers, const OnRefusal& on_refusal) {
  check_answers(loaded, options);
  const Extractor extractor(loaded, options);
  for (std::size_t begin = 0; begin < questions.size();) {
    const std::size_t end = portion_end(begin, questions.size(), options.batch_rows, [&](std::size_t i) {
      return questions[i].question.size() + questions[i].context.size();
    });
    std::vector<PreparedQuestion> made;
    std::vector<std::optional<Error>> errors;
    for (std::size_t i = begin; i < end; ++i)
      errors.push_back(text_error(on_refusal, [&] { made.push_back(extractor.prepare(questions[i])); }));
    extractor.compute(made);
    auto question = made.begin();
    for (const std::optional<Error>& error : errors) {
      if (error)
        on_refusal(begin, *error);
      else
        on_answers(begin, extractor.answers_to(*question++));
      ++begin;
    }
  }
}

std::vector<FoundAnswer> answer_question(const Loaded& loaded, const Question& question,
                                         const QuestionOptions& options) {
  std::vector<FoundAnswer> result;
  answer_each(loaded, {&question, 1}, options,
              [&](std::size_t, const std::vector<FoundAnswer>& found) { result = found; });
  return result;
}

}  // namespace linnet::tasks
