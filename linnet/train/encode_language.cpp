// Rows for language models: causal (texts, completions, chats), masked, next sentence.
#include <algorithm>

#include "linnet/base/rng.h"
#include "linnet/data/collate/causal.h"
#include "linnet/data/collate/masking.h"
#include "linnet/data/collate/next_sentence.h"
#include "linnet/prompt/chat_template.h"
#include "linnet/train/assistant_spans.h"
#include "linnet/train/encode_job.h"

namespace linnet {
namespace {

// The target of row i is token i + 1, if that counts.
std::vector<std::int32_t> shifted(const std::vector<std::int32_t>& labels) {
  std::vector<std::int32_t> targets(labels.size(), -1);
  for (std::size_t i = 0; i + 1 < labels.size(); ++i) targets[i] = labels[i + 1] >= 0 ? labels[i + 1] : -1;
  return targets;
}

void keep_text(EncodeJob& job, std::size_t row, std::vector<std::int32_t> ids) {
  EncodedExample made;
  made.targets = shifted(ids);
  made.ids = std::move(ids);
  job.keep(row, std::move(made));
}

void encode_texts(EncodeJob& job) {
  const std::int32_t end = job.options.append_eos ? job.end_id() : -1;
  const auto most = static_cast<std::size_t>(job.max_length);
  std::vector<std::vector<std::int32_t>> texts;
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    std::vector<std::int32_t> ids = job.tokenizer.encode_ids(job.data.examples[i].text);
    if (end >= 0 && (ids.empty() || ids.back() != end)) ids.push_back(end);
    job.require(!ids.empty(), i, "the text has no tokens; remove the row");
    if (job.options.packing) {
      job.set.full_lengths.push_back(static_cast<std::int64_t>(ids.size()));
      texts.push_back(std::move(ids));
      continue;
    }
    job.measured(ids.size());
    ids.resize(std::min(ids.size(), most));
    keep_text(job, i, std::move(ids));
  }
  // Blocks of several texts, which contain the end tokens. A last block of one token has no target.
  for (std::vector<std::int32_t>& block : pack_blocks(texts, most, -1))
    if (block.size() > 1) keep_text(job, 0, std::move(block));
}

// A token is a target if one of its bytes is: a token across the boundary belongs to the answer.
void keep_learned(EncodeJob& job, std::size_t row, const std::string& text, const std::vector<TextSpan>& spans,
                  bool special) {
  Encoding e = job.tokenizer.encode(text, {.add_special_tokens = special, .want_tokens = false});
  std::vector<std::int32_t> labels(e.size(), kIgnored);
  for (std::size_t i = 0; i < e.size(); ++i)
    for (const TextSpan& span : spans)
      if (e.offsets[i].second > static_cast<std::int64_t>(span.begin) &&
          e.offsets[i].first < static_cast<std::int64_t>(span.end))
        labels[i] = e.ids[i];
  const std::int32_t end = job.options.append_eos && special ? job.end_id() : -1;
  if (end >= 0 && (e.ids.empty() || e.ids.back() != end)) {
    e.ids.push_back(end);
    labels.push_back(end);
  }
  job.measured(e.ids.size());
  // Too long: truncates the beginning and keeps the answer.
  const auto extra = e.ids.size() - std::min(e.ids.size(), static_cast<std::size_t>(job.max_length));
  EncodedExample made;
  made.ids.assign(e.ids.begin() + static_cast<std::ptrdiff_t>(extra), e.ids.end());
  made.targets = shifted({labels.begin() + static_cast<std::ptrdiff_t>(extra), labels.end()});
  const bool any = std::any_of(made.targets.begin(), made.targets.end(), [](std::int32_t t) { return t >= 0; });
  job.require(any || spans.empty(), row, "nothing of the row is to be learned: the answer has no tokens");
  job.keep(row, std::move(made));
}

void encode_completions(EncodeJob& job) {
  const bool completion = job.data.shape == DataShape::kCompletion;
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    const Example& row = job.data.examples[i];
    const std::string prompt = completion ? row.prompt : row.text;
    const std::string answer = completion ? row.completion : row.target;
    keep_learned(job, i, prompt + answer, {{prompt.size(), prompt.size() + answer.size()}}, true);
  }
}

void encode_chats(EncodeJob& job) {
  const auto source = job.tokenizer.chat_template();
  check(source.has_value(), ErrorKind::kBadInput, "{}: the rows are chats and the model has no chat template",
        job.data.file);
  const ChatTemplate chat(*source, job.tokenizer.chat_template_place());
  ChatOptions options{.add_generation_prompt = false};
  if (const auto id = job.tokenizer.bos_id()) options.bos_token = job.tokenizer.id_to_token(*id);
  if (const auto id = job.tokenizer.eos_id()) options.eos_token = job.tokenizer.id_to_token(*id);
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    options.tools = job.data.examples[i].tools();
    const AssistantText found = find_assistant_text(chat, job.data.examples[i].messages(), options);
    if (found.spans.empty() && job.set.without_answer++ == 0) job.set.first_without_answer = job.data.place(i);
    keep_learned(job, i, found.text, found.spans, false);  // the template has added the special tokens
  }
}

void keep_masked(EncodeJob& job, std::size_t row, const Encoding& e, std::int32_t label) {
  EncodedExample made;
  made.ids = e.ids;
  made.type_ids = e.type_ids;
  made.words = word_numbers(e.offsets, e.special_tokens_mask);
  made.label = label;
  job.keep(row, std::move(made));
}

// Sentences of every row: a row is a document, or, if rows are single sentences, all rows are one.
struct Documents {
  std::vector<std::vector<std::string>> sentences;
  std::vector<std::size_t> first_row;
};

Documents documents_of(const Dataset& data) {
  Documents documents;
  bool any_pair = false;
  for (std::size_t i = 0; i < data.examples.size(); ++i) {
    std::vector<std::string> sentences;
    for (const std::string_view text : {data.examples[i].text, data.examples[i].text_pair})
      for (const std::string_view sentence : split_sentences(text)) sentences.emplace_back(sentence);
    any_pair = any_pair || sentences.size() > 1;
    documents.sentences.push_back(std::move(sentences));
    documents.first_row.push_back(i);
  }
  if (any_pair) return documents;
  Documents one{{{}}, {0}};
  for (auto& sentences : documents.sentences)
    for (std::string& sentence : sentences) one.sentences[0].push_back(std::move(sentence));
  return one;
}

void encode_pairs(EncodeJob& job) {
  const Documents documents = documents_of(job.data);
  std::vector<std::size_t> counts;
  for (const auto& sentences : documents.sentences) counts.push_back(sentences.size());
  Rng rng(job.options.seed, 0x6E7370);
  for (const SentencePair& pair : next_sentence_pairs(counts, rng)) {
    const auto sentence = [&](const Sentence& s) -> const std::string& {
      return documents.sentences[s.document][s.index];
    };
    keep_masked(job, documents.first_row[pair.first.document], job.encode(sentence(pair.first), sentence(pair.second)),
                pair.label);
  }
}

}  // namespace

void encode_causal(EncodeJob& job) {
  const bool plain = job.data.shape == DataShape::kText || job.data.shape == DataShape::kClassification;
  check_option(!job.options.packing || plain, "packing",
               "joins plain texts; rows with an answer to learn stay alone, leave it out");
  switch (job.data.shape) {
    case DataShape::kCompletion:
    case DataShape::kSeq2Seq:
      return encode_completions(job);
    case DataShape::kChat:
      return encode_chats(job);
    default:
      return encode_texts(job);
  }
}

void encode_masked(EncodeJob& job) {
  const bool labelled = job.data.has_pairs && job.data.label_kind == LabelKind::kClass;
  if (job.task != TrainTask::kMaskedLm && !labelled) return encode_pairs(job);
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    const Example& row = job.data.examples[i];
    const Encoding e =
        job.encode(row.text, job.data.has_pairs ? std::optional<std::string_view>(row.text_pair) : std::nullopt);
    job.require(!e.ids.empty(), i, "the text has no tokens; remove the row");
    const bool next = job.task != TrainTask::kMaskedLm;
    job.require(!next || row.label == kIsNext || row.label == kIsRandom, i, "the label is neither 0 (next) nor 1");
    keep_masked(job, i, e, next ? row.label : -1);
  }
}

}  // namespace linnet
