// Denoising with encoder-decoders, as in T5 and BART: the source has noise, the target is the text or its missing
// spans.
#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/train/tasks/seq2seq.h"
#include "linnet/train/tasks/tasks.h"

namespace linnet {
namespace {

using Ids = std::vector<std::int32_t>;

// Token ids that noise functions need.
struct NoiseIds {
  std::int32_t eos, mask;
  std::int64_t vocabulary;
  Ids sentinels, sentence_ends;
};

Ids shuffled(const Ids& ids, const NoiseIds& with, Rng& rng) {
  std::vector<std::size_t> starts{0};
  for (std::size_t i = 0; i + 1 < ids.size(); ++i)
    if (std::find(with.sentence_ends.begin(), with.sentence_ends.end(), ids[i]) != with.sentence_ends.end())
      starts.push_back(i + 1);
  return permute_sentences(ids, starts, rng);
}

// The target is the whole text.
Denoised whole_text(Ids source, Ids clean, const NoiseIds& with) {
  source.push_back(with.eos);
  clean.push_back(with.eos);
  return {std::move(source), std::move(clean)};
}

Denoised missing_spans(const Ids& clean, const NoiseIds& with, Rng& rng) {
  return corrupt_spans(clean, {.sentinels = with.sentinels, .eos_id = with.eos}, rng);
}
Denoised infilled(const Ids& clean, const NoiseIds& with, Rng& rng) {
  return whole_text(infill(shuffled(clean, with, rng), {.mask_id = with.mask}, rng), clean, with);
}
Denoised tokens_deleted(const Ids& clean, const NoiseIds& with, Rng& rng) {
  return whole_text(delete_tokens(clean, 0.15, rng), clean, with);
}
Denoised tokens_replaced(const Ids& clean, const NoiseIds& with, Rng& rng) {
  return whole_text(replace_tokens(clean, 0.15, with.vocabulary, rng), clean, with);
}
Denoised sentences_shuffled(const Ids& clean, const NoiseIds& with, Rng& rng) {
  return whole_text(shuffled(clean, with, rng), clean, with);
}

using NoiseFunction = Denoised (*)(const Ids& clean, const NoiseIds& with, Rng& rng);
enum class NeedsToken : std::uint8_t { kNone, kMask, kSentinels };

class DenoiseTask final : public EncoderDecoderTask {
 public:
  DenoiseTask(std::string_view name, NoiseFunction noise, NeedsToken needs = NeedsToken::kNone)
      : EncoderDecoderTask(name), noise_(noise), needs_(needs) {}

  bool reads(DataShape rows) const override { return rows == DataShape::kText || rows == DataShape::kClassification; }
  void encode(EncodeJob& job) const override { encode_sequences(job, SequenceTarget::kTheText); }
  std::unique_ptr<Objective> objective(EncodedSet set, const models::Model& model, const Tokenizer& tokenizer,
                                       const TrainOptions&) const override {
    return seq2seq_objective(std::move(set), model, name(),
                             [noise = noise_, with = ids_of(model, tokenizer)](const Ids& clean, Rng& rng) {
                               return noise(clean, with, rng);
                             });
  }

 private:
  NoiseIds ids_of(const models::Model& model, const Tokenizer& tokenizer) const {
    NoiseIds ids{end_id_of(model), tokenizer.mask_id().value_or(-1), tokenizer.vocab_size(), {}, {}};
    for (int i = 0; i < 100 && needs_ == NeedsToken::kSentinels; ++i)
      if (const auto id = tokenizer.token_to_id(fmt::format("<extra_id_{}>", i))) ids.sentinels.push_back(*id);
    check(needs_ != NeedsToken::kSentinels || !ids.sentinels.empty(), ErrorKind::kBadInput,
          "the tokenizer has no <extra_id_0>: {} needs the sentinels", name());
    check(needs_ != NeedsToken::kMask || ids.mask >= 0, ErrorKind::kBadInput,
          "the tokenizer has no mask token: {} needs one", name());
    for (const char* end : {".", "!", "?"})
      if (const auto id = tokenizer.token_to_id(end)) ids.sentence_ends.push_back(*id);
    return ids;
  }

  NoiseFunction noise_;
  NeedsToken needs_;
};

}  // namespace

const TrainTask& denoise_t5_task() {
  static const DenoiseTask task("denoise-t5", missing_spans, NeedsToken::kSentinels);
  return task;
}
const TrainTask& denoise_bart_task() {
  static const DenoiseTask task("denoise-bart", infilled, NeedsToken::kMask);
  return task;
}
const TrainTask& token_delete_task() {
  static const DenoiseTask task("token-delete", tokens_deleted);
  return task;
}
const TrainTask& token_replace_task() {
  static const DenoiseTask task("token-replace", tokens_replaced);
  return task;
}
const TrainTask& sentence_shuffle_task() {
  static const DenoiseTask task("sentence-shuffle", sentences_shuffled);
  return task;
}

}  // namespace linnet
