// Few-shot prompts: a few solved examples before the question.
//
//   Exemplars exemplars(pool, 8, /*seed=*/0);
//   FewShotPrompt p = exemplars.build(tmpl, words, {"Great fun"}, {{"labels", words.labels()}}, 2048,
//                                     [&](const std::string& s) { return tokens(s); });
//
// An exemplar is the filled template, the label's first word and a blank line. They are balanced by class, selected by
// a seed, and never contain the text of the question. Those that do not fit are dropped entirely.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "linnet/base/json.h"
#include "linnet/base/parallel.h"
#include "linnet/prompt/template.h"
#include "linnet/prompt/verbalizer.h"

namespace linnet {

struct Exemplar {
  std::string text;
  std::string text_pair = {};  // "": none
  std::size_t label = 0;       // index into the verbalizer's labels; unknown for a question
  Json columns = {};           // its data row, an object: slots by name; null: none
};

// Slots of a template for one row: its columns, "text", "text_pair" if any, and `shared` (slots of every row,
// "labels"), which takes precedence.
Json prompt_slots(const Exemplar& row, const Json& shared);

struct FewShotPrompt {
  std::string text;         // exemplars, then the question
  std::size_t used = 0;     // exemplars in `text`
  std::size_t dropped = 0;  // exemplars that did not fit
};

class Exemplars {
 public:
  // Shuffles `pool` by `seed`; a prompt takes `shots` of it. kInvalidArgument if a label is not below `labels`.
  Exemplars(std::vector<Exemplar> pool, std::size_t labels, std::size_t shots, std::uint64_t seed);

  // Question and exemplars fill the template with their columns and texts, and with `shared`. `count` returns the
  // tokens of a text; the whole prompt has at most `budget`. A longer question is returned alone: the caller decides
  // how to truncate it.
  FewShotPrompt build(const PromptTemplate& prompt, const Verbalizer& words, const Exemplar& question,
                      const Json& shared, std::size_t budget, FunctionRef<std::size_t(const std::string&)> count) const;

 private:
  std::vector<std::size_t> pick(const std::string& text, const std::string& text_pair) const;
  std::vector<Exemplar> pool_;
  std::vector<std::vector<std::size_t>> by_class_;  // shuffled indexes into pool_, a list per class
  std::size_t shots_;
  std::uint64_t seed_;
};

}  // namespace linnet
