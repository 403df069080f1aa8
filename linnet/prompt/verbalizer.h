// The words that a model generates for each label.
//
//   Verbalizer words = Verbalizer::parse({"positive", "negative"}, {"positive= good, great"});
//   words.words(0)  // {" good", " great"}: the word is the text after '=' or ',', with spaces
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace linnet {

// The text before a label that is its own word. The word directly follows the prompt, so it includes the space; an
// assistant's turn in a chat starts without one.
enum class LabelLead : std::uint8_t { kBlank, kNothing };

class Verbalizer {
 public:
  // Every label is its own word, " label".
  explicit Verbalizer(std::vector<std::string> labels, LabelLead lead = LabelLead::kBlank);

  // `specs`: "label=word,word"; labels without one keep their own word. `\,` is a comma inside a word, `\n` and `\t`
  // are escapes. kInvalidArgument for an unknown label, an empty or a repeated word.
  static Verbalizer parse(std::vector<std::string> labels, std::span<const std::string> specs,
                          LabelLead lead = LabelLead::kBlank);
  static Verbalizer parse(std::vector<std::string> labels, const std::vector<std::string>& specs,
                          LabelLead lead = LabelLead::kBlank) {
    return parse(std::move(labels), std::span<const std::string>(specs), lead);
  }

  std::size_t size() const { return labels_.size(); }
  const std::vector<std::string>& labels() const { return labels_; }
  const std::string& label(std::size_t index) const { return labels_[index]; }
  // At least one word; the probabilities of several are added.
  const std::vector<std::string>& words(std::size_t index) const { return words_[index]; }

 private:
  std::vector<std::string> labels_;
  std::vector<std::vector<std::string>> words_;
};

}  // namespace linnet
