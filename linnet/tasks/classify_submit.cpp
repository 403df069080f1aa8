// Single texts as requests of an engine that others use, too.
#include <algorithm>
#include <memory>
#include <utility>

#include "linnet/tasks/classify.h"

namespace linnet::tasks {

using generate::EncodeRequest;
using generate::HiddenRows;
using generate::RequestId;

std::int64_t Classifier::Prepared::tokens() const {
  std::int64_t count = std::ssize(ids) + std::ssize(request.prompt) + std::ssize(request.encoder_ids);
  for (const auto& continuation : request.continuations) count += std::ssize(continuation);
  for (const Encoding& input : inputs) count += std::ssize(input.ids);
  return std::max<std::int64_t>(1, count);
}

void Classifier::share_prefix(std::span<Prepared> texts) {
  if (texts.size() < 2) return;
  std::span<const std::int32_t> common = texts.front().request.prompt;
  for (const Prepared& text : texts) {
    const auto& prompt = text.request.prompt;
    // The last token's row scores the continuation.
    const auto begin = std::span(prompt).first(prompt.empty() ? 0 : prompt.size() - 1);
    common = common.first(static_cast<std::size_t>(std::ranges::mismatch(common, begin).in1 - common.begin()));
  }
  for (Prepared& text : texts) text.request.shared = std::ssize(common);
}

std::vector<RequestId> Classifier::submit(generate::Engine& engine, const Prepared& text,
                                          const OnOne& on_answer) const {
  if (engine_ == Engine::kGenerate) {
    generate::Request request{.options = answer_options()};
    (model_.config().stack == nn::Stack::kEncoderDecoder ? request.encoder_ids : request.prompt) = text.ids;
    request.on_end = [this, on_answer](generate::Generation& g) { on_answer(generated_answer(g.ids)); };
    return {engine.submit(std::move(request))};
  }
  if (engine_ == Engine::kMask)
    return {
        engine.submit(EncodeRequest{.ids = text.ids, .on_end = [this, on_answer, ids = text.ids](const Tensor& rows) {
                                      on_answer(scored_answer(mask_scores(rows, ids)));
                                    }})};
  if (engine_ == Engine::kScore) {
    generate::ScoreRequest request = text.request;
    request.on_end = [this, on_answer](const std::vector<generate::Score>& scores) {
      std::vector<WordScore> words;
      for (const generate::Score& s : scores) words.push_back({s.logprob, s.tokens});
      if (!words.empty()) on_answer(scored_answer(words));  // none: the request was cancelled
    };
    return {engine.submit(std::move(request))};
  }
  // A head's logits: of the text, or of its pair with every label.
  struct Logits {
    std::vector<std::vector<double>> rows;
    std::size_t missing;
  };
  const auto all = std::make_shared<Logits>(Logits{{text.inputs.size(), std::vector<double>()}, text.inputs.size()});
  std::vector<RequestId> requests;
  for (std::size_t i = 0; i < text.inputs.size(); ++i) {
    const auto on_end = [this, on_answer, all, i](const Tensor& logits) {
      const Tensor scores = logits.to(kCpu);
      const auto values = scores.data<float>();
      all->rows[i].assign(values.begin(), values.end());
      if (--all->missing > 0) return;
      on_answer(engine_ == Engine::kHead ? head_answer(all->rows.front()) : entailment_answer(all->rows));
    };
    requests.push_back(engine.submit(EncodeRequest{.ids = text.inputs[i].ids,
                                                   .type_ids = text.inputs[i].type_ids,
                                                   .rows = HiddenRows::kClasses,
                                                   .on_end = on_end}));
  }
  return requests;
}

}  // namespace linnet::tasks
