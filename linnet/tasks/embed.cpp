#include "linnet/tasks/embed.h"

#include <algorithm>
#include <cmath>

#include "linnet/base/error.h"
#include "linnet/generate/engine.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {
namespace {

void scale_to_one(std::span<float> v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * x;
  const auto factor = static_cast<float>(1 / std::max(std::sqrt(sum), 1e-12));
  for (float& x : v) x *= factor;
}

EncodeOptions encode_options(const EmbedOptions& options) {
  return {.letters = options.letters, .want_tokens = false, .want_offsets = false};
}

// The vectors of a portion of texts.
std::vector<std::vector<float>> vectors_of(const models::Model& model, const Embedder& embedder,
                                           const std::vector<std::vector<std::int32_t>>& texts, std::int64_t rows) {
  std::vector<std::vector<float>> result(texts.size());
  generate::Engine engine(model, {.batch_tokens = rows});
  for (std::size_t i = 0; i < texts.size(); ++i)
    engine.submit(generate::EncodeRequest{
        .ids = texts[i], .on_end = [&, i](const Tensor& hidden) { result[i] = embedder.vector_of(hidden); }});
  while (engine.step()) {
  }
  return result;
}

void ask_for(EmbedOptions& options, const models::SentenceFolder& folder, const EmbedWishes& wishes) {
  if (wishes.prompt_name) {
    const std::string* prompt = folder.find_prompt(*wishes.prompt_name);
    std::vector<std::string> names;
    for (const auto& [name, text] : folder.prompts) names.push_back(name);
    check(prompt != nullptr, "the model has no prompt '{}'; it has {}", *wishes.prompt_name,
          names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")));
    options.prompt = *prompt;
  }
  if (wishes.prompt) options.prompt = *wishes.prompt;
  if (!wishes.unit) return;
  options.unit = *wishes.unit;
  while (!options.unit && !options.modules.empty() && options.modules.back()->normalizes()) options.modules.pop_back();
}

}  // namespace

Embedder::Embedder(const Loaded& loaded, EmbedOptions options)
    : options_(std::move(options)),
      cutter_(loaded.tokenizer(), length_limit(*loaded.model, loaded.tokenizer(), options_.max_length),
              encode_options(options_)) {
  embedding_width(*loaded.model, options_);  // the modules are consistent
  if (options_.pool_prompt || options_.prompt.empty()) return;
  // As sentence-transformers counts: the prompt's tokens without a special one at the end.
  const Encoding prompt = loaded.tokenizer().encode(options_.prompt, encode_options(options_));
  skip_ = static_cast<std::int64_t>(prompt.size());
  if (skip_ > 0 && loaded.tokenizer().is_special(prompt.ids.back())) --skip_;
}

std::vector<std::int32_t> Embedder::ids(const std::string& text) {
  std::vector<std::int32_t> ids = cutter_.encode(options_.prompt + text).ids;
  check(!ids.empty(), "{}", kNoTokens);
  check(std::ssize(ids) > skip_, "the text has no tokens after its prompt; give a text, or leave the row out");
  return ids;
}

std::vector<float> Embedder::vector_of(const Tensor& hidden) const {
  const std::int32_t starts[] = {0, static_cast<std::int32_t>(hidden.size(0))};
  Tensor pooled = models::pool(hidden, starts, options_.modes, skip_);
  for (const models::SentenceModulePtr& module : options_.modules) pooled = module->run(pooled);
  const auto values = pooled.data<float>();
  const std::size_t kept = options_.truncate_dim > 0
                               ? std::min(values.size(), static_cast<std::size_t>(options_.truncate_dim))
                               : values.size();
  std::vector<float> v(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(kept));
  if (options_.unit) scale_to_one(v);
  return v;
}

std::int64_t embedding_width(const models::Model& model, const EmbedOptions& options) {
  std::int64_t width = model.config().output_width() * std::ssize(options.modes);
  for (const models::SentenceModulePtr& module : options.modules) {
    check(module->in() == 0 || module->in() == width, ErrorKind::kBadInput,
          "{}: a module after the pooling takes vectors of {} numbers, it gets {}", model.place().string(),
          module->in(), width);
    if (module->in() > 0) width = module->out();
  }
  return options.truncate_dim > 0 ? std::min(width, options.truncate_dim) : width;
}

std::vector<std::vector<float>> embed(const Loaded& loaded, std::span<const std::string> texts,
                                      const EmbedOptions& options) {
  std::vector<std::vector<float>> result;
  embed_each(loaded, texts, options, [&](std::size_t, const std::vector<float>& v) { result.push_back(v); });
  return result;
}

void embed_each(const Loaded& loaded, std::span<const std::string> texts, const EmbedOptions& options,
                const OnVector& on_vector, const OnRefusal& on_refusal) {
  Embedder embedder(loaded, options);
  for (std::size_t begin = 0; begin < texts.size();) {
    const std::size_t end =
        portion_end(begin, texts.size(), options.batch_rows, [&](std::size_t i) { return texts[i].size(); });
    std::vector<std::vector<std::int32_t>> encoded;
    std::vector<std::optional<Error>> errors;
    for (std::size_t i = begin; i < end; ++i)
      errors.push_back(text_error(on_refusal, [&] { encoded.push_back(embedder.ids(texts[i])); }));
    const auto vectors = vectors_of(*loaded.model, embedder, encoded, options.batch_rows);
    auto vector = vectors.begin();
    for (const std::optional<Error>& error : errors) {
      if (error)
        on_refusal(begin, *error);
      else
        on_vector(begin, *vector++);
      ++begin;
    }
  }
  embedder.cutter().note_cut();
}

EmbedOptions embed_defaults(const models::ModelFiles& files, const EmbedWishes& wishes) {
  const std::filesystem::path& model = files.place();
  EmbedOptions options;
  models::SentenceFolder folder;
  if (files.is_folder()) {
    folder = models::read_sentence_folder(files);
    check(folder.pooling || wishes.pooling || files.modules_json().is_null(), ErrorKind::kBadInput,
          "{}: lists no Pooling module; say how with {}", (model / "modules.json").string(), option("pooling"));
    if (folder.pooling) {
      options.modes = folder.pooling->modes;
      options.pool_prompt = folder.pooling->include_prompt;
    }
    options.modules = folder.modules;
    options.letters = folder.lower_case ? LetterCase::kLower : LetterCase::kAsWritten;
    options.truncate_dim = folder.truncate_dim;
    options.max_length = folder.max_length;
    options.similarity = folder.similarity;
    if (const std::string* query = folder.find_prompt("query")) options.query_prompt = *query;
    if (!folder.default_prompt.empty()) options.prompt = *folder.find_prompt(folder.default_prompt);
  } else if (!wishes.pooling) {
    if (const auto pooling = models::gguf_pooling(*files.gguf())) options.modes = {*pooling};
  }
  if (wishes.pooling) options.modes = {*wishes.pooling};
  ask_for(options, folder, wishes);
  return options;
}

}  // namespace linnet::tasks
