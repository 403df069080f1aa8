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

// True if the form surely does not change the text (a cheap scan of the bytes).
bool surely_normal(std::string_view text, NormalForm form);
// Uses the tables of Unicode 9, like Hugging Face's crate: newer characters do not change.
std::vector<Change> normal_form(std::string_view text, NormalForm form);

}  // namespace linnet
