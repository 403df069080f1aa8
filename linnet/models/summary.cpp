#include "linnet/models/summary.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "linnet/backend/cpu/cpu.h"
#include "linnet/base/file.h"
#include "linnet/io/folder.h"
#include "linnet/io/gguf.h"
#include "linnet/models/loader.h"
#include "linnet/models/tying.h"
#include "linnet/models/unused_fields.h"

namespace linnet::models {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kProgram = 48u << 20;  // program, libraries, a vocabulary

enum class Names : std::uint8_t { kHuggingFace, kGguf };

std::int64_t numel(const Shape& shape) {
  std::int64_t n = 1;
  for (const std::int64_t size : shape) n *= size;
  return n;
}

void list_tensors(Summary& s, const CheckpointReader& checkpoint) {
  for (const std::string& name : checkpoint.names()) s.tensors.push_back({name, {}, checkpoint.info(name)});
}

// Matches tensors with parameters and counts their elements.
void match_parameters(Summary& s, Names names) {
  std::unordered_map<std::string_view, TensorSummary*> by_name;
  for (TensorSummary& t : s.tensors) by_name.emplace(t.name, &t);
  const auto held = [&](const std::string& name) { return by_name.contains(name); };
  nn::Transformer transformer(*s.config);
  for (const nn::Parameter& parameter : nn::parameters(transformer)) {
    std::vector<std::string> found = names == Names::kGguf ? std::vector{to_gguf(*s.family, parameter.name)}
                                                           : stored_names(*s.family, *s.config, parameter, held);
    std::erase_if(found, [&](const std::string& name) { return !held(name); });
    if (!found.empty()) {
      TensorSummary& tensor = *by_name.at(found.front());
      check_stored(parameter, tensor.stored, tensor.name, s.place);
      tensor.ours = parameter.name;
      tensor.role = parameter.role;
    }
    // Buffers do not count. A missing pooler of a base model is left out; a missing head is randomly initialised on
    // loading.
    const bool buffer = parameter.part == nn::Part::kBuffer;
    const bool left_out = buffer || (parameter.role == nn::Role::kPooler && s.config->head == HeadKind::kNone);
    if (!buffer && (!found.empty() || !left_out)) s.parameters += numel(parameter.shape);
    if (found.empty() && !s.tensors.empty() && !left_out)
      s.missing.push_back(names == Names::kGguf ? to_gguf(*s.family, parameter.name)
                                                : to_theirs(*s.family, parameter.name, *s.config));
  }
}

void find_dtype(Summary& s) {
  std::array<std::size_t, kDTypes.size()> bytes{};
  for (const TensorSummary& t : s.tensors)
    if (info(t.stored.dtype).floating) bytes[static_cast<std::size_t>(t.stored.dtype)] += t.bytes();
  const auto most = std::max_element(bytes.begin(), bytes.end());
  if (*most > 0) s.dtype = static_cast<DType>(most - bytes.begin());
}

void take_config(Summary& s, const TransformerConfig& config) {
  s.config = config;
  if (const ArchitectureName* found = architecture_of(*s.family, config.head, config.encoder_alone))
    s.architecture = found->name;
  s.vocab_size = config.vocab;
  if (config.max_positions > 0) s.context_length = config.max_positions;
}

void count_all(Summary& s) {
  for (const TensorSummary& t : s.tensors)
    if (info(t.stored.dtype).floating) s.parameters += numel(t.stored.shape);
}

void summarize_folder(Summary& s, const ModelFiles& files) {
  const fs::path &folder = files.transformer(), file = folder / "config.json";
  const bool configured = has_companion(file), weights = has_checkpoint(folder), tokenizer = has_tokenizer(files);
  check(configured || weights || tokenizer, ErrorKind::kBadInput,
        "{}: has no config.json, no weights and no tokenizer; give the folder of a model", s.place.string());
  if (weights) list_tensors(s, files.checkpoint());
  if (!configured) {
    count_all(s);
    if (tokenizer) s.vocab_size = load_tokenizer(files).vocab_size();
    return;
  }
  s.family = &files.family();
  ConfigFields fields = ConfigFields::reader(files.config_json(), file.string());
  TransformerConfig config = read_config(fields, *s.family);
  warn_unknown_fields(fields, *s.family);
  if (weights) settle_tying(config, *s.family, files.checkpoint(), s.place.string());
  take_config(s, config);
  match_parameters(s, Names::kHuggingFace);
}

void summarize_gguf(Summary& s, const ModelFiles& files) {
  const auto& file = files.gguf();
  for (const GgufTensor& t : file->tensors()) s.tensors.push_back({t.name, {}, {t.dtype, t.shape}});
  s.architecture = file->string("general.architecture").value_or("");
  s.family = find_gguf_family(s.architecture);
  if (s.family != nullptr && !has_gguf(*s.family)) s.family = nullptr;
  if (file->has("tokenizer.ggml.tokens"))
    s.vocab_size = static_cast<std::int64_t>(file->find("tokenizer.ggml.tokens")->count);
  // A file with only a vocabulary may have the fields of a model; they are checked like a model's.
  const bool configured = s.family != nullptr && file->has(s.architecture + ".block_count");
  if (!configured) {
    count_all(s);
    if (!s.architecture.empty()) s.context_length = file->integer(s.architecture + ".context_length");
    return;
  }
  take_config(s, gguf_transformer_config(*file, *s.family, {}, UnknownFields::kWarn));
  if (!s.tensors.empty()) match_parameters(s, Names::kGguf);
}

}  // namespace

std::size_t TensorSummary::bytes() const { return row_bytes(stored.dtype, numel(stored.shape)); }

Summary summarize(const ModelFiles& files) {
  const fs::path& path = files.place();
  const Presence there = presence(path);
  check(there != Presence::kAbsent, ErrorKind::kBadInput,
        "{}: there is no such model; give a folder, a file or a repository that `linnet pull` fetched", path.string());
  Summary s;
  s.place = path;
  if (there == Presence::kFolder) {
    summarize_folder(s, files);
  } else if (path.extension() == ".gguf") {
    summarize_gguf(s, files);
  } else {
    list_tensors(s, files.checkpoint());
    count_all(s);
  }
  find_dtype(s);
  return s;
}

RunMemory run_memory(const Summary& s, WeightType type, std::int64_t positions) {
  RunMemory need;
  std::size_t largest = 0;
  DType cache = DType::kBF16;
  for (const TensorSummary& t : s.tensors) {
    if (t.ours.empty()) continue;
    const DType kept = kept_type(t.stored, type);
    const std::size_t bytes = row_bytes(kept, numel(t.stored.shape));
    // Matrices have a packed copy. Its mapped source pages are released, converted weights are not.
    const bool matrix = t.stored.shape.size() == 2, converted = kept != t.stored.dtype;
    const std::size_t packed = matrix ? packed_weight_bytes(kept, t.stored.shape[0], t.stored.shape[1]) : 0;
    need.weights += matrix && !converted ? packed : bytes + packed;
    if (!converted) largest = std::max(largest, bytes);
    if (t.role == nn::Role::kTokenTable) cache = nn::KvCache::type_beside(kept);
  }
  if (!s.config) return need;
  const TransformerConfig& c = *s.config;
  const std::size_t length = static_cast<std::size_t>(std::max<std::int64_t>(1, positions));
  if (c.stack == Stack::kDecoder) {
    const std::size_t blocks = (length + kKvBlock - 1) / kKvBlock;
    need.cache =
        blocks * kKvBlock * nn::KvCache(c, type == WeightType::kF32 ? DType::kF32 : cache).bytes_per_position();
  }
  // Simultaneous values of a pass: residual stream and norms, queries, keys, values, attention output, feed-forward;
  // one row of logits and its copy; the source pages of the matrix being packed.
  const std::size_t rows = std::min(length, static_cast<std::size_t>(nn::kPrefillRows));
  const auto per_row = static_cast<std::size_t>(8 * c.hidden + (2 * c.heads + 2 * c.kv_heads) * c.head_dim + 4 * c.ffn);
  need.scratch = sizeof(float) * (rows * per_row + 2 * static_cast<std::size_t>(c.vocab)) + largest + kProgram;
  return need;
}

std::size_t train_memory(const Summary& s) { return 4 * sizeof(float) * static_cast<std::size_t>(s.parameters); }

}  // namespace linnet::models
