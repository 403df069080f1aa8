#include "linnet/models/outputs.h"

#include <algorithm>
#include <numeric>

namespace linnet::models {
namespace {

constexpr std::int64_t kRowsAtOnce = 256;  // rows of logits at a time

// Copies values of packed rows to their places in the padded batch.
class Spreader {
 public:
  explicit Spreader(const nn::PaddedBatch& padded)
      : batch_(static_cast<std::int64_t>(padded.ids.size())),
        length_(static_cast<std::int64_t>(padded.ids.front().size())) {
    for (std::int64_t s = 0; s < batch_; ++s)
      for (std::int64_t i = 0; i < length_; ++i)
        if (padded.mask.empty() || padded.mask[static_cast<std::size_t>(s)][static_cast<std::size_t>(i)] != 0)
          place_.push_back(s * length_ + i);
  }

  Tensor zeros(std::int64_t columns) const { return Tensor::zeros({batch_, length_, columns}); }
  // Copies rows from `first` on of the packed batch to `target`.
  void put(const Tensor& packed, std::int64_t first, const Tensor& target) const {
    const Tensor rows = packed.to(kCpu);
    const std::int64_t columns = rows.size(1);
    check(first + rows.size(0) <= std::ssize(place_), "[outputs] {} rows for {} tokens", first + rows.size(0),
          place_.size());
    const float* from = rows.data<float>().data();
    for (std::int64_t r = 0; r < rows.size(0); ++r)
      std::copy_n(from + r * columns, columns,
                  target.data<float>().data() + place_[static_cast<std::size_t>(first + r)] * columns);
  }
  Tensor spread(const Tensor& rows) const {
    Tensor padded = zeros(rows.size(1));
    put(rows, 0, padded);
    return padded;
  }
  // One column of the rows, [batch, length].
  Tensor column(const Tensor& packed, std::int64_t which) const {
    const Tensor rows = packed.to(kCpu);
    Tensor padded = Tensor::zeros({batch_, length_});
    for (std::int64_t r = 0; r < rows.size(0); ++r)
      padded.data<float>()[static_cast<std::size_t>(place_[static_cast<std::size_t>(r)])] =
          rows.data<float>()[static_cast<std::size_t>(r * rows.size(1) + which)];
    return padded;
  }

 private:
  std::int64_t batch_, length_;
  std::vector<std::int64_t> place_;  // place of every packed row in [batch * length]
};

Tensor vocabulary_logits(const Model& model, const Tensor& hidden, const Spreader& spreader) {
  Tensor padded = spreader.zeros(model.config().vocab);
  std::vector<std::int32_t> rows;
  for (std::int64_t at = 0; at < hidden.size(0); at += kRowsAtOnce) {
    rows.resize(static_cast<std::size_t>(std::min(kRowsAtOnce, hidden.size(0) - at)));
    std::iota(rows.begin(), rows.end(), static_cast<std::int32_t>(at));
    spreader.put(model.logits(hidden, rows), at, padded);
  }
  return padded;
}

void check_rows(const nn::PaddedBatch& padded, const nn::Packed& batch) {
  for (std::size_t s = 0; s < padded.ids.size(); ++s) {
    check(padded.ids[s].size() == padded.ids.front().size(), "[outputs] row {} has {} ids, row 0 has {}", s,
          padded.ids[s].size(), padded.ids.front().size());
    check(batch.length(static_cast<std::int64_t>(s)) > 0, "[outputs] row {} has no token that its mask keeps", s);
  }
}

// The encoder's rows of the text, without those of a soft prompt before it.
Tensor text_rows(const nn::Encoded& encoded, const nn::Packed& batch) {
  if (encoded.hidden.size(0) == batch.rows()) return encoded.hidden;
  std::vector<std::int32_t> rows;
  for (std::int64_t s = 0; s < batch.sequences(); ++s) {
    const std::int32_t end = encoded.starts[static_cast<std::size_t>(s) + 1];
    for (auto row = end - static_cast<std::int32_t>(batch.length(s)); row < end; ++row) rows.push_back(row);
  }
  return gather_rows(encoded.hidden, rows);
}

// Of the decoder, and the encoder's last hidden state.
std::vector<NamedTensor> two_stack_outputs(const Model& model, const nn::PaddedBatch& padded,
                                           const nn::PaddedBatch& decoder) {
  check(decoder.ids.size() == padded.ids.size(), "[outputs] {} rows of the decoder for {} of the encoder",
        decoder.ids.size(), padded.ids.size());
  const nn::Packed batch = nn::pack(padded), targets = nn::pack(decoder);
  check_rows(padded, batch);
  check_rows(decoder, targets);
  const nn::Encoded encoded = model.encode(batch);
  const Tensor hidden = model.forward(targets, {.encoder = &encoded});
  const Spreader spreader(decoder);
  std::vector<NamedTensor> found{{"encoder_last_hidden_state", Spreader(padded).spread(text_rows(encoded, batch))},
                                 {"last_hidden_state", spreader.spread(hidden)}};
  if (model.config().head == HeadKind::kSeq2SeqLm)
    found.push_back({"logits", vocabulary_logits(model, hidden, spreader)});
  return found;
}

}  // namespace

std::vector<NamedTensor> outputs(const Model& model, const nn::PaddedBatch& padded, const nn::PaddedBatch& decoder) {
  check(!padded.ids.empty(), "[outputs] the batch is empty");
  const bool two_stacks = model.config().stack == nn::Stack::kEncoderDecoder;
  check(two_stacks || decoder.ids.empty(), "[outputs] the model has no decoder next to an encoder");
  if (!decoder.ids.empty()) return two_stack_outputs(model, padded, decoder);
  const nn::Packed batch = nn::pack(padded);
  check_rows(padded, batch);
  const Spreader spreader(padded);
  const HeadKind head = model.config().head;
  const Tensor hidden = model.forward(batch);
  std::vector<NamedTensor> found{{"last_hidden_state", spreader.spread(hidden)}};
  const bool pools = model.config().pooler || head == HeadKind::kSequenceClass || head == HeadKind::kNextSentence;
  const Tensor pooled = pools ? model.pooled(batch) : Tensor();
  if (model.config().pooler) found.push_back({"pooler_output", pooled.to(kCpu)});
  if (head == HeadKind::kCausalLm || head == HeadKind::kMaskedLm || head == HeadKind::kPretraining)
    found.push_back({"logits", vocabulary_logits(model, hidden, spreader)});
  if (head == HeadKind::kPretraining || head == HeadKind::kNextSentence)
    found.push_back({"seq_relationship_logits", model.next_sentence(pooled).to(kCpu)});
  if (head == HeadKind::kSequenceClass) found.push_back({"logits", model.classify(pooled).to(kCpu)});
  if (head == HeadKind::kTokenClass) found.push_back({"logits", spreader.spread(model.classify(hidden))});
  if (head == HeadKind::kQuestionAnswering) {
    const Tensor spans = model.classify(hidden);
    found.push_back({"start_logits", spreader.column(spans, 0)});
    found.push_back({"end_logits", spreader.column(spans, 1)});
  }
  return found;
}

}  // namespace linnet::models
