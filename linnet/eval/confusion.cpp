#include "linnet/eval/confusion.h"

#include "linnet/base/error.h"

namespace linnet {
namespace {

double ratio(std::int64_t part, std::int64_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

}  // namespace

double LabelFigures::precision() const { return ratio(hits, predicted); }
double LabelFigures::recall() const { return ratio(hits, support); }
double LabelFigures::f1() const { return ratio(2 * hits, predicted + support); }

Confusion::Confusion(std::size_t labels, std::span<const Prediction> predictions) : labels_(labels) {
  for (const Prediction& p : predictions) add(static_cast<std::size_t>(p.expected), p.predicted);
}

void Confusion::add(std::size_t expected, std::int64_t predicted) {
  LINNET_ASSERT(expected < labels_);
  const bool known = predicted >= 0 && predicted < static_cast<std::int64_t>(labels_);
  ++counts_[{expected, known ? static_cast<std::size_t>(predicted) : labels_}];
  ++total_;
}

std::int64_t Confusion::count(std::size_t expected, std::size_t predicted) const {
  const auto found = counts_.find({expected, predicted});
  return found == counts_.end() ? 0 : found->second;
}

std::int64_t Confusion::right() const {
  std::int64_t sum = 0;
  for (const auto& [pair, count] : counts_) sum += pair.first == pair.second ? count : 0;
  return sum;
}

std::int64_t Confusion::without_answer() const {
  std::int64_t sum = 0;
  for (const auto& [pair, count] : counts_) sum += pair.second == labels_ ? count : 0;
  return sum;
}

double Confusion::accuracy() const { return ratio(right(), total_); }

std::vector<LabelFigures> Confusion::figures() const {
  std::vector<LabelFigures> of(labels_);
  for (const auto& [pair, count] : counts_) {
    of[pair.first].support += count;
    if (pair.second < labels_) of[pair.second].predicted += count;
    if (pair.first == pair.second) of[pair.first].hits += count;
  }
  return of;
}

double Confusion::macro_f1() const {
  double sum = 0;
  int occurring = 0;
  for (const LabelFigures& of_label : figures()) {
    if (of_label.predicted + of_label.support == 0) continue;
    sum += of_label.f1();
    ++occurring;
  }
  return occurring > 0 ? sum / occurring : 0;
}

}  // namespace linnet
