#include "linnet/train/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace linnet {
namespace {

// Rates from here on usually destroy a pretrained model when all its weights move (usual: 1e-5 to 5e-5).
constexpr double kDangerous = 5e-4;
constexpr std::int64_t kFewestSteps = 50;

bool finite(const Tensor& values) {
  const auto all = values.data<float>();
  return std::all_of(all.begin(), all.end(), [](float x) { return std::isfinite(x); });
}

}  // namespace

std::vector<std::string> option_warnings(const TrainOptions& o) {
  std::vector<std::string> warnings;
  const bool adaptive = o.optimizer.kind != OptimizerKind::kSgd;
  if (o.method == TrainMethod::kFull && o.start == StartFrom::kPretrained && adaptive && o.learning_rate >= kDangerous)
    warnings.push_back(
        fmt::format("a learning rate of {:g} on all weights usually destroys a pretrained model; 1e-5 to "
                    "5e-5 is usual, {:g} fits --method head or lora",
                    o.learning_rate, o.learning_rate));
  if (o.task == TrainTask::kClassify && (o.pooling == nn::Pooling::kMean || o.pooling == nn::Pooling::kMax))
    warnings.push_back(
        "the classifier reads the whole text, Transformers' class of the family one token: what is saved scores the "
        "same "
        "in linnet alone");
  return warnings;
}

LossWatch::LossWatch(double guessing, std::int64_t steps_an_epoch)
    : guessing_(guessing), window_(std::max(kFewestSteps, steps_an_epoch)) {}

std::optional<std::string> LossWatch::see(double loss) {
  if (guessing_ <= 0 || warned_) return std::nullopt;
  sum_ += loss;
  if (++seen_ < window_) return std::nullopt;
  const double mean = sum_ / static_cast<double>(seen_);
  sum_ = 0, seen_ = 0;
  if (mean < 0.98 * guessing_) return std::nullopt;
  warned_ = true;
  return fmt::format(
      "the mean loss of the last {} steps is {:.3f}, no better than guessing ({:.3f}): the model is not "
      "learning; lower --learning-rate, or look at the labels",
      window_, mean, guessing_);
}

std::string first_not_finite(const std::vector<nn::Parameter>& parameters) {
  for (const nn::Parameter& p : parameters)
    if (!finite(*p.tensor)) return "weight of " + p.name;
  for (const nn::Parameter& p : parameters)
    if (const Tensor gradient = p.tensor->grad(); gradient && !finite(gradient)) return "gradient of " + p.name;
  return "";
}

}  // namespace linnet
