// Two text classifiers without a language model, which any model should beat: multinomial naive Bayes and logistic
// regression on counts of word n-grams.
//
//   NgramClassifier baseline = NgramClassifier::train(NgramKind::kNaiveBayes, texts, labels, 2);
//   baseline.probabilities("great fun");                   // of each label
//
// The same as scikit-learn's CountVectorizer(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]") with
// MultinomialNB(alpha=1) or LogisticRegression(C=1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace linnet {

enum class NgramKind : std::uint8_t { kNaiveBayes, kLogistic };

// Words of a lowercased text, and single characters that are neither part of a word nor white space.
std::vector<std::string> ngram_words(std::string_view text);

class NgramClassifier {
 public:
  // `labels`: a label below `classes` for each text; there is at least one text.
  static NgramClassifier train(NgramKind kind, std::span<const std::string> texts, std::span<const std::int32_t> labels,
                               std::size_t classes);

  std::vector<double> probabilities(std::string_view text) const;
  std::size_t features() const { return vocabulary_.size(); }

 private:
  struct Count {
    std::uint32_t feature;
    float times;
  };
  using Counts = std::vector<Count>;

  void read_vocabulary(std::span<const std::string> texts);
  Counts counts_of(std::string_view text) const;  // of known n-grams, by feature
  void fit_naive_bayes(const std::vector<Counts>& rows, std::span<const std::int32_t> labels);
  void fit_logistic(const std::vector<Counts>& rows, std::span<const std::int32_t> labels);
  std::vector<double> probabilities_of(const Counts& counts, std::span<const double> weights) const;

  std::size_t classes_ = 0, outputs_ = 0;  // logistic: a single output for two classes
  std::unordered_map<std::string, std::uint32_t> vocabulary_;
  std::vector<double> weights_;  // [features + 1, outputs]; the last row is the intercept
};

}  // namespace linnet
