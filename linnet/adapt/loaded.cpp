#include "linnet/adapt/loaded.h"

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/models/roles.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;
using nn::HeadKind, nn::Role;

HeadKind head_of_task(const std::string& task) {
  if (task == "SEQ_CLS") return HeadKind::kSequenceClass;
  if (task == "TOKEN_CLS") return HeadKind::kTokenClass;
  if (task == "QUESTION_ANS") return HeadKind::kQuestionAnswering;
  return HeadKind::kNone;
}

// A head without label names has the base's, in order (PEFT loads the base with its configuration).
std::vector<std::string> labels_for(const Tensor& classifier, const nn::TransformerConfig& base,
                                    std::string_view place) {
  constexpr std::int64_t kMostLabels = 65'536;
  check(classifier.rank() == 2 && classifier.size(0) >= 1 && classifier.size(0) <= kMostLabels, ErrorKind::kBadInput,
        "{}: its classifier has shape {}, which is not labels by hidden size", place, to_string(classifier.shape()));
  if (std::ssize(base.labels) == classifier.size(0)) return base.labels;
  std::vector<std::string> labels;
  for (std::int64_t i = 0; i < classifier.size(0); ++i) labels.push_back(fmt::format("LABEL_{}", i));
  return labels;
}

// The classifier of an adapter: by config.json next to it, else by `c`, the base's, with one label per row of the
// tensor.
models::NewHead adapter_head(const AdapterFiles& files, const models::Family& family, const nn::TransformerConfig& c,
                             HeadKind kind) {
  const std::string place = files.folder().string();
  models::NewHead head{.kind = kind, .problem = c.problem, .classifier = c.classifier, .pooling = c.pooling};
  const fs::path file = files.folder() / "config.json";
  if (has_companion(file)) {
    const Json& json = files.companions().config_json();
    if (json.contains("id2label")) {
      models::ConfigFields fields = models::ConfigFields::reader(json, file.string());
      nn::TransformerConfig own = models::read_config(fields, family);
      head.labels = std::move(own.labels);
      head.problem = own.problem;
      head.classifier = own.classifier;
      head.pooling = own.pooling;
      return head;
    }
  }
  const models::Roles roles(c);
  for (const auto& [name, value] : files.tensors()) {
    if (name.find("lora_") != name.npos || name.ends_with("prompt_embeddings")) continue;
    const nn::Parameter* p = roles.find(models::to_ours(family, name, place));
    const bool classifier = p != nullptr && p->role == Role::kClassifier && p->part == nn::Part::kWeight;
    if (classifier && kind != HeadKind::kQuestionAnswering) head.labels = labels_for(value, c, place);
  }
  return head;
}

// Options to load the base of an adapter: with the adapter's classifier instead of the base's. Labels and problem type
// of the caller take precedence: an adapter without a config.json has no names for them.
models::LoadOptions with_adapter_head(const PretrainedFiles& files, models::LoadOptions options) {
  const HeadKind wanted = head_of_task(files.adapter->config().task_type);
  if (wanted == HeadKind::kNone) return options;
  const nn::TransformerConfig config = files.model.config(wanted);
  models::NewHead head = adapter_head(*files.adapter, files.model.family(), config, wanted);
  options.head = wanted;
  if (options.labels.empty()) options.labels = std::move(head.labels);
  if (options.problem == nn::ProblemType::kInferred) options.problem = head.problem;
  options.classifier = head.classifier;
  options.pooling = head.pooling;
  options.new_head = true;  // the base's may have another size
  return options;
}

std::optional<Tokenizer> find_tokenizer(const PretrainedFiles& files, WithTokenizer wanted) {
  if (files.adapter && models::has_tokenizer(files.adapter->companions()))
    return models::load_tokenizer(files.adapter->companions());
  if (wanted == WithTokenizer::kIfThere && !models::has_tokenizer(files.model)) return std::nullopt;
  return models::load_tokenizer(files.model);
}

void check_fits(const Tokenizer& tokenizer, const models::Model& model) {
  check(tokenizer.vocab_size() <= model.config().vocab, ErrorKind::kBadInput,
        "{}: the tokenizer has ids up to {}, the model's vocabulary ends at {}; take the tokenizer of this model",
        model.place().string(), tokenizer.vocab_size() - 1, model.config().vocab - 1);
}

}  // namespace

nn::TransformerConfig PretrainedFiles::config() const {
  if (!adapter) return model.config();
  const models::LoadOptions options = with_adapter_head(*this, {});
  nn::TransformerConfig config = model.config(options.head);
  if (!options.labels.empty()) config.labels = options.labels;
  if (options.head) config.problem = options.problem;
  config.classifier = options.classifier.value_or(config.classifier);
  config.pooling = options.pooling.value_or(config.pooling);
  return config;
}

PretrainedFiles pretrained_files(const fs::path& path, const fs::path& base) {
  if (!is_adapter_folder(path)) return {path};
  const AdapterFiles adapter(path);
  const fs::path found = base.empty() ? adapter.base() : base;
  check(!found.empty(), ErrorKind::kBadInput,
        "{}: its base model '{}' is neither a path beside it nor here; name it with {}", path.string(),
        printable(adapter.config().base), option("base"));
  return {found, adapter};
}

const Tokenizer& Loaded::tokenizer() const {
  check(tokenizer_if_there.has_value(), ErrorKind::kBadInput, "{}: has no tokenizer", files.place().string());
  return *tokenizer_if_there;
}

const GenerationConfig& Loaded::generation() const {
  return generation_.get([&] {
    GenerationConfig config = files.model.generation();
    if (config.eos_ids.empty()) config.eos_ids = model->config().eos_ids;
    return config;
  });
}

const ChatTemplate* Loaded::chat_template() const {
  const auto& chat = chat_template_.get([&] { return chat_template_of(tokenizer()); });
  return chat ? &*chat : nullptr;
}

Loaded load_pretrained(const PretrainedFiles& files, const models::LoadOptions& options, WithTokenizer wanted) {
  Loaded loaded(files);
  loaded.tokenizer_if_there = find_tokenizer(files, wanted);
  loaded.model = models::load_model(files.model, files.adapter ? with_adapter_head(files, options) : options);
  if (files.adapter) {
    loaded.adapter = Adapter::load(*loaded.model, *files.adapter);
    if (loaded.model->pooler_drawn() && !loaded.adapter->saves(Role::kPooler))
      warn("{}: the base has no pooler and the adapter has none, so one was randomly initialised",
           files.place().string());
    loaded.adapter->attach();
  }
  if (loaded.tokenizer_if_there) check_fits(*loaded.tokenizer_if_there, *loaded.model);
  return loaded;
}

Loaded load_pretrained(const fs::path& path, const models::LoadOptions& options) {
  return load_pretrained(pretrained_files(path), options);
}

std::optional<ChatTemplate> chat_template_of(const Tokenizer& tokenizer) {
  const auto source = tokenizer.chat_template();
  if (!source) return std::nullopt;
  return ChatTemplate(*source, tokenizer.chat_template_place());
}

}  // namespace linnet
