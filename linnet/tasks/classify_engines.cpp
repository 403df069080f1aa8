// The engines that do not score label words: completing, the masked word, entailment, a trained head.
#include <algorithm>
#include <cmath>
#include <cctype>

#include "linnet/base/error.h"
#include "linnet/base/nearest.h"
#include "linnet/generate/generator.h"
#include "linnet/generate/score.h"
#include "linnet/tasks/batches.h"
#include "linnet/tasks/classify.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {
namespace {

// Lower case, without blanks and punctuation at both ends.
std::string bare(std::string_view text) {
  const auto counts = [](unsigned char c) { return std::isalnum(c) || c >= 0x80 || c == '+' || c == '#'; };
  while (!text.empty() && !counts(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && !counts(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

constexpr std::int64_t kAnswerTokens = 16;  // a label and the end token fit

std::size_t entailment_index(const std::vector<std::string>& labels) {
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (bare(labels[i]).starts_with("entail")) return i;
  return 0;
}

}  // namespace

std::optional<std::size_t> match_label(std::string_view text, std::span<const std::string> labels) {
  const std::string said = bare(text);
  if (said.empty()) return std::nullopt;
  std::vector<std::string> names;
  for (const std::string& label : labels) names.push_back(bare(label));
  for (std::size_t i = 0; i < names.size(); ++i)
    if (said == names[i]) return i;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < names.size(); ++i)  // the longest label that the text begins with
    if (!names[i].empty() && said.starts_with(names[i]) && (!best || names[i].size() > names[*best].size())) best = i;
  if (best) return best;
  const std::string word = said.substr(0, said.find_first_of(" \n\t.,;:!?"));
  std::size_t least = SIZE_MAX;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t distance = edit_distance(word, names[i]);
    if (distance < least) least = distance, best = i;
  }
  return best && least * 3 <= names[*best].size() ? best : std::nullopt;  // a third of its letters may differ
}

std::vector<Classification> Classifier::by_generation(std::span<const TextInput> texts, const Progress& progress) const {
  generate::GenerateOptions options{.max_new_tokens = kAnswerTokens};
  for (const std::int64_t id : model_.config().eos_ids) options.eos_ids.push_back(static_cast<std::int32_t>(id));
  std::vector<Classification> result;
  for (const TextInput& text : texts) {
    const auto prompt = options_.chat ? tokenizer_.encode_ids(render(text), {.add_special_tokens = false})
                                      : prompt_ids(tokenizer_, render(text));
    const auto generated = generate::generate(model_, prompt, options);
    Classification c;
    c.raw = tokenizer_.decode(generated.ids);
    if (const auto found = match_label(c.raw, words_.labels())) {
      c.label = words_.label(*found);
      c.score = c.margin = 1;
      for (std::size_t l = 0; l < words_.size(); ++l)
        c.scores.push_back({words_.label(l), l == *found ? 1.0 : 0.0, l == *found ? 0.0 : -INFINITY});
      std::stable_sort(c.scores.begin(), c.scores.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    }
    result.push_back(std::move(c));
    if (progress) progress(static_cast<std::int64_t>(result.size()), static_cast<std::int64_t>(texts.size()));
  }
  return result;
}

std::vector<std::vector<double>> Classifier::mask_logprobs(std::span<const std::string> prompts,
                                                           const Progress& progress) const {
  const std::int32_t mask = *tokenizer_.mask_id();
  std::vector<std::int32_t> targets;
  for (std::size_t l = 0; l < words_.size(); ++l) {
    for (const std::string& word : words_.words(l)) {
      const auto ids = tokenizer_.encode_ids(word, {.add_special_tokens = false});
      check(ids.size() == 1, "[classify] '{}' is {} tokens; a masked LM fills in one, choose another word with --label-words",
            word, ids.size());
      targets.push_back(ids.front());
    }
  }
  std::vector<std::vector<std::int32_t>> encoded;
  for (const std::string& prompt : prompts) {
    encoded.push_back(tokenizer_.encode_ids(prompt));
    check(std::count(encoded.back().begin(), encoded.back().end(), mask) == 1,
          "[classify] the template must hold one {{{{ mask }}}}");
  }
  std::vector<std::vector<double>> result(prompts.size());
  for_each_batch(encoded, options_.batch_rows, progress, [&](const nn::Packed& batch, std::span<const std::size_t> members) {
    const Tensor hidden = model_.forward(batch);
    std::vector<std::int32_t> rows, wanted;
    for (std::int32_t r = 0; r < static_cast<std::int32_t>(batch.rows()); ++r) {
      if (batch.ids[static_cast<std::size_t>(r)] != mask) continue;
      rows.insert(rows.end(), targets.size(), r);
      wanted.insert(wanted.end(), targets.begin(), targets.end());
    }
    const auto scores = generate::token_scores(model_, hidden, rows, wanted);
    for (std::size_t i = 0; i < scores.size(); ++i) result[members[i / targets.size()]].push_back(scores[i].logprob);
  });
  return result;
}

std::vector<Classification> Classifier::by_entailment(std::span<const TextInput> texts, const Progress& progress) const {
  const std::size_t entailment = entailment_index(model_.config().labels);
  std::vector<std::vector<std::int32_t>> encoded, types;
  for (const TextInput& text : texts) {
    for (const std::string& label : words_.labels()) {
      const std::string hypothesis = prompt_.render({{"label", label}, {"text", text.text}, {"labels", words_.labels()}});
      Encoding e = tokenizer_.encode(text.text, hypothesis);
      encoded.push_back(std::move(e.ids));
      types.push_back(std::move(e.type_ids));
    }
  }
  std::vector<double> logits(encoded.size());
  for_each_batch(encoded, options_.batch_rows, progress, [&](const nn::Packed& batch, std::span<const std::size_t> members) {
    const Tensor scores = model_.classify(model_.pooled(model_.forward(batch), batch));
    const auto values = scores.data<float>();
    const auto classes = static_cast<std::size_t>(scores.size(1));
    for (std::size_t i = 0; i < members.size(); ++i) logits[members[i]] = values[i * classes + entailment];
  }, types);
  std::vector<Classification> result;
  for (std::size_t t = 0; t < texts.size(); ++t) {
    const auto own = std::span(logits).subspan(t * words_.size(), words_.size());
    result.push_back(rank(own, own));
  }
  return result;
}

std::vector<Classification> Classifier::by_head(std::span<const TextInput> texts, const Progress& progress) const {
  std::vector<std::vector<std::int32_t>> encoded, types;
  const std::int64_t longest = model_.config().max_positions;
  for (const TextInput& text : texts) {
    EncodeOptions options;
    options.want_tokens = options.want_offsets = false;
    if (longest > 0) options.truncation = Truncation{.max_length = longest};
    Encoding e = text.pair.empty() ? tokenizer_.encode(text.text, options) : tokenizer_.encode(text.text, text.pair, options);
    encoded.push_back(std::move(e.ids));
    types.push_back(std::move(e.type_ids));
  }
  std::vector<Classification> result(texts.size());
  const bool independent = model_.config().problem == models::ProblemType::kMultiLabel;
  for_each_batch(encoded, options_.batch_rows, progress, [&](const nn::Packed& batch, std::span<const std::size_t> members) {
    const Tensor scores = model_.classify(model_.pooled(model_.forward(batch), batch));
    const auto values = scores.data<float>();
    const auto classes = static_cast<std::size_t>(scores.size(1));
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::vector<double> row(values.begin() + static_cast<std::ptrdiff_t>(i * classes),
                                    values.begin() + static_cast<std::ptrdiff_t>((i + 1) * classes));
      Classification c = rank(row, row);
      for (LabelScore& s : c.scores) {
        if (independent || classes == 1) s.score = 1 / (1 + std::exp(-s.logprob));
        s.logprob = std::log(s.score);
      }
      c.score = c.scores.front().score;
      result[members[i]] = std::move(c);
    }
  }, types);
  return result;
}

}  // namespace linnet::tasks
