#include "linnet/models/loader.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <set>

#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/base/parallel.h"
#include "linnet/io/checkpoint.h"
#include "linnet/io/folder.h"
#include "linnet/io/gguf.h"
#include "linnet/models/layout.h"
#include "linnet/models/roles.h"
#include "linnet/models/tying.h"
#include "linnet/models/unused_fields.h"
#include "linnet/nn/sinusoids.h"

namespace linnet::models {
namespace {

std::vector<double> factors_in(const GgufFile& file, const char* name) {
  if (file.find_tensor(name) == nullptr) return {};
  const Tensor factors = file.read(name);
  check(factors.dtype() == DType::kF32, ErrorKind::kBadInput, "{}: tensor '{}' is {}, not F32; convert the model again",
        file.place(), name, info(factors.dtype()).name);
  return {factors.data<float>().begin(), factors.data<float>().end()};
}

// The divisor of each frequency in a GGUF file: one for all lengths (Llama 3), or longrope's two.
void read_rope_factors(const GgufFile& file, Rope& rope, std::int64_t max_positions) {
  const std::vector<double> always = factors_in(file, "rope_freqs.weight");
  rope.short_factor = factors_in(file, "rope_factors_short.weight");
  rope.long_factor = factors_in(file, "rope_factors_long.weight");
  if (always.empty() && rope.short_factor.empty()) return;
  rope.kind = RopeKind::kLongRope;
  if (always.empty()) return;
  rope.short_factor = rope.long_factor = always;
  rope.attention_factor = 1;
  rope.original_max_positions = static_cast<double>(max_positions);
}

// Warns about tensors of the stack without a parameter: more layers or other biases than the configuration has.
// Transformers ignores them too. Tensors of another head are ignored silently; other unknown names are errors.
void warn_unused(const Model& model, const std::set<std::string, std::less<>>& names, const std::string& place) {
  if (model.config().encoder_alone) return;  // the decoder's are not used
  const Roles roles(model.config());
  std::vector<std::string> unused;
  for (const std::string& name : names) {
    const std::string ours = to_ours(model.family(), name, place);
    const auto role = roles.of(ours);
    if (!ours.empty() && !(role && nn::is_head_or_pooler(*role))) unused.push_back(name);
  }
  if (!unused.empty())
    warn("{}: {} tensors are not used, the first is '{}': the configuration has no parameter for it", place,
         unused.size(), unused.front());
}

// Derives from the tensors what no key specifies: an output matrix, biases.
void settle_presence(TransformerConfig& config, const GgufFile& file, const Family& family) {
  TransformerConfig all = config;
  all.layers = 1;
  all.head = HeadKind::kCausalLm;
  all.tie_embeddings = false;
  all.attention_bias = all.attention_output_bias = all.ffn_bias = true;
  config.tie_embeddings = true;
  config.attention_bias = config.attention_output_bias = config.ffn_bias = false;
  nn::Transformer transformer(all);
  for (const nn::Parameter& p : nn::parameters(transformer)) {
    const std::string name = to_gguf(family, p.name);
    if (name.empty() || file.find_tensor(name) == nullptr) continue;
    if (p.role == nn::Role::kOutput) config.tie_embeddings = false;
    if (p.part != nn::Part::kBias) continue;
    if (p.role == nn::Role::kQuery || p.role == nn::Role::kQkv) config.attention_bias = true;
    if (p.role == nn::Role::kAttentionOutput) config.attention_output_bias = true;
    if (p.role == nn::Role::kUp) config.ffn_bias = true;
  }
}

Tensor sinusoidal_table(const Shape& shape, nn::Sines sines) {
  std::vector<std::int32_t> positions(static_cast<std::size_t>(shape[0]));
  std::iota(positions.begin(), positions.end(), 0);
  return nn::sinusoids(positions, shape[1], sines);
}

// A buffer that the files lack: fixed positions, or constants of 0.
Tensor usual_buffer(const nn::Parameter& buffer) {
  return buffer.role == nn::Role::kPositionTable ? sinusoidal_table(buffer.shape, nn::Sines::kFirstHalf)
                                                 : Tensor::zeros(buffer.shape);
}

}  // namespace

std::optional<DType> wanted_type(WeightType type) {
  switch (type) {
    case WeightType::kAuto:
      return std::nullopt;
    case WeightType::kF32:
      return DType::kF32;
    case WeightType::kBF16:
      return DType::kBF16;
    case WeightType::kF16:
      return DType::kF16;
    case WeightType::kQ8:
      return DType::kQ8_0;
    case WeightType::kQ4:
      return DType::kQ4_1;
  }
  return std::nullopt;
}

DType kept_type(const StoredTensor& stored, WeightType type) {
  if (stored.shape.size() < 2) return DType::kF32;
  // Products convert blocks themselves, so a converted copy is not needed.
  if ((type == WeightType::kF32 || type == WeightType::kBF16) && info(stored.dtype).quantized) return stored.dtype;
  const DType wanted = wanted_type(type).value_or(stored.dtype);
  // Rows that are not whole blocks stay exact.
  const bool fills = stored.shape.back() % info(wanted).block_elements == 0;
  return wanted == DType::kF64 || !fills ? DType::kF32 : wanted;
}

void check_stored(const nn::Parameter& parameter, const StoredTensor& stored, std::string_view name,
                  const std::filesystem::path& place) {
  check(info(stored.dtype).floating, ErrorKind::kBadInput, "{}: tensor '{}' holds {}, not weights; save them as floats",
        place.string(), printable(name), info(stored.dtype).name);
  check(stored.shape == parameter.shape, ErrorKind::kBadInput, "{}: tensor '{}' is {}, the configuration says {}; {}",
        place.string(), printable(name), to_string(stored.shape), to_string(parameter.shape),
        nn::is_head_or_pooler(parameter.role)
            ? format_printable("correct id2label and num_labels, or train another head ({})", option("head_rule"))
            : Printable("take the config.json of these weights"));
}

Tensor convert_weight(const Tensor& value, DType type) {
  if (value.dtype() == type) return value;
  const std::int64_t cols = value.rank() == 0 ? 1 : value.size(-1), rows = cols == 0 ? 0 : value.numel() / cols;
  Tensor out = Tensor::empty(value.shape(), type);
  const std::size_t in_bytes = row_bytes(value.dtype(), cols), out_bytes = row_bytes(type, cols);
  parallel_for(rows, 64, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> row(static_cast<std::size_t>(cols));
    for (std::int64_t r = begin; r < end; ++r) {
      backend(kCpu).to_float(value.raw() + static_cast<std::size_t>(r) * in_bytes, value.dtype(), row.data(), 1, cols);
      backend(kCpu).from_float(row.data(), type, out.raw() + static_cast<std::size_t>(r) * out_bytes, 1, cols);
    }
  });
  if (value.storage()->mapped()) release_pages(value.raw(), value.bytes());
  return out;
}

std::unique_ptr<Model> load_model(const ModelFiles& files, const LoadOptions& options) {
  return ModelLoader(files, options).load();
}

std::unique_ptr<Model> ModelLoader::load() {
  const Presence there = presence(folder_);
  check(there != Presence::kAbsent, ErrorKind::kBadInput,
        "{}: there is no such model; give a folder with config.json, a .gguf file or a repository that `linnet pull` "
        "fetched",
        folder_.string());
  auto model = there == Presence::kFolder ? load_folder() : load_gguf();
  model->to(options_.device);
  return model;
}

void ModelLoader::apply_options(TransformerConfig& config) const {
  if (!options_.labels.empty()) config.labels = options_.labels;
  if (options_.problem != ProblemType::kInferred) config.problem = options_.problem;
  if (options_.classifier) config.classifier = *options_.classifier;
  if (options_.pooling) config.pooling = *options_.pooling;
}

void ModelLoader::place(Model& model, const nn::Parameter& parameter, const Tensor& value,
                        const std::string& name) const {
  if (value.shape() != parameter.shape && nn::is_head_or_pooler(parameter.role) && options_.new_head) return;
  check_stored(parameter, {value.dtype(), value.shape()}, name, folder_);
  if (value.rank() < 2) model.stored_vectors_ = value.dtype() == DType::kF64 ? DType::kF32 : value.dtype();
  const DType type = kept_type({value.dtype(), value.shape()}, options_.dtype);
  *parameter.tensor = convert_weight(value, parameter.part == nn::Part::kBuffer ? DType::kF32 : type);
}

std::unique_ptr<Model> ModelLoader::load_folder() {
  const auto config_file = folder_ / "config.json";
  const Json& json = files_.config_json();
  const Family& family = files_.family();
  if (json.contains("auto_map"))
    note("{}: its own code (auto_map) is never run; {} is built in", config_file.string(), family.model_type);
  ConfigFields fields = ConfigFields::reader(json, config_file.string());
  TransformerConfig config = read_config(fields, family, options_.head);
  warn_unknown_fields(fields, family);
  apply_options(config);
  if (!options_.from_scratch) settle_tying(config, family, files_.checkpoint(), folder_.string());
  std::unique_ptr<Model> model(new Model(family, config));
  model->files_ = std::make_shared<ModelFiles>(files_);
  if (options_.from_scratch) {
    initialise(*model, options_.seed);
    model->transformer_.tie();
    return model;
  }
  fill(*model, files_.checkpoint());
  return model;
}

void ModelLoader::fill(Model& model, const CheckpointReader& checkpoint) const {
  const std::string folder = folder_.string();
  std::set<std::string, std::less<>> left(checkpoint.names().begin(), checkpoint.names().end());
  std::vector<nn::Parameter> missing;
  for (const nn::Parameter& parameter : model.parameters()) {
    const auto names = stored_names(*model.family_, model.config(), parameter,
                                    [&](const std::string& name) { return checkpoint.has(name); });
    if (names.empty()) {
      missing.push_back(parameter);
      continue;
    }
    for (const std::string& other : names) {
      const bool same = other == names.front() || same_values(checkpoint.read(names.front()), checkpoint.read(other));
      check(same || parameter.role != nn::Role::kTokenTable || model.config().stack != nn::Stack::kEncoderDecoder,
            ErrorKind::kBadInput, "{}: '{}' and '{}' differ; token tables of two stacks are not supported", folder,
            names.front(), other);
      if (!same)
        warn("{}: '{}' is used; '{}' fills the same parameter with other values and is left out", folder, names.front(),
             other);
      left.erase(other);
    }
    place(model, parameter, checkpoint.read(names.front()), names.front());
    if (!*parameter.tensor) missing.push_back(parameter);
  }
  warn_unused(model, left, folder);
  finish(model, missing, folder);
}

std::unique_ptr<Model> ModelLoader::load_gguf() {
  const auto& file = files_.gguf();
  const Family& family = files_.family();
  TransformerConfig config = gguf_transformer_config(*file, family, options_.head, UnknownFields::kWarn);
  apply_options(config);
  const Layout stored = family.gguf_layout;
  std::unique_ptr<Model> model(new Model(family, config));
  model->files_ = std::make_shared<ModelFiles>(files_);
  if (options_.from_scratch) {
    initialise(*model, options_.seed);
    model->transformer_.tie();
    return model;
  }
  std::set<std::string, std::less<>> left;
  for (const GgufTensor& tensor : file->tensors()) left.insert(tensor.name);
  std::vector<nn::Parameter> missing;
  for (const nn::Parameter& parameter : model->parameters()) {
    const std::string name = to_gguf(family, parameter.name);
    if (name.empty() || file->find_tensor(name) == nullptr) {
      missing.push_back(parameter);
      continue;
    }
    Tensor value = file->read(name);
    if (value.shape() == parameter.shape) value = relaid(value, parameter.role, config, stored, layout_of(config));
    place(*model, parameter, value, name);
    left.erase(name);
  }
  for (const char* name : {"rope_freqs.weight", "rope_factors_short.weight", "rope_factors_long.weight"})
    left.erase(name);
  left.erase("dec.blk.0.cross_attn_rel_b.weight");  // early T5 files; no layer reads it
  check(left.empty(), ErrorKind::kBadInput,
        "{}: tensor '{}' belongs to no parameter of a {} model; the file is of another model", folder_.string(),
        left.empty() ? "" : printable(*left.begin()), family.model_type);
  finish(*model, missing, folder_.string());
  return model;
}

void ModelLoader::finish(Model& model, const std::vector<nn::Parameter>& missing, const std::string& place) const {
  TransformerConfig config = model.config();
  bool head_missing = false;
  for (const nn::Parameter& parameter : missing) {
    if (parameter.part == nn::Part::kBuffer) {
      *parameter.tensor = usual_buffer(parameter);
      continue;
    }
    const bool pooler = parameter.role == nn::Role::kPooler;
    if (pooler && config.head == HeadKind::kNone) {
      config.pooler = false;
    } else {
      const bool classifier = nn::is_head(parameter.role) && config.head != HeadKind::kCausalLm;
      check(classifier || pooler, ErrorKind::kBadInput,
            "{}: the checkpoint has no tensor for '{}'; it is incomplete or of another architecture", place,
            model.checkpoint_name(parameter.name));
      head_missing = true;
      model.pooler_drawn_ = model.pooler_drawn_ || pooler;
    }
  }
  if (!config.pooler && model.config().pooler) model.transformer_.replace_head(config);
  if (head_missing) {
    config.head_trained = false;
    initialise(model, options_.seed);
    model.set_head_trained(false);
  }
  model.transformer_.tie();
  if (options_.dtype == WeightType::kF32) model.pass_.precision = Precision::kF32;
  if (options_.dtype == WeightType::kBF16) model.pass_.precision = Precision::kBF16;
}

void ModelLoader::initialise(Model& model, std::uint64_t seed) {
  std::uint64_t stream = 0;
  for (const nn::Parameter& parameter : model.parameters()) {
    ++stream;
    if (*parameter.tensor) continue;
    Tensor value = parameter.part == nn::Part::kBuffer ? usual_buffer(parameter) : Tensor::zeros(parameter.shape);
    const bool norm = nn::is_norm(parameter.role);
    if (parameter.part == nn::Part::kWeight) {
      Rng rng(seed, stream);
      const auto range = static_cast<float>(model.config().initializer_range);
      for (float& v : value.data<float>())
        v = norm ? 1.0f - static_cast<float>(model.config().norm_offset) : range * rng.normal();
      if (parameter.role == nn::Role::kPositionTable && model.config().sinusoidal_positions)
        value = sinusoidal_table(parameter.shape, nn::Sines::kEvenColumns);
    }
    *parameter.tensor = value.to(model.device());
  }
}

TransformerConfig gguf_transformer_config(const GgufFile& file, const Family& family, std::optional<HeadKind> head,
                                          UnknownFields unknown) {
  check(has_gguf(family), ErrorKind::kBadInput, "{}: GGUF files of {} models are not supported; use the folder",
        file.place(), family.model_type);
  const Json metadata = gguf_config(file);
  ConfigFields fields = ConfigFields::gguf_reader(metadata, file.place());
  TransformerConfig config = read_config(fields, family, head);
  if (unknown == UnknownFields::kWarn) warn_unknown_fields(fields, family);
  settle_presence(config, file, family);
  read_rope_factors(file, config.rope, config.max_positions);
  const auto id = [&](const char* key) { return file.integer(fmt::format("tokenizer.ggml.{}_token_id", key)); };
  config.bos_id = id("bos").value_or(-1);
  config.pad_id = id("padding").value_or(-1);
  config.eos_ids.clear();
  for (const char* key : {"eos", "eot"})
    if (const auto found = id(key)) config.eos_ids.push_back(*found);
  return config;
}

Json gguf_config(const GgufFile& file) {
  const std::string architecture = file.architecture(), prefix = architecture + ".";
  Json json = Json::object();
  for (const GgufEntry& entry : file.entries()) {
    if (!entry.key.starts_with(prefix) || entry.type == GgufType::kArray) continue;
    const std::string key(entry.key.substr(prefix.size()));
    if (entry.type == GgufType::kString)
      json[key] = file.string(entry.key).value_or("");
    else if (entry.type == GgufType::kBool)
      json[key] = file.boolean(entry.key).value_or(false);
    else if (entry.type == GgufType::kF32)  // the shortest decimal: 1e-05, not 9.99999974737875e-06
      json[key] =
          std::strtod(fmt::format("{}", static_cast<float>(file.number(entry.key).value_or(0))).c_str(), nullptr);
    else if (entry.type == GgufType::kF64)
      json[key] = file.number(entry.key).value_or(0);
    else
      json[key] = file.integer(entry.key).value_or(0);
  }
  if (file.find_tensor("dec.output_norm.weight") != nullptr) {  // what no key of an encoder-decoder specifies
    const bool gated = file.find_tensor("enc.blk.0.ffn_gate.weight") != nullptr;
    if (!json.contains("feed_forward_proj")) json["feed_forward_proj"] = gated ? "gated-gelu" : "relu";
    json["tie_word_embeddings"] = file.find_tensor("output.weight") == nullptr;
  }
  const Family* const family = find_gguf_family(architecture);
  json["model_type"] = family != nullptr ? std::string(family->model_type) : architecture;
  if (!json.contains("vocab_size"))
    if (const GgufTensor* table = file.find_tensor("token_embd.weight"); table != nullptr && table->shape.size() == 2)
      json["vocab_size"] = table->shape[0];
  if (const GgufEntry* tokens = file.find("tokenizer.ggml.tokens"); tokens != nullptr && !json.contains("vocab_size"))
    json["vocab_size"] = tokens->count;
  if (const GgufTensor* types = file.find_tensor("token_types.weight"); types != nullptr && types->shape.size() == 2)
    json["token_type_count"] = types->shape[0];
  return json;
}

}  // namespace linnet::models
