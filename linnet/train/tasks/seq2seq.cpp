// Encoder-decoders: translation and similar tasks.
#include "linnet/train/tasks/seq2seq.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/ops/ops.h"
#include "linnet/tokenizer/text_cutter.h"
#include "linnet/train/encode/encode_job.h"
#include "linnet/train/tasks/tasks.h"

namespace linnet {
namespace {

// Appends the end token unless the tokenizer has added it: last, or before the code of a language.
void close(std::vector<std::int32_t>& ids, std::int32_t end, std::int64_t most) {
  const auto tail = ids.end() - std::min<std::ptrdiff_t>(2, std::ssize(ids));
  if (end < 0 || std::find(tail, ids.end(), end) != ids.end()) return;
  if (static_cast<std::int64_t>(ids.size()) >= most) ids.pop_back();
  ids.push_back(end);
}

class Seq2SeqObjective final : public Objective {
 public:
  Seq2SeqObjective(EncodedSet set, const models::Model& model, std::string_view task, Noise noise)
      : Objective(std::move(set)), noise_(std::move(noise)), model_(model), eos_(end_id_of(model)) {
    check(model.config().stack == nn::Stack::kEncoderDecoder, "[train] {} needs an encoder-decoder", task);
    const bool by_language = model.config().decoder_start == nn::DecoderStart::kLastToken;
    check(!by_language || !noise_, "{} of a model whose texts end with the code of a language is not supported", task);
    if (by_language)
      note("the texts to write have the language of tgt_lang in tokenizer_config.json, or the source's without it");
    check(eos_ >= 0, ErrorKind::kBadInput, "{}: has no eos_token_id, which ends a text; add it",
          model.place().string());
  }

  TrainBatch batch(std::span<const std::int64_t> examples, PhiloxKey key) const override {
    TrainBatch b;
    for (const std::int64_t index : examples) {
      const EncodedExample& e = set_.examples[static_cast<std::size_t>(index)];
      Rng rng(key.seed ^ 0x6E6F6973u, key.stream * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(index));
      const Denoised pair = noise_ ? noisy(e.ids, rng) : Denoised{e.ids, e.output};
      const std::vector<std::int32_t> input = model_.decoder_input(pair.target);
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
    sums.loss[0] += static_cast<double>(loss(model, hidden, batch, {1, 1}).item());
    sums.counts[0] += batch.counts[0];
  }

 private:
  Denoised noisy(std::vector<std::int32_t> clean, Rng& rng) const {
    if (!clean.empty() && clean.back() == eos_) clean.pop_back();
    return noise_(std::move(clean), rng);
  }

  Noise noise_;
  const models::Model& model_;
  std::int32_t eos_;
};

class Seq2SeqTask final : public EncoderDecoderTask {
 public:
  Seq2SeqTask() : EncoderDecoderTask("seq2seq") {}
  bool reads(DataShape rows) const override { return rows == DataShape::kSeq2Seq || rows == DataShape::kCompletion; }
  void encode(EncodeJob& job) const override { encode_sequences(job, SequenceTarget::kOfTheRow); }
  std::unique_ptr<Objective> objective(EncodedSet set, const models::Model& model, const Tokenizer&,
                                       const TrainOptions&) const override {
    return seq2seq_objective(std::move(set), model, name());
  }
};

}  // namespace

void encode_sequences(EncodeJob& job, SequenceTarget target) {
  const Tokenizer written = job.tokenizer.target();
  for (std::size_t i = 0; i < job.data.examples.size(); ++i) {
    const Example& row = job.data.examples[i];
    const bool completion = job.data.shape == DataShape::kCompletion;
    EncodedExample made;
    made.ids = job.encode(completion ? row.prompt : row.text).ids;
    close(made.ids, job.end_id(), job.max_length);
    job.require(made.ids.size() > 1, i, "the text has no tokens; remove the row");
    if (target == SequenceTarget::kOfTheRow) {
      TextCutter cutter(written, job.max_length);
      made.output = cutter.encode(completion ? row.completion : row.target).ids;
      close(made.output, job.end_id(), job.max_length);
    }
    job.keep(i, std::move(made));
  }
}

std::int32_t end_id_of(const models::Model& model) {
  const auto& ends = model.config().eos_ids;
  return ends.empty() ? -1 : static_cast<std::int32_t>(ends.front());
}

std::unique_ptr<Objective> seq2seq_objective(EncodedSet set, const models::Model& model, std::string_view task,
                                             Noise noise) {
  return std::make_unique<Seq2SeqObjective>(std::move(set), model, task, std::move(noise));
}

const TrainTask& seq2seq_task() {
  static const Seq2SeqTask task;
  return task;
}

}  // namespace linnet
