// A search pattern: a plain string or an Oniguruma regular expression (as in Hugging Face's tokenizers), with a budget
// so that no search can hang.
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
  // kBadInput naming `place` if the pattern does not parse.
  static Pattern regex(const std::string& source, std::string_view place);

  // Non-overlapping matches from left to right; empty matches only between two others. kBadInput for too much
  // backtracking; past the budget its error.
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

// Oniguruma's message for an error code; `part` is the part of the pattern in some of them.
std::string regex_error(int code, std::string_view part);

}  // namespace linnet
