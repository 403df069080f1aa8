// A pretrained model with all that belongs to it, each read once: tokenizer, generation defaults, chat template,
// adapter.
//
//   const Loaded loaded = load_pretrained("SmolLM2-135M-Instruct.gguf");   // or an adapter's folder
//   auto ids = loaded.tokenizer().encode_ids("Hello");
//   auto options = generate::resolve({.max_new_tokens = 64}, loaded.generation());
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "linnet/adapt/adapter.h"
#include "linnet/adapt/adapter_files.h"
#include "linnet/base/once.h"
#include "linnet/models/loader.h"
#include "linnet/prompt/chat_template.h"
#include "linnet/tokenizer/tokenizer.h"

namespace linnet {

// The files of a model, and of an adapter on it.
struct PretrainedFiles {
  models::ModelFiles model;
  std::optional<AdapterFiles> adapter = {};

  const std::filesystem::path& place() const { return adapter ? adapter->folder() : model.place(); }
  // The configuration, without reading weights; of an adapter of a classifier, with its head.
  nn::TransformerConfig config() const;
};
// `path`: a folder or file of a model, or an adapter's folder; then `base` takes precedence over the adapter's own.
PretrainedFiles pretrained_files(const std::filesystem::path& path, const std::filesystem::path& base = {});

struct Loaded {
  explicit Loaded(PretrainedFiles opened) : files(std::move(opened)) {}

  PretrainedFiles files;
  std::unique_ptr<models::Model> model;
  std::unique_ptr<Adapter> adapter = {};  // attached to the model: every pass has it; null: none
  std::optional<Tokenizer> tokenizer_if_there = {};

  // kBadInput if the files have none.
  const Tokenizer& tokenizer() const;
  // Of generation_config.json, else of config.json; end tokens of the model if they have none.
  const GenerationConfig& generation() const;
  // Null if the tokenizer has none.
  const ChatTemplate* chat_template() const;

 private:
  Once<GenerationConfig> generation_;
  Once<std::optional<ChatTemplate>> chat_template_;
};

enum class WithTokenizer : std::uint8_t { kRequired, kIfThere };

// An adapter's tokenizer takes precedence over that of its base: training may have added tokens. The labels of an
// adapter of a classifier are those of its config.json, else of the base if the number fits, else LABEL_0, …. kBadInput
// naming the file; also if the tokenizer has ids outside the model's vocabulary.
Loaded load_pretrained(const PretrainedFiles& files, const models::LoadOptions& options = {},
                       WithTokenizer tokenizer = WithTokenizer::kRequired);
Loaded load_pretrained(const std::filesystem::path& path, const models::LoadOptions& options = {});

// The tokenizer's template, parsed; unset if it has none. kBadInput if it is damaged.
std::optional<ChatTemplate> chat_template_of(const Tokenizer& tokenizer);

}  // namespace linnet
