#include "linnet/tasks/embed.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/json.h"
#include "linnet/tasks/batches.h"

namespace linnet::tasks {
namespace {

Tensor pool(const Tensor& hidden, const nn::Packed& batch, EmbedPooling how) {
  if (how == EmbedPooling::kMean) return mean_rows(hidden, batch.starts);
  std::vector<std::int32_t> rows;
  for (std::size_t s = 0; s + 1 < batch.starts.size(); ++s)
    rows.push_back(how == EmbedPooling::kCls ? batch.starts[s] : batch.starts[s + 1] - 1);
  return gather_rows(hidden, rows);
}

void scale_to_one(std::vector<float>& v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * x;
  const auto factor = static_cast<float>(1 / std::max(std::sqrt(sum), 1e-12));
  for (float& x : v) x *= factor;
}

std::int64_t length_limit(const models::Model& model, const Tokenizer& tokenizer, const EmbedOptions& options) {
  std::int64_t limit = options.max_length > 0 ? options.max_length : tokenizer.model_max_length().value_or(0);
  const std::int64_t positions = model.config().max_positions;
  if (positions > 0 && (limit == 0 || limit > positions)) limit = positions;
  return limit;
}

}  // namespace

std::vector<std::vector<float>> embed(const models::Model& model, const Tokenizer& tokenizer,
                                      std::span<const std::string> texts, const EmbedOptions& options) {
  EncodeOptions encode;
  if (const std::int64_t limit = length_limit(model, tokenizer, options); limit > 0)
    encode.truncation = Truncation{.max_length = limit};
  std::vector<std::vector<std::int32_t>> encoded;
  for (const std::string& text : texts) encoded.push_back(tokenizer.encode_ids(text, encode));
  std::vector<std::vector<float>> result(texts.size());
  for_each_batch(encoded, options.batch_rows, options.progress,
                 [&](const nn::Packed& batch, std::span<const std::size_t> members) {
                   const Tensor pooled = pool(model.forward(batch), batch, options.pooling);
                   const auto values = pooled.data<float>();
                   const auto size = static_cast<std::size_t>(pooled.size(1));
                   for (std::size_t i = 0; i < members.size(); ++i) {
                     auto& v = result[members[i]];
                     v.assign(values.begin() + static_cast<std::ptrdiff_t>(i * size),
                              values.begin() + static_cast<std::ptrdiff_t>((i + 1) * size));
                     if (options.unit) scale_to_one(v);
                   }
                 });
  return result;
}

EmbedOptions embed_defaults(const std::filesystem::path& folder) {
  EmbedOptions options;
  const auto pooling = folder / "1_Pooling" / "config.json";
  if (std::filesystem::exists(pooling)) {
    const Json json = read_json(pooling);
    const auto chosen = [&](const char* key) {
      return json.is_object() && json.contains(key) && json[key] == true;
    };
    if (chosen("pooling_mode_cls_token")) options.pooling = EmbedPooling::kCls;
    if (chosen("pooling_mode_lasttoken")) options.pooling = EmbedPooling::kLast;
  }
  const auto sentence = folder / "sentence_bert_config.json";
  if (std::filesystem::exists(sentence)) {
    const Json json = read_json(sentence);
    const char* const key = "max_seq_length";
    if (json.is_object() && json.contains(key)) options.max_length = get_integer(json[key], key, sentence.string());
  }
  options.unit = std::filesystem::exists(folder / "2_Normalize");
  return options;
}

}  // namespace linnet::tasks
