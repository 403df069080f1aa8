// Few-shot prompts: a few solved examples before the question.
//
//   Exemplars exemplars(pool, 8, /*seed=*/0);
//   FewShotPrompt p = exemplars.build(tmpl, words, {"Great fun"}, {{"labels", words.labels()}}, 2048,
//                                     [&](const std::string& s) { return tokens(s); });
//
// An exemplar is the filled template, the label's first word and a blank line. They are balanced by class, drawn from a
// seed, and never contain the text that is asked about. Those that do not fit are dropped whole.
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
  std::string text_pair = {};  // empty: none
  std::size_t label = 0;       // index into the verbalizer's labels; of a question: not known
  Json columns = {};           // the row it came from, an object: slots by their names; null: none
};

// What fills a template for one row: its columns, "text", "text_pair" where it has one, and over these `shared`, the
// slots that every row has ("labels").
Json prompt_slots(const Exemplar& row, const Json& shared);

struct FewShotPrompt {
  std::string text;         // exemplars, then the question
  std::size_t used = 0;     // exemplars in `text`
  std::size_t dropped = 0;  // exemplars left out because they did not fit
};

class Exemplars {
 public:
  // Draws an order over `pool` from `seed`; a prompt takes `shots` of them. kInvalidArgument where a label is out of
  // `labels` range.
  Exemplars(std::vector<Exemplar> pool, std::size_t labels, std::size_t shots, std::uint64_t seed);

  // Question and exemplars each fill the template with their own columns and texts, and with `shared`.
  // `count` gives the tokens of a text; the whole prompt keeps to `budget` of them. A question that is already longer
  // is returned alone: cutting it is the caller's decision.
  FewShotPrompt build(const PromptTemplate& prompt, const Verbalizer& words, const Exemplar& question,
                      const Json& shared, std::size_t budget, FunctionRef<std::size_t(const std::string&)> count) const;

 private:
  std::vector<std::size_t> pick(const std::string& text, const std::string& text_pair) const;
  std::vector<Exemplar> pool_;
  std::vector<std::vector<std::size_t>> by_class_;  // shuffled indexes into pool_, a list a class
  std::size_t shots_;
  std::uint64_t seed_;
};

}  // namespace linnet
