#include "linnet/train/loop/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "linnet/base/option.h"
#include "linnet/nn/finite.h"
#include "linnet/train/tasks/task.h"

namespace linnet {
namespace {

// Higher rates usually destroy a pretrained model if all its weights are trained (usual: 1e-5 to 5e-5).
constexpr double kDangerous = 5e-4;
constexpr std::int64_t kFewestSteps = 50;
constexpr std::size_t kFewestAtEnd = 10;
constexpr double kNoBetter = 0.98;  // fraction of the loss of chance

double mean_of(std::span<const double> losses) {
  return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
}

}  // namespace

std::vector<std::string> option_warnings(const TrainOptions& o) {
  std::vector<std::string> warnings;
  const bool adaptive = o.optimizer.kind != OptimizerKind::kSgd;
  if (o.method == TrainMethod::kFull && o.start == StartFrom::kPretrained && adaptive && o.learning_rate >= kDangerous)
    warnings.push_back(
        fmt::format("a learning rate of {:g} on all weights usually destroys a pretrained model; 1e-5 to "
                    "5e-5 is usual, {:g} fits {} head or lora",
                    o.learning_rate, o.learning_rate, option("method")));
  if (o.task != nullptr)
    for (std::string& warning : o.task->warnings(o)) warnings.push_back(std::move(warning));
  return warnings;
}

LossWatch::LossWatch(double guessing, std::int64_t steps_an_epoch)
    : guessing_(guessing), window_(static_cast<std::size_t>(std::max(kFewestSteps, steps_an_epoch))) {}

std::optional<std::string> LossWatch::see(double loss) {
  if (guessing_ <= 0 || warned_) return std::nullopt;
  losses_.push_back(loss);
  if (losses_.size() < window_) return std::nullopt;
  judged_ = true;
  const double mean = mean_of(losses_);
  losses_.clear();
  if (mean < kNoBetter * guessing_) return std::nullopt;
  warned_ = true;
  return fmt::format(
      "the mean loss of the last {} steps is {:.3f}, no better than guessing ({:.3f}): the model is not "
      "learning; lower {}, or look at the labels",
      window_, mean, guessing_, option("learning_rate"));
}

std::optional<std::string> LossWatch::at_end(double accuracy, std::int64_t rows) const {
  if (guessing_ <= 0 || judged_ || losses_.size() < kFewestAtEnd) return std::nullopt;
  const std::span<const double> half = std::span(losses_).subspan(losses_.size() / 2);
  const double mean = mean_of(half);
  const double chance = std::exp(-guessing_);
  const double spread = rows > 0 ? std::sqrt(chance * (1 - chance) / static_cast<double>(rows)) : 1;
  if (mean < kNoBetter * guessing_ || accuracy > chance + 3 * spread) return std::nullopt;
  return fmt::format(
      "the mean loss of the last {} steps is {:.3f}, no better than guessing ({:.3f}): the model has not learned; look "
      "at the labels, or give it more {} or another {}",
      half.size(), mean, guessing_, option("epochs"), option("learning_rate"));
}

std::string first_not_finite(const std::vector<nn::Parameter>& parameters) {
  if (const std::string weight = nn::first_not_finite(parameters); !weight.empty()) return "weight of " + weight;
  for (const nn::Parameter& p : parameters)
    if (const Tensor gradient = p.tensor->grad(); !nn::all_finite(gradient)) return "gradient of " + p.name;
  return "";
}

}  // namespace linnet
