#include "linnet/generate/pseudo_perplexity.h"

#include <algorithm>

#include "linnet/base/error.h"

namespace linnet::generate {
namespace {

using Ids = std::vector<std::int32_t>;

// Collects copies of a window with special tokens, each with another token masked, until a batch is full.
class MaskedBatch {
 public:
  MaskedBatch(const models::Model& model, Perplexity& sum) : model_(model), sum_(sum) {}
  void add(const Ids& window, std::size_t position, std::int32_t mask) {
    Ids masked = window;
    masked[position] = mask;
    rows_.push_back(static_cast<std::int32_t>(batch_.rows() + static_cast<std::int64_t>(position)));
    targets_.push_back(window[position]);
    batch_.add(masked);
  }
  std::int64_t rows() const { return batch_.rows(); }
  void run() {
    if (rows_.empty()) return;
    const Tensor hidden = model_.forward(batch_);
    for (const TokenScore& s : token_scores(model_, hidden, rows_, targets_)) sum_.negative_log_likelihood -= s.logprob;
    sum_.tokens += static_cast<std::int64_t>(rows_.size());
    batch_ = {};
    rows_.clear(), targets_.clear();
  }

 private:
  const models::Model& model_;
  Perplexity& sum_;
  nn::Packed batch_;
  Ids rows_, targets_;
};

}  // namespace

Perplexity pseudo_perplexity(const models::Model& model, std::span<const std::int32_t> ids,
                             const PseudoPerplexityOptions& o) {
  const auto frame = static_cast<std::int64_t>(o.before.size() + o.after.size());
  const std::int64_t window = o.window - frame;
  check(o.stride > 0 && window > 0 && o.stride <= window,
        "[pseudo-perplexity] a stride of {} does not fit a window of {} with {} special tokens", o.stride, o.window,
        frame);
  check(o.mask >= 0, "[pseudo-perplexity] the tokenizer has no mask token");
  const auto all = static_cast<std::int64_t>(ids.size());
  const std::int64_t length = o.limit > 0 ? std::min(o.limit, all) : all;
  check(length >= 1, "[pseudo-perplexity] the text has no tokens");
  Perplexity result;
  MaskedBatch batch(model, result);
  for (std::int64_t begin = 0, scored = 0; scored < length; begin += o.stride) {
    const std::int64_t end = std::min(begin + window, length);
    Ids framed = o.before;
    framed.insert(framed.end(), ids.begin() + begin, ids.begin() + end);
    framed.insert(framed.end(), o.after.begin(), o.after.end());
    for (std::int64_t t = scored; t < end; ++t) {
      if (batch.rows() > 0 && batch.rows() + static_cast<std::int64_t>(framed.size()) > o.batch_rows) {
        batch.run();
        if (o.progress) o.progress(result.tokens, length);
      }
      batch.add(framed, o.before.size() + static_cast<std::size_t>(t - begin), o.mask);
    }
    scored = end;
  }
  batch.run();
  if (o.progress) o.progress(result.tokens, length);
  return result;
}

}  // namespace linnet::generate
