#include "linnet/tasks/classify_json.h"

#include <cmath>
#include <string_view>
#include <utility>

#include "linnet/base/error.h"

namespace linnet::tasks {
namespace {

constexpr std::pair<std::string_view, Engine> kEngines[] = {
    {"auto", Engine::kAuto}, {"score", Engine::kScore}, {"generate", Engine::kGenerate},
    {"mask", Engine::kMask}, {"nli", Engine::kNli},     {"head", Engine::kHead},
};
constexpr std::pair<std::string_view, Normalize> kNormalize[] = {
    {"sum", Normalize::kSum},     {"tokens", Normalize::kTokens}, {"chars", Normalize::kChars},
    {"bytes", Normalize::kBytes}, {"pmi", Normalize::kPmi},
};

template <class Value, std::size_t N>
std::vector<std::string> names_in(const std::pair<std::string_view, Value> (&values)[N]) {
  std::vector<std::string> names;
  for (const auto& [text, value] : values) names.emplace_back(text);
  return names;
}

template <class Value, std::size_t N>
Value value_named(const char* field, const std::pair<std::string_view, Value> (&values)[N], const std::string& name) {
  for (const auto& [text, value] : values)
    if (text == name) return value;
  fail_option(field, "'{}' is not one of {}", printable(name, 40), fmt::join(names_in(values), ", "));
}

}  // namespace

Json classification_json(const Classification& answer, std::int64_t top_k) {
  if (!answer.label) return {{"label", nullptr}, {"raw", answer.raw}};
  Json scores = Json::array();
  for (const LabelScore& s : answer.scores) {
    if (top_k > 0 && std::ssize(scores) == top_k) break;
    Json entry{{"label", s.label}, {"score", s.score}};
    entry["logprob"] = std::isfinite(s.logprob) ? Json(s.logprob) : Json();
    scores.push_back(std::move(entry));
  }
  Json json{{"label", *answer.label},
            {"score", answer.score},
            {"scores", std::move(scores)},
            {"margin", answer.margin},
            {"abstained", answer.abstained}};
  if (!answer.raw.empty()) json["raw"] = answer.raw;
  return json;
}

std::vector<std::string> engine_names() { return names_in(kEngines); }
std::vector<std::string> normalize_names() { return names_in(kNormalize); }
Engine engine_named(const std::string& name) { return value_named("engine", kEngines, name); }
Normalize normalize_named(const std::string& name) { return value_named("normalize", kNormalize, name); }

}  // namespace linnet::tasks
