#include "linnet/tasks/embed.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/io/gguf.h"
#include "linnet/tasks/batches.h"

namespace linnet::tasks {
namespace {

Tensor pool(const Tensor& hidden, const nn::Packed& batch, EmbedPooling how) {
  if (how == EmbedPooling::kMean) return mean_rows(hidden, batch.starts);
  const auto which = how == EmbedPooling::kCls ? nn::OutputRows::kFirst : nn::OutputRows::kLast;
  return gather_rows(hidden, nn::one_row_each(batch, which));
}

void scale_to_one(std::vector<float>& v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * x;
  const auto factor = static_cast<float>(1 / std::max(std::sqrt(sum), 1e-12));
  for (float& x : v) x *= factor;
}

std::int64_t length_limit(const models::Model& model, const Tokenizer& tokenizer, const EmbedOptions& options) {
  std::int64_t limit = options.max_length > 0 ? options.max_length : tokenizer.model_max_length().value_or(0);
  const std::int64_t positions = model.context();
  if (positions > 0 && (limit == 0 || limit > positions)) limit = positions;
  return limit;
}

// One portion.
std::vector<std::vector<float>> vectors_of(const models::Model& model, const Tokenizer& tokenizer,
                                           std::span<const std::string> texts, const EmbedOptions& options) {
  EncodeOptions encode;
  if (const std::int64_t limit = length_limit(model, tokenizer, options); limit > 0)
    encode.truncation = Truncation{.max_length = limit};
  std::vector<std::vector<std::int32_t>> encoded;
  for (const std::string& text : texts) encoded.push_back(tokenizer.encode_ids(text, encode));
  std::vector<std::vector<float>> result(texts.size());
  for_each_batch(encoded, options.batch_rows, [&](const nn::Packed& batch, std::span<const std::size_t> members) {
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

}  // namespace

std::vector<std::vector<float>> embed(const models::Model& model, const Tokenizer& tokenizer,
                                      std::span<const std::string> texts, const EmbedOptions& options) {
  std::vector<std::vector<float>> result;
  embed_each(model, tokenizer, texts, options, [&](std::size_t, const std::vector<float>& v) { result.push_back(v); });
  return result;
}

void embed_each(const models::Model& model, const Tokenizer& tokenizer, std::span<const std::string> texts,
                const EmbedOptions& options, const OnVector& on_vector) {
  for (std::size_t begin = 0; begin < texts.size();) {
    const std::size_t end =
        portion_end(begin, texts.size(), options.batch_rows, [&](std::size_t i) { return texts[i].size(); });
    for (const auto& vector : vectors_of(model, tokenizer, texts.subspan(begin, end - begin), options))
      on_vector(begin++, vector);
  }
}

EmbedOptions embed_defaults(const std::filesystem::path& model, std::optional<EmbedPooling> pooling) {
  EmbedOptions options;
  if (!pooling && model.extension() == ".gguf" && !std::filesystem::is_directory(model))
    pooling = models::gguf_pooling(*GgufFile::open(model));
  const models::SentenceModules modules = models::find_modules(model);
  if (!pooling && modules.pooling) pooling = models::read_pooling(*modules.pooling);
  options.unit = modules.unit;
  if (pooling) options.pooling = *pooling;
  if (const auto file = model / "sentence_bert_config.json"; std::filesystem::exists(file)) {
    const Json json = read_json(file);
    if (json.is_object() && json.contains("max_seq_length") && !json["max_seq_length"].is_null())
      options.max_length = get_integer(json["max_seq_length"], "max_seq_length", file.string());
  }
  return options;
}

}  // namespace linnet::tasks
