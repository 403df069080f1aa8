// Encoder-decoders: translation and similar tasks, and the denoising objectives of T5 and BART.
#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/rng.h"
#include "linnet/data/collate/denoise.h"
#include "linnet/ops/ops.h"
#include "linnet/train/objective.h"

namespace linnet {
namespace {

class Seq2SeqObjective final : public Objective {
 public:
  Seq2SeqObjective(EncodedSet set, const models::Model& model, const Tokenizer& tokenizer, TrainTask task)
      : Objective(std::move(set)),
        task_(task),
        start_(static_cast<std::int32_t>(model.config().decoder_start_id)),
        eos_(static_cast<std::int32_t>(model.config().eos_ids.empty() ? -1 : model.config().eos_ids[0])),
        mask_(tokenizer.mask_id().value_or(-1)),
        vocabulary_(tokenizer.vocab_size()) {
    check(model.config().stack == nn::Stack::kEncoderDecoder, "[train] {} needs an encoder-decoder", task_name(task));
    check(start_ >= 0 && eos_ >= 0, ErrorKind::kBadInput,
          "the model's configuration has no decoder_start_token_id or eos_token_id");
    for (int i = 0; i < 100 && task == TrainTask::kDenoiseT5; ++i)
      if (const auto id = tokenizer.token_to_id(fmt::format("<extra_id_{}>", i))) sentinels_.push_back(*id);
    check(task != TrainTask::kDenoiseT5 || !sentinels_.empty(), ErrorKind::kBadInput,
          "the tokenizer has no <extra_id_0>: denoise-t5 needs the sentinels");
    check(task != TrainTask::kDenoiseBart || mask_ >= 0, ErrorKind::kBadInput,
          "the tokenizer has no mask token: denoise-bart needs one");
    for (const char* end : {".", "!", "?"})
      if (const auto id = tokenizer.token_to_id(end)) sentence_ends_.push_back(*id);
  }

  TrainBatch batch(std::span<const std::int64_t> examples, PhiloxKey key) const override {
    TrainBatch b;
    for (const std::int64_t index : examples) {
      const EncodedExample& e = set_.examples[static_cast<std::size_t>(index)];
      Rng rng(key.seed ^ 0x6E6F6973u, key.stream * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(index));
      const Denoised pair = task_ == TrainTask::kSeq2Seq ? Denoised{e.ids, e.output} : noisy(e.ids, rng);
      std::vector<std::int32_t> input{start_};  // shift_tokens_right
      input.insert(input.end(), pair.target.begin(), pair.target.end() - (pair.target.empty() ? 0 : 1));
      b.encoder.add(pair.source);
      b.packed.add(input);
      b.targets.insert(b.targets.end(), pair.target.begin(), pair.target.end());
      b.examples.push_back(index);
    }
    b.counts[0] = static_cast<double>(b.targets.size());
    return b;
  }
  Tensor loss(const models::Model& model, const Tensor& hidden, const TrainBatch& batch,
              const LossCounts& counts) const override {
    return linear_cross_entropy(model.before_output(hidden), model.output_weight(), model.output_bias(), batch.targets,
                                {.denominator = counts[0]}, {.precision = model.pass().precision});
  }
  void judge(const models::Model& model, const Tensor& hidden, const TrainBatch& batch, Judged& sums) const override {
    sums.loss[0] += static_cast<double>(loss(model, hidden, batch, {1, 1}).data<float>()[0]);
    sums.counts[0] += batch.counts[0];
  }

 private:
  std::vector<std::int32_t> shuffled(const std::vector<std::int32_t>& ids, Rng& rng) const {
    std::vector<std::size_t> starts{0};
    for (std::size_t i = 0; i + 1 < ids.size(); ++i)
      if (std::find(sentence_ends_.begin(), sentence_ends_.end(), ids[i]) != sentence_ends_.end())
        starts.push_back(i + 1);
    return permute_sentences(ids, starts, rng);
  }
  Denoised noisy(std::vector<std::int32_t> clean, Rng& rng) const {
    if (!clean.empty() && clean.back() == eos_) clean.pop_back();
    if (task_ == TrainTask::kDenoiseT5) return corrupt_spans(clean, {.sentinels = sentinels_, .eos_id = eos_}, rng);
    Denoised pair{clean, clean};
    if (task_ == TrainTask::kDenoiseBart) pair.source = infill(shuffled(clean, rng), {.mask_id = mask_}, rng);
    if (task_ == TrainTask::kTokenDelete) pair.source = delete_tokens(clean, 0.15, rng);
    if (task_ == TrainTask::kTokenReplace) pair.source = replace_tokens(clean, 0.15, vocabulary_, rng);
    if (task_ == TrainTask::kSentenceShuffle) pair.source = shuffled(clean, rng);
    pair.source.push_back(eos_);
    pair.target.push_back(eos_);
    return pair;
  }

  TrainTask task_;
  std::int32_t start_, eos_, mask_;
  std::int64_t vocabulary_;
  std::vector<std::int32_t> sentinels_, sentence_ends_;
};

}  // namespace

std::unique_ptr<Objective> seq2seq_objective(EncodedSet set, const models::Model& model, const Tokenizer& tokenizer,
                                             TrainTask task) {
  return std::make_unique<Seq2SeqObjective>(std::move(set), model, tokenizer, task);
}

}  // namespace linnet
