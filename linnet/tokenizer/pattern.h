// A search pattern: a plain string, or a regular expression as Oniguruma reads it (Hugging Face's tokenizers are
// written for it), with a budget so that no pattern can hang on a text.
//
//   Pattern p = Pattern::regex(R"(\p{L}+)", "tokenizer.json");
//   for (Span match : p.find_all("ab, cd")) …   // {0,2} {4,6}
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/tokenizer/aligned_text.h"
#include "linnet/tokenizer/text_budget.h"

namespace linnet {

class Pattern {
 public:
  static Pattern literal(std::string text);
  // A pattern that does not parse: kBadInput naming `place`.
  static Pattern regex(const std::string& source, std::string_view place);

  // The matches from left to right, without overlap; empty matches are left out unless between two others.
  // A search that goes back too often: kBadInput; past the budget: as the budget says.
  std::vector<Span> find_all(std::string_view text, TextBudget& budget) const;
  std::vector<Span> find_all(std::string_view text) const {
    TextBudget own(text.size());
    return find_all(text, own);
  }
  const std::string& source() const { return source_; }
  bool is_regex() const { return regex_ != nullptr; }

 private:
  std::string source_;
  std::string place_;
  std::shared_ptr<void> regex_;  // an OnigRegex; shared by copies, read-only once compiled
};

// Oniguruma's message for any of its error codes; `part` is the part of the pattern that some of them name.
std::string regex_error(int code, std::string_view part);

}  // namespace linnet
