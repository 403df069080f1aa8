// Hand-written splitters for the patterns that most tokenizers have: the pieces Oniguruma would find, quicker.
//
//   if (Splitter split = known_splitter(pattern)) split("Hello you", [](std::size_t b, std::size_t e) { … });
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/tokenizer/aligned_text.h"

namespace linnet {

// Appends the matches of the pattern, in order; for all but BLOOM's pattern they tile the text.
using Splitter = void (*)(std::string_view text, std::vector<Span>& out);

// GPT-2: contractions, " ?letters", " ?numbers", " ?others", blanks.
void split_gpt2(std::string_view text, std::vector<Span>& out);
// Llama 3 and its kin: contractions of any case, numbers in groups of three, blanks up to line ends.
void split_llama3(std::string_view text, std::vector<Span>& out);
// Qwen 2: as Llama 3, every number by itself.
void split_qwen2(std::string_view text, std::vector<Span>& out);
// BLOOM: " ?" and a run of what is neither blank nor one of `( | . , ! ? … 。 ， 、 । ۔ ، )`.
void split_bloom(std::string_view text, std::vector<Span>& out);

extern const char* const kGpt2Pattern;
extern const char* const kLlama3Pattern;
extern const char* const kQwen2Pattern;
extern const char* const kBloomPattern;

// The splitter of a pattern written exactly as tokenizer.json files write it, or null.
Splitter known_splitter(std::string_view pattern);

}  // namespace linnet
