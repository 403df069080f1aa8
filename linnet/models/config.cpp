#include <algorithm>
#include <array>

#include "linnet/base/log.h"
#include "linnet/base/nearest.h"
#include "linnet/models/family.h"
#include "linnet/models/unused_fields.h"
#include "linnet/nn/rope.h"

namespace linnet::models {
namespace {

constexpr std::pair<const char*, ProblemType> kProblemTypes[] = {
    {"", ProblemType::kInferred},
    {"regression", ProblemType::kRegression},
    {"single_label_classification", ProblemType::kSingleLabel},
    {"multi_label_classification", ProblemType::kMultiLabel}};

constexpr std::pair<const char*, Pooling> kPoolings[] = {
    {"first", Pooling::kFirst}, {"last", Pooling::kLast}, {"mean", Pooling::kMean}, {"max", Pooling::kMax}};
constexpr std::pair<const char*, ClassifierKind> kClassifiers[] = {
    {"linear", ClassifierKind::kLinear}, {"mlp", ClassifierKind::kMlp}, {"transform", ClassifierKind::kTransform}};

// Transformers' names of activations (ACT2FN); the first of a kind is the one that is written.
constexpr std::pair<const char*, Activation> kActivations[] = {{"gelu", Activation::kGelu},
                                                               {"gelu_new", Activation::kGeluTanh},
                                                               {"gelu_pytorch_tanh", Activation::kGeluTanh},
                                                               {"gelu_fast", Activation::kGeluTanh},
                                                               {"relu", Activation::kRelu},
                                                               {"silu", Activation::kSilu},
                                                               {"swish", Activation::kSilu},
                                                               {"tanh", Activation::kTanh}};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Python writes names that look like numbers or booleans as such; they are texts here.
std::string label_name(const Json& name, std::string_view place) {
  if (name.is_string()) return name.get<std::string>();
  if (name.is_boolean()) return name.get<bool>() ? "True" : "False";
  check(name.is_number(), ErrorKind::kBadInput, "{}: id2label has the name {}, not a text; correct the file", place,
        printable(dump_json(name), 60));
  return dump_json(name);
}

std::vector<std::string> default_labels(std::int64_t count) {
  std::vector<std::string> labels;
  for (std::int64_t i = 0; i < count; ++i) labels.push_back(fmt::format("LABEL_{}", i));
  return labels;
}

// id2label is {"0": "negative", …}; num_labels alone gives Transformers' default names, and takes precedence, as there.
std::vector<std::string> read_labels(ConfigFields& f) {
  constexpr std::int64_t kMostLabels = 100'000;
  std::int64_t count = 0;
  f.field({"num_labels"}, count, {.most = kMostLabels});
  const Json* map = f.find({"id2label"});
  if (map == nullptr) return default_labels(count > 0 ? count : 2);
  check(map->is_object() && map->size() <= kMostLabels, ErrorKind::kBadInput,
        "{}: id2label is not an object of at most {} names; correct the file", f.place(), kMostLabels);
  std::vector<std::string> labels(map->size());
  for (const auto& [id, name] : map->items()) {
    std::size_t at = labels.size();
    if (!id.empty() && id.size() < 8 && id.find_first_not_of("0123456789") == id.npos) at = std::stoul(id);
    check(at < labels.size(), ErrorKind::kBadInput,
          "{}: id2label has '{}' among {} labels; number them from 0 without a gap", f.place(), id, labels.size());
    labels[at] = label_name(name, f.place());
  }
  if (count == 0 || count == static_cast<std::int64_t>(labels.size())) return labels;
  warn("{}: id2label has {} names and num_labels is {}; the names are not used", f.place(), labels.size(), count);
  return default_labels(count);
}

// The weights have the type of the files, so this only rejects unknown type names (a damaged file).
void check_dtype(const ConfigFields& f, const Key& key) {
  constexpr std::string_view kNames[] = {"auto",    "float32", "float",         "float16",     "half", "bfloat16",
                                         "float64", "double",  "float8_e4m3fn", "float8_e5m2", "int8", "uint8"};
  const Json* found = f.find(key);
  if (found == nullptr) return;
  std::string name = get_string(*found, key.name, f.place());
  if (name.starts_with("torch.")) name.erase(0, 6);
  check(std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames), ErrorKind::kBadInput,
        "{}: {} '{}' is not a type of PyTorch; correct the file", f.place(), key.name, name);
}

// The architecture that the file names.
const ArchitectureName& read_architecture(ConfigFields& f, const Family& family) {
  if (f.of_gguf()) return *architecture_of(family, family.gguf_head);
  const Json* list = f.find({"architectures"});
  const bool named = list != nullptr && list->is_array() && !list->empty() && list->front().is_string();
  if (!named) return family.architectures.front();
  const std::string name = list->front().get<std::string>();
  std::vector<std::string> known;
  for (const ArchitectureName& a : family.architectures) {
    if (a.name == name) return a;
    known.emplace_back(a.name);
  }
  fail(ErrorKind::kBadInput, "{}: architecture '{}' is not supported{}; {} has {}", f.place(), printable(name),
       f.find({"auto_map"}) ? " and its own code (auto_map) is never run" : "", family.model_type,
       joined(nearest_names(name, known)));
}

void in_range(const ConfigFields& f, const char* name, std::int64_t value, std::int64_t least, std::int64_t most) {
  check(value >= least && value <= most, ErrorKind::kBadInput, "{}: {} is {}, must be {} to {}; correct the file",
        f.place(), name, value, least, most);
}

void check_sizes(const ConfigFields& f, TransformerConfig& c) {
  in_range(f, "the vocabulary size", c.vocab, 1, 100'000'000);
  in_range(f, "the hidden size", c.hidden, 1, 1'000'000);
  in_range(f, "the embedding size", c.embedding_width(), 1, 1'000'000);
  in_range(f, "the number of layers", c.layers, 1, 10'000);
  in_range(f, "the number of layer groups", c.layer_groups, 0, c.layers);
  in_range(f, "the number of attention heads", c.heads, 1, 65'536);
  if (c.kv_heads == 0) c.kv_heads = c.heads;
  in_range(f, "the number of key-value heads", c.kv_heads, 1, c.heads);
  check(c.heads % c.kv_heads == 0, ErrorKind::kBadInput,
        "{}: {} attention heads do not share {} key-value heads evenly; correct the file", f.place(), c.heads,
        c.kv_heads);
  check(c.head_dim > 0 || c.hidden % c.heads == 0, ErrorKind::kBadInput,
        "{}: {} heads do not divide hidden size {}; correct the file", f.place(), c.heads, c.hidden);
  if (c.head_dim == 0) c.head_dim = c.hidden / c.heads;
  in_range(f, "the head size", c.head_dim, 1, 65'536);
  in_range(f, "the feed-forward size", c.ffn, 1, 10'000'000);
  in_range(f, "the number of positions", c.max_positions, c.positions == Positions::kLearned ? 1 : 0, 1'000'000'000);
  if (c.fixed_positions) in_range(f, "the number of computed positions", c.max_positions, 1, 1'000'000);
  in_range(f, "the number of token types", c.token_types, 0, 65'536);
  if (c.distance_buckets > 0) {
    in_range(f, "the number of distance buckets", c.distance_buckets, 4, 65'536);
    in_range(f, "the largest distance", c.distance_reach, c.distance_buckets / 2 + 1, 65'536);
  }
  check(c.norm_eps > 0 && c.norm_eps < 1, ErrorKind::kBadInput,
        "{}: the norm's epsilon is {}, must be between 0 and 1; correct the file", f.place(), c.norm_eps);
  if (c.positions != Positions::kRotary) return;
  for (const Rope& rope : {c.rope, c.window_rope.value_or(c.rope)}) {
    check(rope.theta > 0 && rope.factor > 0 && rope.partial > 0 && rope.partial <= 1, ErrorKind::kBadInput,
          "{}: rope theta {}, factor {} and partial factor {} must be positive; correct the file", f.place(),
          rope.theta, rope.factor, rope.partial);
    const std::int64_t turning = nn::rotary_dims(c.head_dim, rope.partial);
    check(turning > 0 && turning + turning % 2 <= c.head_dim, ErrorKind::kBadInput,
          "{}: rotary positions need an even head size, not {} of which {} turn; correct the file", f.place(),
          c.head_dim, turning);
  }
}

void check_dropouts(const ConfigFields& f, const TransformerConfig& c) {
  for (const double p : {c.embedding_dropout, c.hidden_dropout, c.attention_dropout, c.classifier_dropout,
                         c.token_dropout, c.question_dropout})
    check(p >= 0 && p < 1, ErrorKind::kBadInput, "{}: a dropout of {} is not in [0, 1); correct the file", f.place(),
          p);
}

void check_multipliers(const ConfigFields& f, const TransformerConfig& c) {
  for (const double m : {c.input_scale, c.residual_scale, c.attention_multiplier, c.output_divisor})
    check(m > 0, ErrorKind::kBadInput, "{}: a multiplier or divisor of {} is not above 0; correct the file", f.place(),
          m);
}

void common_fields(ConfigFields& f, TransformerConfig& c) {
  f.field({"tie_word_embeddings"}, c.tie_embeddings)
      .field({"initializer_range"}, c.initializer_range)
      .choice<ProblemType>({"problem_type"}, c.problem, kProblemTypes);
  if (f.writing()) return;
  check(c.initializer_range >= 0, ErrorKind::kBadInput,
        "{}: initializer_range is {}, must not be negative; correct the file", f.place(), c.initializer_range);
  for (const char* name : {"dtype", "torch_dtype"}) check_dtype(f, {name});
  f.id({"pad_token_id"}, c.pad_id).id({"bos_token_id"}, c.bos_id).id({"decoder_start_token_id"}, c.decoder_start_id);
  f.ids({"eos_token_id"}, c.eos_ids);
  if (const Json* own = f.find({"linnet"}); own != nullptr && own->is_object()) {
    ConfigFields inner = ConfigFields::reader(*own, f.place() + ": linnet");
    inner.field({"head_trained"}, c.head_trained)
        .choice<ClassifierKind>({"classifier"}, c.classifier, kClassifiers)
        .choice<Pooling>({"pooling"}, c.pooling, kPoolings);
  }
}

ClassifierKind usual_classifier(const Family& family, HeadKind head) {
  const ArchitectureName* found = architecture_of(family, head);
  return found != nullptr ? found->classifier : ClassifierKind::kLinear;
}

// The architecture of the file with another head, if one is asked for.
void set_architecture(ConfigFields& f, const Family& family, std::optional<HeadKind> head, TransformerConfig& c) {
  const ArchitectureName& named = read_architecture(f, family);
  c.head = head.value_or(named.head);
  // Vectors of texts are those of an encoder alone, as in sentence-transformers.
  const bool alone = named.encoder_alone || head == HeadKind::kNone;
  const ArchitectureName* found =
      !head || (c.head == named.head && !alone) ? &named : architecture_of(family, c.head, alone);
  if (found == nullptr) return;
  c.pooler = found->pooler;
  c.classifier = found->classifier;
  c.encoder_alone = found->encoder_alone;
  if (c.encoder_alone) c.stack = Stack::kEncoder;
}

}  // namespace

void walk_fields(ConfigFields& f, const Family& family, TransformerConfig& c) {
  for (const Field& row : family.fields) {
    if (f.writing() && row.use == Field::Use::kReadOnly) continue;
    if (const auto* rule = std::get_if<Field::Rule>(&row.what)) {
      (*rule)(f, c);
    } else if (const auto* integer = std::get_if<std::int64_t TransformerConfig::*>(&row.what)) {
      f.field(row.key, c.*(*integer), row.range);
    } else if (const auto* number = std::get_if<double TransformerConfig::*>(&row.what)) {
      f.field(row.key, c.*(*number));
    } else if (const auto* flag = std::get_if<bool TransformerConfig::*>(&row.what)) {
      f.field(row.key, c.*(*flag));
    } else {
      f.choice<Activation>(row.key, c.*std::get<Activation TransformerConfig::*>(row.what), kActivations);
    }
  }
  if (!f.writing() || !f.of_gguf()) return;
  for (const FixedField& fixed : family.gguf_fixed)
    f.json()[std::string(fixed.name)] = Json::parse(fixed.values).front();
  for (const FixedField& written : family.gguf_written)
    f.json()[std::string(written.name)] = Json::parse(written.values);
}

const Family& family_of(const Json& config, std::string_view place) {
  check(config.is_object(), ErrorKind::kBadInput, "{}: is not a JSON object; a model's config.json is expected", place);
  const std::string type = get_string(require(config, "model_type", place), "model_type", place);
  if (const Family* family = find_family(type)) return *family;
  std::vector<std::string> known;
  for (const Family* family : all_families()) known.emplace_back(family->model_type);
  fail(ErrorKind::kBadInput, "{}: model_type '{}' is not supported{}; known are {}", place, printable(type, 60),
       config.contains("auto_map") ? " and its own code (auto_map) is never run" : "",
       joined(nearest_names(type, known)));
}

TransformerConfig read_config(ConfigFields& f, const Family& family, std::optional<HeadKind> head) {
  check(f.find({"quantization_config"}) == nullptr, ErrorKind::kBadInput,
        "{}: quantization_config is not supported; use the unquantised checkpoint or a GGUF", f.place());
  TransformerConfig c = family.defaults;
  check(!head || *head == HeadKind::kNone || architecture_of(family, *head) != nullptr,
        "a {} model has no head for this task; choose another task, or a model of another family", family.model_type);
  set_architecture(f, family, head, c);
  if (f.of_gguf()) {
    c.qkv = family.gguf_layout.qkv;
    c.weight_layout = family.gguf_layout.weights;
    c.norm_offset = family.gguf_layout.norm_offset;
  }
  walk_fields(f, family, c);
  common_fields(f, c);
  c.labels = read_labels(f);
  check_sizes(f, c);
  check_dropouts(f, c);
  check_multipliers(f, c);
  if (c.head == HeadKind::kQuestionAnswering) c.labels = {"start", "end"};
  check_unused_fields(f, family);
  return c;
}

void write_config(Json& json, const Family& family, const TransformerConfig& config) {
  TransformerConfig c = config;
  if (!json.is_object()) json = Json::object();
  const ArchitectureName* architecture = architecture_of(family, c.head, c.encoder_alone);
  json["architectures"] = Json::array({std::string(architecture != nullptr ? architecture->name : "")});
  json["model_type"] = std::string(family.model_type);
  ConfigFields f = ConfigFields::writer(json);
  walk_fields(f, family, c);
  f.field({"tie_word_embeddings"}, c.tie_embeddings).field({"initializer_range"}, c.initializer_range);
  if (c.problem != ProblemType::kInferred) f.choice<ProblemType>({"problem_type"}, c.problem, kProblemTypes);
  if (c.pad_id >= 0) json["pad_token_id"] = c.pad_id;
  if (c.bos_id >= 0) json["bos_token_id"] = c.bos_id;
  f.ids({"eos_token_id"}, c.eos_ids);
  const bool usual = c.head == HeadKind::kQuestionAnswering || c.labels.empty() || c.labels == default_labels(2);
  if (c.head == HeadKind::kSequenceClass || c.head == HeadKind::kTokenClass || !usual) {
    Json names = Json::object(), ids = Json::object();
    for (std::size_t i = 0; i < c.labels.size(); ++i) {
      names[std::to_string(i)] = c.labels[i];
      ids[c.labels[i]] = i;
    }
    json["id2label"] = std::move(names);
    json["label2id"] = std::move(ids);
    json.erase("num_labels");
  }
  json.erase("linnet");
  Json own = Json::object();
  if (!c.head_trained) own["head_trained"] = false;
  ConfigFields inner = ConfigFields::writer(own);
  if (c.classifier != usual_classifier(family, c.head))
    inner.choice<ClassifierKind>({"classifier"}, c.classifier, kClassifiers);
  if (c.head == HeadKind::kSequenceClass && c.pooling != family.defaults.pooling)
    inner.choice<Pooling>({"pooling"}, c.pooling, kPoolings);
  if (!own.empty()) json["linnet"] = std::move(own);
}

}  // namespace linnet::models
