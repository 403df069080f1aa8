// Hand-written splitters for the most common patterns: the same pieces as with Oniguruma, but faster.
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

// Appends the matches of the pattern, in order; except for BLOOM's pattern they cover the text.
using Splitter = void (*)(std::string_view text, std::vector<Span>& out);

// GPT-2: contractions, " ?letters", " ?numbers", " ?others", spaces.
void split_gpt2(std::string_view text, std::vector<Span>& out);
// Llama 3 and similar: contractions in any case, numbers in groups of three, spaces up to line ends.
void split_llama3(std::string_view text, std::vector<Span>& out);
// Qwen 2: like Llama 3, but single digits.
void split_qwen2(std::string_view text, std::vector<Span>& out);
// BLOOM: " ?" and a run of characters except spaces and `( | . , ! ? … 。 ， 、 । ۔ ، )`.
void split_bloom(std::string_view text, std::vector<Span>& out);

extern const char* const kGpt2Pattern;
extern const char* const kLlama3Pattern;
extern const char* const kQwen2Pattern;
extern const char* const kBloomPattern;

// The splitter of a pattern with exactly the text of tokenizer.json files, or null.
Splitter known_splitter(std::string_view pattern);

}  // namespace linnet
