#include "linnet/adapt/adapter.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "linnet/adapt/kinds.h"
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/base/parallel.h"
#include "linnet/io/checkpoint.h"
#include "linnet/models/roles.h"
#include "linnet/models/saver.h"
#include "linnet/nn/finite.h"
#include "linnet/ops/ops.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;
using nn::HeadKind, nn::Role;

bool is_classifier(HeadKind kind) {
  return kind == HeadKind::kSequenceClass || kind == HeadKind::kTokenClass || kind == HeadKind::kQuestionAnswering;
}

std::string task_type(const models::Model& model) {
  switch (model.config().head) {
    case HeadKind::kSequenceClass:
      return "SEQ_CLS";
    case HeadKind::kTokenClass:
      return "TOKEN_CLS";
    case HeadKind::kQuestionAnswering:
      return "QUESTION_ANS";
    case HeadKind::kCausalLm:
      return "CAUSAL_LM";
    case HeadKind::kSeq2SeqLm:
      return "SEQ_2_SEQ_LM";
    default:
      return "FEATURE_EXTRACTION";
  }
}

constexpr std::string_view kBaseLayer = ".base_layer";

// The name of a tensor in the base model: PEFT adds ".base_layer" to a module with a LoRA.
std::string plain_name(std::string name) {
  if (const auto at = name.find(std::string(kBaseLayer) + "."); at != name.npos) name.erase(at, kBaseLayer.size());
  return name;
}

// By all names: some families use the same name for the classifiers of texts and of tokens.
std::map<std::string, nn::Parameter> parameters_by_name(models::Model& model) {
  std::map<std::string, nn::Parameter> parameters;
  for (const nn::Parameter& p : model.parameters())
    for (const std::string& theirs : models::spellings(model.family(), p.name)) parameters.emplace(theirs, p);
  return parameters;
}

bool same_values(const Tensor& a, const Tensor& b) {
  const Tensor x = to_float(a).to(kCpu), y = to_float(b).to(kCpu);
  return x.shape() == y.shape() && std::memcmp(x.raw(), y.raw(), x.bytes()) == 0;
}

// PEFT also stores the base weights of a LoRA on the token table or the output matrix. If they differ from the base's
// they replace them, in a tied model on both sides (kReplace), or are refused (kSame).
enum class BaseLayers : std::uint8_t { kReplace, kSame };
std::vector<std::pair<std::string, std::string>> take_base_layers(models::Model& model, PeftTensors& tensors,
                                                                  std::string_view place, BaseLayers use) {
  const models::Roles roles(model.config());
  std::vector<std::pair<std::string, std::string>> names;
  for (auto at = tensors.begin(); at != tensors.end();) {
    const auto& [name, value] = *at;
    if (!name.ends_with(std::string(kBaseLayer) + ".weight")) {
      ++at;
      continue;
    }
    std::string ours = models::to_ours(model.family(), plain_name(name), place);
    names.emplace_back(name, ours);
    if (model.config().tie_embeddings && roles.of(ours) == Role::kOutput) ours = roles.weight(Role::kTokenTable);
    bool known = false;
    for (const nn::Parameter& p : model.parameters()) {
      if (p.name != ours) continue;
      known = true;
      check(p.shape == value.shape(), ErrorKind::kBadInput, "{}: tensor '{}' has shape {}, the model wants {}", place,
            name, to_string(value.shape()), to_string(p.shape));
      if (same_values(*p.tensor, value)) continue;
      check(use == BaseLayers::kReplace, ErrorKind::kBadInput,
            "{}: '{}' is not what the base has there, which other requests read; use the adapter for the whole model",
            place, name);
      warn("{}: '{}' is not what the base has there; the adapter's is used, as in PEFT", place, name);
      *p.tensor = trainable_copy(value, model.device());
      p.tensor->set_requires_grad(false);
    }
    check(known, ErrorKind::kBadInput, "{}: tensor '{}' belongs to no parameter of the base model", place, name);
    at = tensors.erase(at);
  }
  return names;
}

// Unties the model if an adapter replaces or updates one of two tied matrices: the other keeps the base's values.
void untie_where_needed(models::Model& model, const PeftTensors& tensors, std::string_view place) {
  if (!model.config().tie_embeddings) return;
  const models::Roles roles(model.config());
  for (const auto& [name, value] : tensors) {
    if (name.ends_with("prompt_embeddings")) continue;
    const auto role = roles.of(models::to_ours(model.family(), name, place));
    if (role == Role::kTokenTable || role == Role::kOutput) return model.untie();
  }
}

// The module of PEFT's modules_to_save that a parameter belongs to: "classifier", "pooler".
std::string saved_module(const models::Model& model, const nn::Parameter& p) {
  std::string theirs = model.checkpoint_name(p.name);
  if (const std::string_view prefix = model.family().prefix; theirs.starts_with(prefix)) theirs.erase(0, prefix.size());
  return theirs.substr(0, theirs.find('.'));
}

// A LoRA whose adapter is gone gives way to the next.
void put_on(models::Model& model, std::shared_ptr<const nn::LoraUpdates> lora) {
  if (lora == nullptr) return;
  std::vector<nn::LoraRows>& now = model.pass().lora;
  check(now.empty() || now.front().updates.use_count() == 1,
        "the model has a LoRA already; merge it, or load the other for single requests");
  now = {{std::move(lora)}};
}

}  // namespace

Tensor trainable_copy(const Tensor& stored, Device device) {
  Tensor own = to_float(stored).to(device);
  if (own.same(stored)) own = own.clone();
  own.set_requires_grad();
  return own;
}

std::unique_ptr<Adapter> Adapter::create(models::Model& model, const AdapterMethod& method,
                                         const AdapterOptions& options) {
  PeftConfig config;
  config.task_type = task_type(model);
  config.base = options.base.empty() ? model.place().string() : options.base;
  if (is_classifier(model.config().head)) {
    for (const nn::Parameter& p : model.parameters()) {
      if (!nn::is_head(p.role) && !(p.role == Role::kPooler && model.pooler_drawn())) continue;
      const std::string module = saved_module(model, p);
      if (std::find(config.saved_modules.begin(), config.saved_modules.end(), module) == config.saved_modules.end())
        config.saved_modules.push_back(module);
    }
  }
  std::unique_ptr<Adapter> made;
  if (const Lora* lora = std::get_if<Lora>(&method))
    made = create_lora(model, *lora, std::move(config), options.seed);
  else if (const PromptTuning* prompt = std::get_if<PromptTuning>(&method))
    made = create_prompt_tuning(model, *prompt, std::move(config), options.seed);
  else
    made = create_prefix_tuning(model, std::get<PrefixTuning>(method), std::move(config), options.seed);
  for (const nn::Parameter& p : made->head_parameters()) *p.tensor = trainable_copy(*p.tensor, p.tensor->device());
  put_on(model, made->lora());
  return made;
}

std::unique_ptr<Adapter> Adapter::read(models::Model& model, PeftConfig config, PeftTensors& tensors,
                                       std::string_view place) {
  switch (config.kind) {
    case AdapterKind::kLora:
      return load_lora(model, std::move(config), tensors, place);
    case AdapterKind::kPromptTuning:
      return load_prompt_tuning(model, std::move(config), tensors, place);
    case AdapterKind::kPrefixTuning:
      return load_prefix_tuning(model, std::move(config), tensors, place);
  }
  return nullptr;
}

std::unique_ptr<Adapter> Adapter::load(models::Model& model, const AdapterFiles& files) {
  const std::string place = files.folder().string();
  PeftTensors tensors = files.tensors();
  auto base_layers = take_base_layers(model, tensors, place, BaseLayers::kReplace);
  untie_where_needed(model, tensors, place);
  std::unique_ptr<Adapter> made = read(model, files.config(), tensors, place);
  made->put_saved_tensors(tensors, place);
  made->base_layers_ = std::move(base_layers);
  put_on(model, made->lora());
  model.share_tokens();
  return made;
}

std::shared_ptr<const nn::SequenceAdapter> load_sequence_adapter(models::Model& model, const AdapterFiles& files) {
  const std::string place = files.folder().string();
  PeftTensors tensors = files.tensors();
  take_base_layers(model, tensors, place, BaseLayers::kSame);
  const auto adapter = Adapter::read(model, files.config(), tensors, place);
  for (const auto& [name, value] : tensors)
    check(models::to_ours(model.family(), plain_name(name), place).empty(), ErrorKind::kBadInput,
          "{}: tensor '{}' replaces one of the base model, which other requests read; use the adapter for the whole "
          "model, or merge it",
          place, name);
  for (const nn::Parameter& p : adapter->own_parameters()) p.tensor->set_requires_grad(false);
  return std::make_shared<nn::SequenceAdapter>(
      nn::SequenceAdapter{.lora = adapter->lora(), .virtual_tokens = adapter->virtual_tokens()});
}

// Loads the other tensors of an adapter's file: modules that were trained in full (the head), biases.
void Adapter::put_saved_tensors(const PeftTensors& tensors, std::string_view place) {
  auto parameters = parameters_by_name(*model_);
  for (const auto& [name, value] : tensors) {
    const std::string plain = plain_name(name);
    if (models::to_ours(model_->family(), plain, place).empty()) continue;
    const auto found = parameters.find(plain);
    check(found != parameters.end(), ErrorKind::kBadInput, "{}: tensor '{}' belongs to no parameter of the base model",
          place, name);
    const nn::Parameter& p = found->second;
    check(p.shape == value.shape(), ErrorKind::kBadInput,
          "{}: tensor '{}' has shape {}, the model wants {}; give the base the labels of the adapter", place, name,
          to_string(value.shape()), to_string(p.shape));
    saved_.push_back({name, p.name, p.tensor->dtype()});
    if (nn::is_head(p.role)) model_->set_head_trained(true);
    *p.tensor = trainable_copy(value, model_->device());
  }
}

std::vector<nn::Parameter> Adapter::parameters() {
  std::vector<nn::Parameter> all = own_parameters();
  for (nn::Parameter& p : head_parameters()) all.push_back(std::move(p));
  for (const nn::Parameter& p : all) p.tensor->set_requires_grad();
  return all;
}

bool Adapter::saves(Role role) const {
  const auto& modules = config_.saved_modules;
  const auto parameters = model_->parameters();
  return std::any_of(parameters.begin(), parameters.end(), [&](const nn::Parameter& p) {
    return p.role == role && std::find(modules.begin(), modules.end(), saved_module(*model_, p)) != modules.end();
  });
}

std::vector<nn::Parameter> Adapter::head_parameters() const {
  std::vector<nn::Parameter> head;
  const bool classifier = is_classifier(model_->config().head), pooler = classifier && saves(Role::kPooler);
  for (nn::Parameter& p : model_->parameters()) {
    const bool read = std::any_of(saved_.begin(), saved_.end(), [&](const SavedTensor& s) { return s.ours == p.name; });
    const bool saved = (classifier && nn::is_head(p.role)) || (pooler && p.role == Role::kPooler);
    if (read || saved) head.push_back(std::move(p));
  }
  return head;
}

nn::VirtualTokens Adapter::virtual_tokens() {
  const GradGuard off(false);
  nn::ForwardState state;
  extend(state);
  nn::VirtualTokens tokens;
  if (state.prompt_embeddings) tokens.prompt = state.prompt_embeddings.detach();
  const auto keep = [](std::span<const nn::PrefixKv> from, std::vector<nn::PrefixKv>& to) {
    for (const nn::PrefixKv& layer : from) to.push_back({layer.keys.detach(), layer.values.detach()});
  };
  keep(state.prefix, tokens.prefix);
  keep(state.encoder_prefix, tokens.encoder_prefix);
  keep(state.cross_prefix, tokens.cross_prefix);
  return tokens;
}

void Adapter::attach() { model_->set_virtual_tokens(virtual_tokens()); }

void Adapter::merge() {
  merge_update();
  std::erase_if(model_->pass().lora, [&](const nn::LoraRows& rows) { return rows.updates == lora(); });
  for (const nn::Parameter& p : model_->parameters())
    for (const SavedTensor& saved : saved_)
      if (saved.ours == p.name && !info(saved.base_type).quantized) *p.tensor = cast(*p.tensor, saved.base_type);
  model_->share_tokens();
}

void Adapter::merge_update() {
  fail(ErrorKind::kInvalidArgument,
       "only a LoRA adapter can be merged: a soft prompt or prefix does not change weights");
}

void Adapter::save(const fs::path& folder) const {
  make_folders(folder);
  CheckpointWriter out(folder, "adapter_model");
  put_tensors([&](std::string name, const Tensor& value) { out.add(std::move(name), value); });
  // PEFT's LoRA has one more wrapper around the model than its prompt methods.
  const char* prefix = config_.kind == AdapterKind::kLora ? "base_model.model." : "base_model.";
  for (const nn::Parameter& p : head_parameters()) {
    bool named = false;  // as in the file that it was read from
    for (const SavedTensor& saved : saved_)
      if (saved.ours == p.name) out.add(prefix + saved.theirs, *p.tensor), named = true;
    if (!named) out.add(prefix + model_->checkpoint_name(p.name), *p.tensor);
  }
  for (const nn::Parameter& p : model_->parameters())
    for (const auto& [theirs, ours] : base_layers_)
      if (ours == p.name) out.add(prefix + theirs, info(p.tensor->dtype()).quantized ? to_float(*p.tensor) : *p.tensor);
  out.finish();
  write_file(folder / "adapter_config.json", dump_json(to_json(config_), 2) + "\n");
  if (!is_classifier(model_->config().head)) return;
  write_file(folder / "config.json", dump_json(models::updated_config(*model_), 2) + "\n");
}

nn::Parameter table_of(models::Model& model) {
  for (nn::Parameter& p : model.parameters())
    if (p.role == Role::kTokenTable) return std::move(p);
  fail(ErrorKind::kInvalidArgument, "[adapter] the model has no vocabulary table");
}

Tensor token_table(models::Model& model) { return *table_of(model).tensor; }

std::vector<std::vector<std::int32_t>> nearest_tokens(const Tensor& prompt, const Tensor& token_table, int count) {
  const Tensor rows = to_float(prompt).to(kCpu), table = to_float(token_table).to(kCpu);
  const std::int64_t n = rows.size(0), vocab = table.size(0), dim = rows.size(1);
  const auto p = rows.data<float>(), t = table.data<float>();
  std::vector<std::vector<std::int32_t>> nearest(static_cast<std::size_t>(n));
  for (std::int64_t r = 0; r < n; ++r) {
    std::vector<float> cosine(static_cast<std::size_t>(vocab));
    parallel_for(vocab, 1024, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t v = begin; v < end; ++v) {
        double dot = 0, norm = 1e-12;
        for (std::int64_t d = 0; d < dim; ++d) {
          const double w = t[static_cast<std::size_t>(v * dim + d)];
          dot += w * p[static_cast<std::size_t>(r * dim + d)];
          norm += w * w;
        }
        cosine[static_cast<std::size_t>(v)] = static_cast<float>(dot / std::sqrt(norm));
      }
    });
    std::vector<std::int32_t> ids(cosine.size());
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(i);
    const auto keep = ids.begin() + std::min<std::ptrdiff_t>(count, static_cast<std::ptrdiff_t>(ids.size()));
    std::partial_sort(ids.begin(), keep, ids.end(), [&](std::int32_t a, std::int32_t b) {
      return cosine[static_cast<std::size_t>(a)] > cosine[static_cast<std::size_t>(b)];
    });
    nearest[static_cast<std::size_t>(r)].assign(ids.begin(), keep);
  }
  return nearest;
}

}  // namespace linnet
