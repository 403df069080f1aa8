#include "linnet/eval/ngram_classifier.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "linnet/eval/lbfgs.h"
#include "linnet/eval/words.h"

namespace linnet {
namespace {

constexpr std::size_t kMostFeatures = 500'000;  // the most frequent n-grams of the training texts

template <class Use>
void for_each_ngram(std::string_view text, const Use& use) {
  const std::vector<std::string> words = ngram_words(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    use(words[i]);
    if (i + 1 < words.size()) use(words[i] + ' ' + words[i + 1]);
  }
}

// In place: logits to probabilities; returns log(sum(exp(logits))).
double softmax(std::span<double> logits) {
  const double most = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (double& l : logits) sum += l = std::exp(l - most);
  for (double& l : logits) l /= sum;
  return most + std::log(sum);
}

}  // namespace

std::vector<std::string> ngram_words(std::string_view text) {
  std::vector<std::string> words;
  bool inside = false;
  for (const std::uint32_t code : code_points(lowercase(text))) {
    const bool word = is_word_character(code);
    if (!is_space(code)) {
      if (!word || !inside) words.emplace_back();
      utf8::append(words.back(), code);
    }
    inside = word;
  }
  return words;
}

NgramClassifier NgramClassifier::train(NgramKind kind, std::span<const std::string> texts,
                                       std::span<const std::int32_t> labels, std::size_t classes) {
  LINNET_ASSERT(!texts.empty() && texts.size() == labels.size());
  NgramClassifier made;
  made.classes_ = classes;
  made.outputs_ = kind == NgramKind::kLogistic && classes == 2 ? 1 : classes;
  made.read_vocabulary(texts);
  std::vector<Counts> rows;
  for (const std::string& text : texts) rows.push_back(made.counts_of(text));
  made.weights_.assign((made.features() + 1) * made.outputs_, 0.0);
  if (kind == NgramKind::kNaiveBayes)
    made.fit_naive_bayes(rows, labels);
  else
    made.fit_logistic(rows, labels);
  return made;
}

void NgramClassifier::read_vocabulary(std::span<const std::string> texts) {
  std::unordered_map<std::string, std::uint32_t> times;
  for (const std::string& text : texts) for_each_ngram(text, [&](const std::string& ngram) { ++times[ngram]; });
  std::vector<const std::pair<const std::string, std::uint32_t>*> order;
  for (const auto& entry : times) order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->second != b->second ? a->second > b->second : a->first < b->first;
  });
  if (order.size() > kMostFeatures) order.resize(kMostFeatures);
  for (const auto* entry : order) vocabulary_.emplace(entry->first, static_cast<std::uint32_t>(vocabulary_.size()));
}

NgramClassifier::Counts NgramClassifier::counts_of(std::string_view text) const {
  Counts counts;
  for_each_ngram(text, [&](const std::string& ngram) {
    if (const auto found = vocabulary_.find(ngram); found != vocabulary_.end()) counts.push_back({found->second, 1});
  });
  std::sort(counts.begin(), counts.end(), [](const Count& a, const Count& b) { return a.feature < b.feature; });
  Counts merged;
  for (const Count& count : counts) {
    if (!merged.empty() && merged.back().feature == count.feature)
      merged.back().times += 1;
    else
      merged.push_back(count);
  }
  return merged;
}

void NgramClassifier::fit_naive_bayes(const std::vector<Counts>& rows, std::span<const std::int32_t> labels) {
  constexpr double kAlpha = 1;  // Laplace's smoothing
  std::vector<double> totals(classes_, kAlpha * static_cast<double>(features())), of_class(classes_, 0.0);
  std::fill(weights_.begin(), weights_.end(), kAlpha);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const auto label = static_cast<std::size_t>(labels[r]);
    ++of_class[label];
    for (const Count& count : rows[r]) {
      weights_[count.feature * classes_ + label] += count.times;
      totals[label] += count.times;
    }
  }
  for (std::size_t f = 0; f < features(); ++f)
    for (std::size_t c = 0; c < classes_; ++c) {
      double& weight = weights_[f * classes_ + c];
      weight = std::log(weight / totals[c]);
    }
  for (std::size_t c = 0; c < classes_; ++c)
    weights_[features() * classes_ + c] = std::log(of_class[c] / static_cast<double>(rows.size()));
}

void NgramClassifier::fit_logistic(const std::vector<Counts>& rows, std::span<const std::int32_t> labels) {
  const std::size_t penalised = features() * outputs_;  // not the intercept
  const auto loss = [&](const std::vector<double>& weights, std::vector<double>& gradient) {
    double value = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      gradient[i] = i < penalised ? weights[i] : 0;
      value += 0.5 * gradient[i] * gradient[i];
    }
    for (std::size_t r = 0; r < rows.size(); ++r) {
      std::vector<double> errors = probabilities_of(rows[r], weights);
      const auto label = static_cast<std::size_t>(labels[r]);
      value -= std::log(std::max(errors[label], 1e-300));
      errors[label] -= 1;
      const double* const error = errors.data() + (classes_ - outputs_);
      for (std::size_t o = 0; o < outputs_; ++o) gradient[penalised + o] += error[o];
      for (const Count& count : rows[r])
        for (std::size_t o = 0; o < outputs_; ++o)
          gradient[count.feature * outputs_ + o] += static_cast<double>(count.times) * error[o];
    }
    return value;
  };
  minimize(weights_, loss, {.tolerance = 1e-4});
}

std::vector<double> NgramClassifier::probabilities_of(const Counts& counts, std::span<const double> weights) const {
  std::vector<double> logits(classes_, 0.0);
  double* const output = logits.data() + (classes_ - outputs_);  // of two classes the second has the output
  for (std::size_t o = 0; o < outputs_; ++o) output[o] = weights[features() * outputs_ + o];
  for (const Count& count : counts)
    for (std::size_t o = 0; o < outputs_; ++o)
      output[o] += static_cast<double>(count.times) * weights[count.feature * outputs_ + o];
  softmax(logits);
  return logits;
}

std::vector<double> NgramClassifier::probabilities(std::string_view text) const {
  return probabilities_of(counts_of(text), weights_);
}

}  // namespace linnet
