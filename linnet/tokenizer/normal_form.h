// Unicode normal forms as lists of changes, so that AlignedText can follow them.
//
//   t.transform(normal_form(t.text(), NormalForm::kNfc), 0);
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "linnet/tokenizer/aligned_text.h"

namespace linnet {

enum class NormalForm : std::uint8_t { kNfc, kNfd, kNfkc, kNfkd };

// True where the form surely leaves the text as it is (a cheap look at the bytes).
bool surely_normal(std::string_view text, NormalForm form);
// With the tables of Unicode 9, which Hugging Face's crate has: younger characters stay as they are.
std::vector<Change> normal_form(std::string_view text, NormalForm form);

}  // namespace linnet
