#include "linnet/prompt/verbalizer.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "linnet/base/error.h"

namespace linnet {
namespace {

// Splits words at commas; a backslash escapes a comma, an equals sign or itself, and \n and \t are escapes.
std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && (next == ',' || next == '\\' || next == 'n' || next == 't')) {
      words.back() += next == 'n' ? '\n' : next == 't' ? '\t' : next;
      ++i;
    } else if (text[i] == ',') {
      words.emplace_back();
    } else {
      words.back() += text[i];
    }
  }
  return words;
}

// The label of a spec: the longest that matches, since a label may contain '='.
std::size_t find_label(const std::vector<std::string>& labels, std::string_view spec) {
  std::size_t best = labels.size();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string& label = labels[i];
    const bool fits = spec.size() > label.size() && spec.starts_with(label) && spec[label.size()] == '=';
    if (fits && (best == labels.size() || label.size() > labels[best].size())) best = i;
  }
  return best;
}

}  // namespace

Verbalizer::Verbalizer(std::vector<std::string> labels, LabelLead lead) : labels_(std::move(labels)) {
  std::unordered_set<std::string_view> seen;
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    check_option(!labels_[i].empty(), "labels", "label {} is empty", i + 1);
    check_option(seen.insert(labels_[i]).second, "labels", "'{}' stands there twice", printable(labels_[i], 80));
    words_.push_back({(lead == LabelLead::kBlank ? " " : "") + labels_[i]});
  }
}

Verbalizer Verbalizer::parse(std::vector<std::string> labels, std::span<const std::string> specs, LabelLead lead) {
  Verbalizer made(std::move(labels), lead);
  std::vector<bool> seen(made.size(), false);
  for (const std::string& spec : specs) {
    const std::size_t index = find_label(made.labels_, spec);
    check_option(index < made.size(), "label_words", "'{}': expected LABEL=word,word with one of the labels {}",
                 printable(spec, 80), printable(fmt::format("{}", fmt::join(made.labels_, ", "))));
    const std::string& label = made.labels_[index];
    check_option(!seen[index], "label_words", "'{}' is given twice; write its words with commas", printable(label, 80));
    seen[index] = true;
    auto words = split_words(std::string_view(spec).substr(label.size() + 1));
    for (std::size_t i = 0; i < words.size(); ++i) {
      const auto here = words.begin() + static_cast<std::ptrdiff_t>(i);
      check_option(!words[i].empty(), "label_words", "'{}': word {} is empty", printable(spec, 80), i + 1);
      check_option(std::find(words.begin(), here, words[i]) == here, "label_words", "'{}': '{}' stands there twice",
                   printable(spec, 80), printable(words[i], 80));
    }
    made.words_[index] = std::move(words);
  }
  std::unordered_map<std::string_view, std::size_t> label_of;
  for (std::size_t a = 0; a < made.size(); ++a)
    for (const std::string& word : made.words_[a]) {
      const std::size_t b = label_of.emplace(word, a).first->second;
      check_option(a == b, "label_words", "'{}' stands for both '{}' and '{}'", printable(word, 80),
                   printable(made.labels_[b], 80), printable(made.labels_[a], 80));
    }
  return made;
}

}  // namespace linnet
