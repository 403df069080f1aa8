// Tiny models with their tokenizers: "w5 w6" is 5, 6; LLaMA's adds <s> (1) in front, BERT's [CLS] (1) … [SEP] (2).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/prompt/template.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::tasks {

using Ids = std::vector<std::int32_t>;

inline Loaded tiny(const std::string& name, models::LoadOptions options = {}) {
  options.dtype = models::WeightType::kF32;
  return load_pretrained(fixtures() / name, options);
}

// A T5 with BERT's tokenizer, in a folder of `scratch`.
inline Loaded tiny_seq2seq(const Scratch& scratch, const std::string& generation_config = "{}") {
  const auto folder = scratch / "t5";
  std::filesystem::copy(fixtures() / "t5/generation", folder);
  for (const char* file : {"tokenizer.json", "tokenizer_config.json"})
    std::filesystem::copy(fixtures() / "bert/masked" / file, folder / file);
  put(folder / "generation_config.json", generation_config);
  return load_pretrained(folder, {.dtype = models::WeightType::kF32});
}

// log p(continuation | the encoder's text, the tokens before), from one plain forward pass.
inline double seq2seq_logprob(const models::Model& model, const Ids& encoder_ids, Ids before, const Ids& continuation) {
  const nn::Encoded encoded = model.encode(nn::pack({encoder_ids}));
  auto row = static_cast<std::int32_t>(before.size()) - 1;
  before.insert(before.end(), continuation.begin(), continuation.end());
  const Tensor hidden = model.forward(nn::pack({before}), {.encoder = &encoded});
  double sum = 0;
  for (const std::int32_t token : continuation) {
    const Tensor scores = log_softmax(model.logits(hidden, {&row, 1}));
    sum += scores.data<float>()[static_cast<std::size_t>(token)];
    ++row;
  }
  return sum;
}

inline PromptTemplate inline_template(const std::string& text) { return PromptTemplate::from_source(text, "test"); }

// log p of every token after `ids`, in double, from one plain forward pass.
inline std::vector<double> next_logprobs(const models::Model& model, const Ids& ids, std::int32_t row) {
  const Tensor scores = model.logits(model.forward(nn::pack({ids})), {&row, 1});
  const auto values = scores.data<float>();
  double most = values[0], sum = 0;
  for (const float v : values) most = std::max(most, static_cast<double>(v));
  for (const float v : values) sum += std::exp(v - most);
  std::vector<double> out;
  for (const float v : values) out.push_back(v - most - std::log(sum));
  return out;
}

// log p(continuation | prompt), with one pass per token.
inline double logprob_of(const models::Model& model, Ids prompt, const Ids& continuation) {
  double sum = 0;
  for (const std::int32_t token : continuation) {
    sum += next_logprobs(model, prompt, static_cast<std::int32_t>(prompt.size()) - 1)[static_cast<std::size_t>(token)];
    prompt.push_back(token);
  }
  return sum;
}

inline double log_sum(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += std::exp(v);
  return std::log(sum);
}

inline std::vector<double> softmax(const std::vector<double>& values) {
  std::vector<double> out;
  for (const double v : values) out.push_back(std::exp(v - log_sum(values)));
  return out;
}

}  // namespace linnet::tasks
