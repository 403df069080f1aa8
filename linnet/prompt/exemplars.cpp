#include "linnet/prompt/exemplars.h"

#include <algorithm>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/base/rng.h"

namespace linnet {

Json prompt_slots(const Exemplar& row, const Json& shared) {
  Json slots = row.columns.is_object() ? row.columns : Json::object();
  slots["text"] = row.text;
  if (!row.text_pair.empty()) slots["text_pair"] = row.text_pair;
  for (const auto& [name, value] : shared.items()) slots[name] = value;
  return slots;
}

Exemplars::Exemplars(std::vector<Exemplar> pool, std::size_t labels, std::size_t shots, std::uint64_t seed)
    : pool_(std::move(pool)), by_class_(labels), shots_(shots), seed_(seed) {
  for (std::size_t i = 0; i < pool_.size(); ++i) {
    check_option(pool_[i].label < labels, "exemplars", "example {} has label {} of {}", i + 1, pool_[i].label, labels);
    by_class_[pool_[i].label].push_back(i);
  }
  Rng rng(seed_, /*stream=*/0);
  for (auto& members : by_class_) rng.shuffle(members);
}

// Takes one of each class in turn, without the text of the question, then shuffles: a model is biased to the last
// label.
std::vector<std::size_t> Exemplars::pick(const std::string& text, const std::string& text_pair) const {
  std::vector<std::size_t> picked;
  std::vector<std::size_t> next(by_class_.size(), 0);
  for (bool more = true; more && picked.size() < shots_;) {
    more = false;
    for (std::size_t c = 0; c < by_class_.size() && picked.size() < shots_; ++c) {
      const auto& members = by_class_[c];
      while (next[c] < members.size() && pool_[members[next[c]]].text == text &&
             pool_[members[next[c]]].text_pair == text_pair)
        ++next[c];
      if (next[c] == members.size()) continue;
      picked.push_back(members[next[c]++]);
      more = true;
    }
  }
  Rng(seed_, /*stream=*/1).shuffle(picked);
  return picked;
}

FewShotPrompt Exemplars::build(const PromptTemplate& prompt, const Verbalizer& words, const Exemplar& question,
                               const Json& shared, std::size_t budget,
                               FunctionRef<std::size_t(const std::string&)> count) const {
  const std::string asked = prompt.render(prompt_slots(question, shared));
  std::vector<std::string> blocks;
  for (const std::size_t i : pick(question.text, question.text_pair)) {
    Json slots = prompt_slots(pool_[i], shared);
    if (!question.text_pair.empty()) slots["text_pair"] = pool_[i].text_pair;  // also if the exemplar's is empty
    blocks.push_back(prompt.render(slots) + words.words(pool_[i].label)[0] + "\n\n");
  }
  // As many exemplars as fit. The whole prompt is counted, since tokens may span borders.
  const auto assemble = [&](std::size_t used) {
    std::string text;
    for (std::size_t i = 0; i < used; ++i) text += blocks[i];
    return text + asked;
  };
  std::size_t low = 0, high = blocks.size();
  if (high > 0 && count(assemble(high)) <= budget) low = high;
  while (low < high) {
    const std::size_t middle = (low + high + 1) / 2;
    if (count(assemble(middle)) <= budget) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return {assemble(low), low, blocks.size() - low};
}

}  // namespace linnet
