#include "linnet/models/gguf_saver.h"

#include <map>

#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/io/gguf_writer.h"
#include "linnet/models/layout.h"
#include "linnet/models/loader.h"
#include "linnet/models/saver.h"
#include "linnet/models/sentence_folder.h"
#include "linnet/nn/rope.h"

namespace linnet::models {
namespace {

using nn::Role;

// Tables and output matrices have the same names in files of all architectures.
constexpr std::pair<std::string_view, Role> kRoles[] = {{"token_embd.weight", Role::kTokenTable},
                                                        {"position_embd.weight", Role::kPositionTable},
                                                        {"token_types.weight", Role::kTypeTable},
                                                        {"enc.blk.0.attn_rel_b.weight", Role::kDistanceTable},
                                                        {"dec.blk.0.attn_rel_b.weight", Role::kDistanceTable},
                                                        {"output.weight", Role::kOutput}};
std::optional<Role> gguf_role(std::string_view name) {
  for (const auto& [known, role] : kRoles)
    if (known == name) return role;
  return std::nullopt;
}

// The type of a tensor in the file.
DType type_of(std::optional<Role> role, const Shape& shape, DType own, WeightType wanted) {
  const bool small = role == Role::kPositionTable || role == Role::kTypeTable || role == Role::kDistanceTable;
  if (shape.size() < 2 || small) return DType::kF32;
  DType type = wanted_type(wanted).value_or(own == DType::kF64 ? DType::kF32 : own);
  const bool vocabulary = role == Role::kTokenTable || role == Role::kOutput;
  if (wanted == WeightType::kQ4 && vocabulary) type = DType::kQ8_0;
  return shape.back() % info(type).block_elements == 0 ? type : DType::kF32;
}

// The type of most values.
DType most_common(const std::map<DType, std::int64_t>& values) {
  std::pair<DType, std::int64_t> best{DType::kF32, 0};
  for (const auto& [type, count] : values)
    if (count > best.second) best = {type, count};
  return best.first;
}

void put_types(GgufWriter& out, const std::map<DType, std::int64_t>& values) {
  if (const int number = info(most_common(values)).gguf_file_number; number >= 0)
    out.set("general.file_type", static_cast<std::uint32_t>(number));
  for (const auto& [type, count] : values)
    if (info(type).quantized) return out.set("general.quantization_version", std::uint32_t{2});
}

void put_number(GgufWriter& out, const std::string& key, const Json& value) {
  if (value.is_boolean())
    out.set(key, value.get<bool>());
  else if (value.is_number_float())
    out.set(key, value.get<float>());
  else if (value.is_string())
    out.set(key, std::string_view(value.get_ref<const std::string&>()));
  else
    out.set(key, static_cast<std::uint32_t>(value.get<std::int64_t>()));
}

bool same_rope(const std::optional<Rope>& a, const std::optional<Rope>& b) {
  return a.has_value() == b.has_value() &&
         (!a || (a->kind == b->kind && a->theta == b->theta && a->factor == b->factor));
}

std::string gguf_architecture_of(const Family& family) {
  return std::string(family.gguf_architecture.empty() ? family.model_type : family.gguf_architecture);
}

// Choices without a GGUF key must have the value that llama.cpp assumes. Families that share an architecture are read
// as one of them.
void check_understood(const Json& metadata, const Family& written, const TransformerConfig& config,
                      std::string_view place) {
  const Family& family = *find_gguf_family(gguf_architecture_of(written));
  Json all = metadata;
  all["model_type"] = std::string(family.model_type);
  all["tie_word_embeddings"] = config.tie_embeddings;
  ConfigFields fields = ConfigFields::gguf_reader(all, std::string(place));
  const TransformerConfig read = read_config(fields, family);
  const std::pair<const char*, bool> same[] = {
      {"activation", read.activation == config.activation},
      {"attention scale", read.attention_scale == config.attention_scale},
      {"residual", read.residual == config.residual},
      {"attention scale", read.attention_scale_dim == config.attention_scale_dim},
      {"soft caps", read.attention_softcap == config.attention_softcap && read.output_softcap == config.output_softcap},
      {"rotary positions of windows", same_rope(read.window_rope, config.window_rope)},
      {"layers without positions", read.unrotated_layers == config.unrotated_layers},
      {"window of attention", read.window == config.window && read.window_layers == config.window_layers},
      {"feed-forward network", read.ffn_kind == config.ffn_kind},
      {"largest distance", read.distance_reach == config.distance_reach},
      {"scale of outputs", read.output_divisor == config.output_divisor},
      {"head size", read.head_dim == config.head_dim},
      {"head", config.head == family.gguf_head || config.head == HeadKind::kNone}};
  for (const auto& [what, holds] : same)
    check(holds, ErrorKind::kBadInput, "{}: a GGUF file of a {} model cannot say which {} this one has; save a folder",
          place, written.model_type, what);
}

Json metadata_of(const Model& model) {
  Json metadata = Json::object();
  TransformerConfig config = model.config();
  ConfigFields fields = ConfigFields::gguf_writer(metadata, model.place().string());
  walk_fields(fields, model.family(), config);
  check_understood(metadata, model.family(), model.config(), model.place().string());
  return metadata;
}

void put_vocabulary(GgufWriter& out, const GgufVocabulary& v) {
  const auto key = [](std::string_view name) { return fmt::format("tokenizer.ggml.{}", name); };
  out.set(key("model"), v.model);
  if (!v.pre.empty()) out.set(key("pre"), v.pre);
  out.set(key("tokens"), std::span<const std::string>(v.tokens));
  if (!v.scores.empty()) out.set(key("scores"), std::span<const float>(v.scores));
  if (!v.token_types.empty()) out.set(key("token_type"), std::span<const std::int32_t>(v.token_types));
  if (!v.merges.empty()) out.set(key("merges"), std::span<const std::string>(v.merges));
  const std::pair<const char*, std::optional<std::int64_t>> ids[] = {
      {"bos", v.bos},     {"eos", v.eos},       {"eot", v.eot},
      {"unknown", v.unk}, {"seperator", v.sep},  // the key's actual spelling
      {"padding", v.pad}, {"cls", v.cls},       {"mask", v.mask}};
  for (const auto& [name, id] : ids)
    if (id) out.set(key(fmt::format("{}_token_id", name)), static_cast<std::uint32_t>(*id));
  const std::pair<const char*, std::optional<bool>> flags[] = {
      {"add_bos_token", v.add_bos},
      {"add_eos_token", v.add_eos},
      {"add_sep_token", v.add_sep},
      {"add_space_prefix", v.add_space_prefix},
      {"remove_extra_whitespaces", v.remove_extra_whitespaces}};
  for (const auto& [name, flag] : flags)
    if (flag) out.set(key(name), *flag);
  if (!v.precompiled_charsmap.empty()) out.set_bytes(key("precompiled_charsmap"), v.precompiled_charsmap);
  if (!v.chat_template.empty()) out.set("tokenizer.chat_template", v.chat_template);
}

// Frequencies that are divided by constants (Llama 3), or by one of two lists (longrope), are in tensors, not in keys.
void put_rope_factors(GgufWriter& out, const TransformerConfig& config) {
  const auto put = [&](const char* name, const std::vector<float>& factors) {
    const Tensor values = Tensor::from(factors, {static_cast<std::int64_t>(factors.size())});
    out.add(name, DType::kF32, values.shape(), [values] { return values; });
  };
  const Rope& rope = config.rope;
  if (rope.kind == RopeKind::kLongRope && !rules::divides_by_constants(rope)) {
    put("rope_factors_long.weight", {rope.long_factor.begin(), rope.long_factor.end()});
    return put("rope_factors_short.weight", {rope.short_factor.begin(), rope.short_factor.end()});
  }
  TransformerConfig plain = config;
  plain.rope.kind = RopeKind::kDefault;
  const auto scaled = nn::rope_frequencies(config, 1).inverse, unscaled = nn::rope_frequencies(plain, 1).inverse;
  std::vector<float> factors;
  for (std::size_t i = 0; i < scaled.size(); ++i) factors.push_back(unscaled[i] / scaled[i]);
  put("rope_freqs.weight", factors);
}

// Writes the pooling of a sentence-transformers folder, which is not part of the model's config.
void put_pooling(GgufWriter& out, const Model& model, const std::string& architecture) {
  if (!is_folder(model.place())) return;
  const std::string place = model.place().string();
  const SentenceFolder folder = read_sentence_folder(model.place());
  for (const SentenceModulePtr& module : folder.modules)
    check(module->normalizes(), ErrorKind::kBadInput,
          "{}: has a module after the pooling (Dense, LayerNorm), which a GGUF file cannot hold; save a folder", place);
  if (!folder.modules.empty())
    warn("{}: a GGUF file cannot specify that vectors have length 1; embed with {}", place, option("unit"));
  if (folder.lower_case || folder.truncate_dim > 0 || !folder.default_prompt.empty())
    warn("{}: do_lower_case, truncate_dim and prompts have no place in a GGUF file and are left out", place);
  if (!folder.pooling) return;
  const std::vector<EmbedPooling>& modes = folder.pooling->modes;
  const bool known = modes.size() == 1 && modes[0] <= EmbedPooling::kLast && folder.pooling->include_prompt;
  check(known, ErrorKind::kBadInput, "{}: a GGUF file has no number for its pooling ({}); save a folder", place,
        pooling_name(modes[0]));
  out.set(architecture + ".pooling_type", static_cast<std::uint32_t>(modes[0]));
}

}  // namespace

void save_gguf(Model& model, const std::filesystem::path& file, const GgufOptions& options) {
  const Family& family = model.family();
  check(has_gguf(family), ErrorKind::kBadInput, "{}: GGUF files of {} models are not supported; save a folder",
        model.place().string(), family.model_type);
  const TransformerConfig& config = model.config();
  const std::string architecture = gguf_architecture_of(family);
  const Json metadata = metadata_of(model);
  const Layout here = layout_of(config), there = family.gguf_layout;
  GgufWriter out(file);
  out.set("general.architecture", architecture);
  out.set("general.type", "model");
  if (!options.name.empty()) out.set("general.name", options.name);
  for (const auto& [key, value] : metadata.items()) put_number(out, fmt::format("{}.{}", architecture, key), value);
  put_pooling(out, model, architecture);
  if (config.token_types > 0)
    out.set("tokenizer.ggml.token_type_count", static_cast<std::uint32_t>(config.token_types));

  std::map<DType, std::int64_t> values;
  for (const nn::Parameter& p : model.parameters()) {
    const std::string name = to_gguf(family, p.name);
    if (name.empty() && p.role == Role::kPooler) continue;  // as in llama.cpp's converter: embeddings are pooled rows
    check(!name.empty(), ErrorKind::kBadInput, "{}: a GGUF file of a {} model has no place for '{}'; save a folder",
          model.place().string(), architecture, model.checkpoint_name(p.name));
    Tensor value = *p.tensor;
    // Files have no rows before that of a text's first token.
    if (p.role == Role::kPositionTable) value = value.slice(0, config.position_offset, value.size(0));
    const bool turns = transposes(value, p.role, here, there);
    Shape shape = value.shape();
    if (turns) std::swap(shape[0], shape[1]);
    const DType type = type_of(p.role, shape, value.dtype(), options.dtype);
    values[type] += value.numel();
    out.add(name, type, shape, [=, &config, &model, ours = p.name, role = p.role] {
      const Tensor plain = turns && info(value.dtype()).quantized ? convert_weight(value, DType::kF32) : value;
      Tensor stored = convert_weight(relaid(plain, role, config, here, there), type);
      check_saved(value, stored, model.checkpoint_name(ours), model.place());
      return stored;
    });
  }
  const bool in_tensors = config.rope.kind == RopeKind::kLlama3 || config.rope.kind == RopeKind::kLongRope;
  if (in_tensors && config.positions == Positions::kRotary) put_rope_factors(out, config);
  put_types(out, values);
  if (options.vocabulary) put_vocabulary(out, *options.vocabulary);
  out.finish(options.progress);
}

void convert_gguf(const GgufFile& source, const std::filesystem::path& file, const GgufOptions& options) {
  GgufWriter out(file);
  for (const GgufEntry& entry : source.entries())
    if (entry.key != "general.file_type" && entry.key != "general.quantization_version" &&
        entry.key != "general.alignment" && !entry.key.starts_with("split."))  // the result is one file
      out.copy(source, entry);
  std::map<DType, std::int64_t> values;
  for (const GgufTensor& tensor : source.tensors()) {
    DType type = type_of(gguf_role(tensor.name), tensor.shape, tensor.dtype, options.dtype);
    if (!info(tensor.dtype).floating || options.dtype == WeightType::kAuto) type = tensor.dtype;
    std::int64_t count = 1;
    for (const std::int64_t size : tensor.shape) count *= size;
    values[type] += count;
    out.add(tensor.name, type, tensor.shape, [&source, type, name = tensor.name] {
      const Tensor value = source.read(name);
      Tensor stored = convert_weight(value, type);
      check_saved(value, stored, name, source.place());
      return stored;
    });
  }
  put_types(out, values);
  out.finish(options.progress);
}

}  // namespace linnet::models
