#include "linnet/generate/beam_text.h"

#include <chrono>
#include <utility>

namespace linnet::generate {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

struct BeamText::Shared {
  GenerateOptions options;
  OnToken on_token;
  std::function<void(Generation&)> on_end;
  std::vector<std::int32_t> prompt;
  TextRules rules;
  BeamSearch search;
  Generation result = {};
  std::size_t taken = 0;  // number of beams of this step that have their logits
  std::size_t texts = 1;  // number of unfinished texts
  bool stopped = false;
  Clock::time_point start = Clock::now();  // of the prompt, then of the rest

  double seconds_since_start() {
    const auto now = Clock::now();
    return std::chrono::duration<double>(now - std::exchange(start, now)).count();
  }
};

BeamText::BeamText(const models::Model& model, Request request) : beam_(0) {
  ids_ = prompt_or_start(model, std::move(request.prompt), request.options.decoder_start_id);
  const GenerateOptions& o = request.options;
  TextRules rules(model, o, ids_, request.adapter.get());
  BeamSearch search(o.beams, o.sampling, o.eos_ids, rules.count(), o.seed);
  shared_ = std::make_shared<Shared>(Shared{.options = std::move(request.options),
                                            .on_token = std::move(request.on_token),
                                            .on_end = std::move(request.on_end),
                                            .prompt = ids_,
                                            .rules = std::move(rules),
                                            .search = std::move(search)});
  shared_->result.prompt_tokens = request.encoder_ids.empty() ? std::ssize(ids_) : std::ssize(request.encoder_ids);
}

BeamText::BeamText(std::shared_ptr<Shared> shared, std::size_t beam)
    : shared_(std::move(shared)), beam_(beam), step_(shared_->search.step()), ids_(shared_->prompt) {
  const std::vector<std::int32_t>& ids = shared_->search.beams()[beam].ids;
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  ++shared_->texts;
}

std::int64_t BeamText::longest() const { return shared_->rules.prompt() + shared_->rules.count(); }

std::int64_t BeamText::texts() const { return shared_->options.beams.num_beams; }

bool BeamText::ended() const {
  const Shared& s = *shared_;
  return s.stopped || s.rules.count() == 0 || s.search.done() || s.search.step() > step_;
}

void BeamText::stop() {
  if (!shared_->search.done()) shared_->stopped = true;
}

void BeamText::prepare(std::span<float> scores) {
  Shared& s = *shared_;
  backend(kCpu).log_softmax(scores.data(), scores.data(), 1, std::ssize(scores));
  process(scores, s.options.sampling, s.rules.after(ids_));
  s.search.add(beam_, scores);
}

void BeamText::take(std::span<float> /*scores*/) {
  Shared& s = *shared_;
  if (step_ == 0) s.result.prefill_seconds = s.seconds_since_start();
  taken_ = true;
  if (++s.taken < s.search.texts()) return;
  s.taken = 0;
  s.search.advance();
}

std::vector<std::unique_ptr<Text>> BeamText::next() {
  std::vector<std::unique_ptr<Text>> texts;
  const Shared& s = *shared_;
  if (s.stopped || s.rules.count() == 0 || s.search.done()) return texts;
  for (std::size_t b = 0; b < s.search.beams().size(); ++b)
    if (s.search.beams()[b].parent == beam_) texts.push_back(std::unique_ptr<Text>(new BeamText(shared_, b)));
  return texts;
}

void BeamText::found(std::int64_t tokens) {
  if (step_ == 0) shared_->result.cached_tokens = tokens;
}

void BeamText::finish() {
  Shared& s = *shared_;
  if (--s.texts > 0) return;
  Generation& result = s.result;
  const bool begun = s.search.step() > 0;
  (begun ? result.decode_seconds : result.prefill_seconds) = s.seconds_since_start();
  if (begun) {
    result.sequences = s.search.best();
    result.ids = result.sequences[0].ids;
    result.finish = result.sequences[0].finish;
  }
  if (s.stopped) result.finish = FinishReason::kStop;
  for (const std::int32_t id : result.ids)
    if (s.on_token && !s.on_token(id)) break;
  if (s.on_end) s.on_end(result);
}

}  // namespace linnet::generate
