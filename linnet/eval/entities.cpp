#include "linnet/eval/entities.h"

#include <algorithm>
#include <string_view>

#include "linnet/base/error.h"

namespace linnet {
namespace {

double fraction(std::int64_t part, std::int64_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

struct Tag {
  char letter = 'O';
  std::string type;
  bool outside() const { return letter == 'O' || letter == '.'; }
};

// As seqeval: the first character, and what follows the first '-' after it; else all that follows it.
Tag parsed(const std::string& text) {
  if (text.empty()) return {.letter = 'O', .type = "_"};
  const std::string rest = text.substr(1);
  const auto dash = rest.find('-');
  std::string type = dash == rest.npos ? rest : rest.substr(dash + 1);
  return {text[0], type.empty() ? "_" : std::move(type)};
}

bool one_of(char letter, const char* letters) {
  return std::string_view(letters).find(letter) != std::string_view::npos;
}

bool ends_between(const Tag& before, const Tag& tag) {
  if (before.letter == 'E' || before.letter == 'S') return true;
  if (one_of(before.letter, "BI") && one_of(tag.letter, "BSO")) return true;
  return !before.outside() && before.type != tag.type;
}

bool begins_between(const Tag& before, const Tag& tag) {
  if (tag.letter == 'B' || tag.letter == 'S') return true;
  if (one_of(before.letter, "ESO") && one_of(tag.letter, "EI")) return true;
  return !tag.outside() && before.type != tag.type;
}

void count(const std::vector<Entity>& expected, const std::vector<Entity>& predicted, EntityMetrics& metrics) {
  for (const Entity& entity : expected) {
    EntityCounts& counts = metrics.types[entity.type];
    ++counts.expected;
    counts.hits += std::binary_search(predicted.begin(), predicted.end(), entity) ? 1 : 0;
  }
  for (const Entity& entity : predicted) ++metrics.types[entity.type].predicted;
}

// Each entity once, in order.
std::vector<Entity> sorted_entities(const std::vector<std::string>& tags) {
  std::vector<Entity> entities = entities_of(tags);
  std::sort(entities.begin(), entities.end());
  entities.erase(std::unique(entities.begin(), entities.end()), entities.end());
  return entities;
}

}  // namespace

double EntityCounts::precision() const { return fraction(hits, predicted); }
double EntityCounts::recall() const { return fraction(hits, expected); }
double EntityCounts::f1() const { return fraction(2 * hits, expected + predicted); }

std::vector<Entity> entities_of(const std::vector<std::string>& tags) {
  std::vector<Entity> entities;
  Tag before;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= tags.size(); ++i) {
    const Tag tag = parsed(i < tags.size() ? tags[i] : "O");
    if (ends_between(before, tag)) entities.push_back({before.type, begin, i - 1});
    if (begins_between(before, tag)) begin = i;
    before = tag;
  }
  return entities;
}

double EntityMetrics::macro_f1() const {
  double sum = 0;
  for (const auto& [type, counts] : types) sum += counts.f1();
  return types.empty() ? 0 : sum / static_cast<double>(types.size());
}

EntityMetrics entity_metrics(const TagRows& expected, const TagRows& predicted) {
  LINNET_ASSERT(expected.size() == predicted.size());
  EntityMetrics metrics;
  std::int64_t tokens = 0, right = 0;
  std::vector<std::string> all_expected, all_predicted;  // an "O" ends each row, as in seqeval
  for (std::size_t r = 0; r < expected.size(); ++r) {
    LINNET_ASSERT(expected[r].size() == predicted[r].size());
    tokens += std::ssize(expected[r]);
    for (std::size_t i = 0; i < expected[r].size(); ++i) right += expected[r][i] == predicted[r][i] ? 1 : 0;
    all_expected.insert(all_expected.end(), expected[r].begin(), expected[r].end());
    all_predicted.insert(all_predicted.end(), predicted[r].begin(), predicted[r].end());
    all_expected.emplace_back("O");
    all_predicted.emplace_back("O");
  }
  count(sorted_entities(all_expected), sorted_entities(all_predicted), metrics);
  for (const auto& [type, counts] : metrics.types) {
    metrics.all.hits += counts.hits;
    metrics.all.expected += counts.expected;
    metrics.all.predicted += counts.predicted;
  }
  metrics.accuracy = fraction(right, tokens);
  return metrics;
}

}  // namespace linnet
