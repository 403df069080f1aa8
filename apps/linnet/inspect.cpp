// linnet inspect: describes a model from its headers.
#include <fmt/format.h>

#include "linnet/adapt/peft_config.h"
#include "linnet/base/error.h"
#include "linnet/models/summary.h"
#include "model_argument.h"
#include "model_options.h"
#include "output.h"
#include "verbs.h"

namespace linnet::app {
namespace {

using models::Summary;

constexpr std::int64_t kUsualContext = 2048;  // planned context, if the model's is larger

struct InspectFlags {
  std::string model, dtype = "auto";
  std::int64_t context = 0;
  bool tensors = false, json = false;
};

// Names of a transformer's variants, for the table.
std::string_view name_of(nn::Stack stack) {
  switch (stack) {
    case nn::Stack::kEncoder:
      return "encoder";
    case nn::Stack::kDecoder:
      return "decoder";
    case nn::Stack::kEncoderDecoder:
      return "encoder-decoder";
  }
  return "";
}
std::string_view name_of(nn::Positions positions) {
  switch (positions) {
    case nn::Positions::kNone:
      return "none";
    case nn::Positions::kLearned:
      return "learned";
    case nn::Positions::kRotary:
      return "rotary";
    case nn::Positions::kAlibi:
      return "ALiBi";
  }
  return "";
}
std::string_view name_of(nn::RopeKind kind) {
  switch (kind) {
    case nn::RopeKind::kDefault:
      return "";
    case nn::RopeKind::kLinear:
      return "linear scaling";
    case nn::RopeKind::kDynamic:
      return "dynamic scaling";
    case nn::RopeKind::kYarn:
      return "YaRN";
    case nn::RopeKind::kLlama3:
      return "LLaMA 3 scaling";
    case nn::RopeKind::kLongRope:
      return "LongRoPE";
  }
  return "";
}
std::string_view name_of(Activation activation) {
  switch (activation) {
    case Activation::kIdentity:
      return "none";
    case Activation::kRelu:
      return "ReLU";
    case Activation::kGelu:
      return "GELU";
    case Activation::kGeluTanh:
      return "GELU (tanh)";
    case Activation::kSilu:
      return "SiLU";
    case Activation::kTanh:
      return "tanh";
    case Activation::kSigmoid:
      return "sigmoid";
  }
  return "";
}

std::string positions_of(const nn::TransformerConfig& c) {
  std::string text(name_of(c.positions));
  if (c.positions != nn::Positions::kRotary) return text;
  text += format_printable(", theta {:g}", c.rope.theta);
  return c.rope.kind == nn::RopeKind::kDefault ? text : format_printable("{}, {}", text, name_of(c.rope.kind));
}

std::string norm_of(const nn::TransformerConfig& c) {
  const char* const place = c.norm_place == nn::NormPlace::kBefore  ? "before each part"
                            : c.norm_place == nn::NormPlace::kAfter ? "after each part"
                            : c.norm_place == nn::NormPlace::kBoth  ? "before and after each part"
                                                                    : "of each part's output";
  return format_printable("{}, {}, epsilon {:g}", c.norm == nn::Norm::kRms ? "RMS" : "layer", place, c.norm_eps);
}

void add_choices(Table& rows, const nn::TransformerConfig& c) {
  rows.push_back({"stack", format_printable("{}, {} layers", name_of(c.stack), c.layers)});
  rows.push_back({"hidden size", format_printable("{}, feed-forward {}", c.hidden, c.ffn)});
  if (c.embedding_width() != c.hidden) rows.push_back({"embedding size", format_printable("{}", c.embedding_width())});
  rows.push_back(
      {"attention", format_printable("{} heads of {}, {} key-value heads", c.heads, c.head_dim, c.kv_heads)});
  rows.push_back({"norm", printable(norm_of(c))});
  rows.push_back({"positions", printable(positions_of(c))});
  rows.push_back({"activation", format_printable("{}{}", name_of(c.activation),
                                                 c.ffn_kind == nn::FeedForwardKind::kPlain ? "" : ", gated")});
  rows.push_back({"tied embeddings", printable(c.tie_embeddings ? "yes" : "no")});
  const bool classifies = c.head == nn::HeadKind::kSequenceClass || c.head == nn::HeadKind::kTokenClass;
  if (!classifies) return;
  const Printable labels = printable(fmt::format("{}", fmt::join(c.labels, ", ")));
  rows.push_back({"labels", format_printable("{}{}", labels, c.head_trained ? "" : " (never trained)")});
}

class Inspection {
 public:
  Inspection(const InspectFlags& options, models::WeightType type, Summary summary)
      : options_(options), type_(type), summary_(std::move(summary)) {
    context_ = options.context > 0 ? options.context : kUsualContext;
    if (summary_.context_length) context_ = std::min(context_, *summary_.context_length);
  }

  void print() const {
    const Summary& s = summary_;
    Table rows{{"", printable(s.place.string(), 120)}};
    rows.push_back({"family", printable(s.family == nullptr ? "-" : s.family->model_type)});
    if (!s.architecture.empty()) rows.push_back({"architecture", printable(s.architecture, 80)});
    if (s.config) add_choices(rows, *s.config);
    if (s.vocab_size) rows.push_back({"vocabulary", format_printable("{} tokens", *s.vocab_size)});
    if (s.context_length) rows.push_back({"context", format_printable("{} tokens", *s.context_length)});
    if (s.parameters > 0)
      rows.push_back(
          {"parameters", format_printable("{} ({})", format_count(static_cast<double>(s.parameters)), s.parameters)});
    if (s.dtype) rows.push_back({"dtype", printable(info(*s.dtype).name)});
    add_adapter(rows);
    if (runs()) {
      rows.push_back({"memory to run", format_printable("{} ({} tokens)", format_bytes(run_bytes()), context_)});
      rows.push_back({"memory to train", format_printable("{} and activations (all weights, AdamW, f32)",
                                                          format_bytes(static_cast<double>(models::train_memory(s))))});
    }
    print_result(format_table(rows).text());
    if (options_.tensors) print_result("\n" + format_table(tensor_rows()).text());
  }

  void print_json() const {
    const Summary& s = summary_;
    const auto number = [](const std::optional<std::int64_t>& n) { return n ? Json(*n) : Json(); };
    Json json{{"family", s.family == nullptr ? Json() : Json(s.family->model_type)},
              {"architecture", s.architecture.empty() ? Json() : Json(s.architecture)},
              {"parameters", s.parameters},
              {"vocab_size", number(s.vocab_size)},
              {"context_length", number(s.context_length)},
              {"dtype", s.dtype ? Json(info(*s.dtype).name) : Json()},
              {"tied_embeddings", s.config ? Json(s.config->tie_embeddings) : Json()},
              {"memory", nullptr}};
    if (runs())
      json["memory"] = {{"run_bytes", static_cast<std::size_t>(run_bytes())}, {"train_bytes", models::train_memory(s)}};
    if (options_.tensors) {
      json["tensors"] = Json::array();
      for (const models::TensorSummary& t : s.tensors)
        json["tensors"].push_back({{"name", t.name},
                                   {"ours", t.ours.empty() ? Json() : Json(t.ours)},
                                   {"shape", t.stored.shape},
                                   {"dtype", info(t.stored.dtype).name}});
    }
    app::print_json(json);
  }

  void note_missing() const {
    const Summary& s = summary_;
    if (s.missing.empty() || is_adapter_folder(s.place)) return;  // the base has what an adapter lacks
    print_note(format_printable("linnet: warning: {}: {} tensors of the architecture are not there, the first is '{}'",
                                printable(s.place.string()), s.missing.size(), s.missing.front()));
  }

 private:
  bool runs() const { return summary_.config && !summary_.tensors.empty() && !is_adapter_folder(summary_.place); }
  double run_bytes() const { return static_cast<double>(models::run_memory(summary_, type_, context_).total()); }

  void add_adapter(Table& rows) const {
    if (!is_adapter_folder(summary_.place)) return;
    const PeftConfig peft = read_peft_config(summary_.place);
    constexpr std::string_view kKinds[] = {"LoRA", "prompt tuning", "prefix tuning"};
    const char* where = peft.reach == PrefixReach::kAllAttention ? " in encoder, decoder and between" : "";
    rows.push_back(
        {"adapter", format_printable("{}, {}", kKinds[static_cast<std::size_t>(peft.kind)],
                                     peft.kind == AdapterKind::kLora
                                         ? format_printable("rank {}", peft.rank)
                                         : format_printable("{} virtual tokens{}", peft.virtual_tokens, where))});
    rows.push_back({"base", printable(peft.base, 120)});
  }

  Table tensor_rows() const {
    Table rows{{"tensor", "ours", "shape", "dtype"}};
    for (const models::TensorSummary& t : summary_.tensors)
      rows.push_back({printable(t.name), printable(t.ours.empty() ? "-" : t.ours), printable(to_string(t.stored.shape)),
                      printable(info(t.stored.dtype).name)});
    return rows;
  }

  const InspectFlags& options_;
  models::WeightType type_;
  Summary summary_;
  std::int64_t context_;
};

}  // namespace

void run_inspect(Arguments arguments) {
  InspectFlags o;
  Command command("inspect", "what a model is, from its headers");
  command.example("linnet inspect SmolLM2-135M-Instruct.gguf");
  command.example("linnet inspect -m models/bert --tensors --json");
  command.option("--model", o.model);
  command.flag("--tensors", o.tensors);
  command.choice("--dtype", o.dtype, weight_type_names());
  command.option("--context", o.context);
  command.flag("--json", o.json);
  command.parse(arguments);
  const Inspection inspection(o, weight_type(command, o.dtype), models::summarize(resolve_model(o.model)));
  inspection.note_missing();
  o.json ? inspection.print_json() : inspection.print();
}

}  // namespace linnet::app
