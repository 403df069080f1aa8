// Rows whose targets are positions in a text: a tag per word, the span that answers a question.
#include <algorithm>

#include "linnet/base/utf8.h"
#include "linnet/train/encode_job.h"

namespace linnet {
namespace {

// Bytes of a text, [begin, end).
struct Span {
  std::int64_t begin, end;
};

// The byte where character `index` of a text starts; -1 past its end.
std::int64_t byte_of(std::string_view text, std::int64_t index) {
  std::int64_t at = 0;
  const auto size = static_cast<std::int64_t>(text.size());
  for (; index > 0 && at < size; --index) {
    ++at;
    while (at < size && (static_cast<unsigned char>(text[static_cast<std::size_t>(at)]) & 0xC0) == 0x80) ++at;
  }
  return index == 0 ? at : -1;
}

Span answer_span(const EncodeJob& job, std::size_t row, const Example& example) {
  const Answer answer = example.answers().front();
  std::int64_t begin = -1;
  if (answer.start >= 0) {
    begin = byte_of(example.context, answer.start);
    const bool there = begin >= 0 && example.context.substr(static_cast<std::size_t>(begin)).starts_with(answer.text);
    job.require(
        there, row,
        fmt::format("the answer '{}' is not at character {} of the context", printable(answer.text, 60), answer.start));
  } else {
    const auto found = example.context.find(answer.text);
    job.require(found != std::string_view::npos, row,
                fmt::format("the answer '{}' is not in the context", printable(answer.text, 60)));
    begin = static_cast<std::int64_t>(found);
  }
  return {begin, begin + static_cast<std::int64_t>(answer.text.size())};
}

}  // namespace

void encode_tags(EncodeJob& job) {
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    const Example& row = job.data.examples[i];
    std::string text;
    std::vector<std::int64_t> ends;  // of every word, in bytes
    for (const std::string& word : row.tokens()) {
      text += (text.empty() ? "" : " ") + word;
      ends.push_back(static_cast<std::int64_t>(text.size()));
    }
    const Encoding e = job.encode(text);
    job.require(!e.ids.empty(), i, "the row has no tokens; remove it");
    EncodedExample made;
    made.ids = e.ids;
    made.type_ids = e.type_ids;
    made.targets.assign(e.size(), -1);
    // The first token of a word has its tag, as in Transformers; a token belongs to the word of its last byte.
    std::size_t tagged = 0;
    for (std::size_t t = 0; t < e.size(); ++t) {
      if (e.special_tokens_mask[t] != 0 || e.offsets[t].second <= e.offsets[t].first) continue;
      const auto word =
          static_cast<std::size_t>(std::lower_bound(ends.begin(), ends.end(), e.offsets[t].second) - ends.begin());
      if (word < tagged || word >= row.tags.size()) continue;
      made.targets[t] = row.tags[word];
      tagged = word + 1;
    }
    job.keep(i, std::move(made));
  }
}

void encode_questions(EncodeJob& job) {
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    const Example& row = job.data.examples[i];
    const Encoding e = job.encode(row.question, row.context, TruncationStrategy::kOnlySecond);
    EncodedExample made;
    made.ids = e.ids;
    made.type_ids = e.type_ids;
    if (row.answers().empty()) {
      made.start = made.end = 0;  // SQuAD 2: no answer is a span at the first token
      job.keep(i, std::move(made));
      continue;
    }
    const Span span = answer_span(job, i, row);
    // The first ordinary tokens are the question's; offsets of the others count from the context's start.
    std::size_t question = job.tokenizer.encode_ids(row.question, {.add_special_tokens = false}).size();
    for (std::size_t t = 0; t < e.size(); ++t) {
      if (e.special_tokens_mask[t] != 0) continue;
      if (question > 0) {
        --question;
        continue;
      }
      const auto [begin, end] = e.offsets[t];
      if (end <= span.begin || begin >= span.end) continue;
      if (made.start < 0) made.start = static_cast<std::int32_t>(t);
      made.end = static_cast<std::int32_t>(t);
    }
    // An answer that was truncated, completely or in part, does not count.
    const bool cut = job.set.full_lengths.back() > job.max_length && made.end >= 0 &&
                     e.offsets[static_cast<std::size_t>(made.end)].second < span.end;
    if (cut) made.start = made.end = -1;
    job.keep(i, std::move(made));
  }
}

}  // namespace linnet
