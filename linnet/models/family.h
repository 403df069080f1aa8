// A model family is one file of data in families/: a table of the fields of its config.json and a name table, both used
// in both directions. The folder is the registry: a new file adds a family.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "linnet/models/config_rules.h"
#include "linnet/nn/config.h"

namespace linnet::models {

using nn::ClassifierKind, nn::FeedForwardKind, nn::HeadKind, nn::Norm, nn::NormPlace, nn::Pooling, nn::Positions,
    nn::ProblemType, nn::Qkv, nn::QueryKeyNorm, nn::Residual, nn::Rope, nn::RopeKind, nn::Stack, nn::TransformerConfig;

// ours <-> theirs, by module path: "{}" is a layer number; the rest after the path (".weight", ".bias",
// ".lora_A.weight") is unchanged. `gguf` is llama.cpp's name of the same module.
struct NamePair {
  // Read-only: tied copies, older names; the first one in a file is used. kGated: read, and written if the feed-forward
  // network is gated.
  enum class Use : std::uint8_t { kReadFirst, kBoth, kGated, kReadOnly };
  std::string_view ours, theirs, gguf = {};
  Use use = Use::kBoth;
};

// A row of a family's configuration: a member and the fields that set it, or a rule.
struct Field {
  using Rule = void (*)(ConfigFields&, TransformerConfig&);
  enum class Use : std::uint8_t { kBoth, kReadOnly };
  Key key;
  std::variant<std::int64_t TransformerConfig::*, double TransformerConfig::*, bool TransformerConfig::*,
               Activation TransformerConfig::*, Rule>
      what;
  IntegerRange range = {};
  Use use = Use::kBoth;
};
constexpr Field rule(Field::Rule which) { return {{}, which}; }

// Order of a query or key head's rows for rotary positions: half-split, or interleaved pairs.
enum class RotaryRows : std::uint8_t { kHalves, kPairs };

// The order of values in a kind of files.
struct Layout {
  Qkv qkv = Qkv::kSeparate;
  WeightLayout weights = WeightLayout::kOutIn;
  RotaryRows rotary_rows = RotaryRows::kHalves;
  double norm_offset = 0;  // added to the weights of norms after reading
};

struct ArchitectureName {
  std::string_view name;  // config.json's architectures[0]
  HeadKind head;
  std::string_view prefix = {};  // if it differs from the family's
  bool pooler = false;           // does the head have a pooler?
  ClassifierKind classifier = ClassifierKind::kLinear;
  bool encoder_alone = false;  // of an encoder-decoder's family: only its encoder
};

// A field that changes the computation and has one implemented value: a JSON list of the values that are equivalent to
// it, in addition to null.
struct FixedField {
  std::string_view name, values;
};

struct Family {
  std::string_view model_type;                      // config.json; also GGUF's general.architecture, unless:
  std::span<const ArchitectureName> architectures;  // the first is the default of a file without one
  std::string_view prefix = {};        // before the stack's names in models with a head; some files lack it
  TransformerConfig defaults = {};     // values without a field, and defaults of absent fields
  std::span<const Field> fields = {};  // in the order in which they are read and written
  bool always_ties = false;  // an output matrix that the files lack is the token table, whatever tie_word_embeddings is
  std::span<const NamePair> names;
  std::span<const std::string_view> unprefixed = {};    // theirs: modules outside the prefix
  std::span<const std::string_view> ignored = {};       // theirs: buffers that are not parameters
  std::span<const std::string_view> lora_targets = {};  // PEFT's default target_modules
  std::span<const FixedField> fixed = {};               // fields that only this family has, or with another meaning
  std::span<const std::string_view> unused = {};        // its fields that do not affect the results

  // For GGUF files of llama.cpp's converter.
  std::string_view gguf_architecture = {};  // another one is written
  HeadKind gguf_head = HeadKind::kCausalLm;
  Layout gguf_layout = {};
  std::span<const FixedField> gguf_fixed = {};    // as `fixed`; the first value is written
  std::span<const FixedField> gguf_written = {};  // fields that llama.cpp requires and nothing here uses; values
};

std::span<const Family* const> all_families();
bool has_gguf(const Family& family);                     // false: its models are read from and written to folders only
const Family* find_family(std::string_view model_type);  // null when unknown
const Family* find_gguf_family(std::string_view architecture);  // that reads GGUF files of it; null when unknown

// theirs -> ours; "" for a tensor to ignore. An unknown name is kBadInput.
std::string to_ours(const Family& family, std::string_view theirs, std::string_view place);
std::string to_theirs(const Family& family, std::string_view ours, const TransformerConfig& config);
// All names of a parameter in files, the usual one first.
enum class Gated : std::uint8_t { kNo, kYes };  // names of gated feed-forward networks, too?
std::vector<std::string> spellings(const Family& family, std::string_view ours, Gated gated = Gated::kYes);
std::string to_gguf(const Family& family, std::string_view ours);  // "" if GGUF has no such tensor

// config.json (or a GGUF's metadata) -> the transformer's config. Checks every size. The error for an unknown model
// type or architecture lists the known ones, nearest first. `head` overrides that of the architecture.
TransformerConfig read_config(ConfigFields& fields, const Family& family, std::optional<HeadKind> head = {});
const Family& family_of(const Json& config, std::string_view place);
// Reads or writes the family's fields of `config`.
void walk_fields(ConfigFields& fields, const Family& family, TransformerConfig& config);
// Updates `json` (which may be empty) to describe `config`.
void write_config(Json& json, const Family& family, const TransformerConfig& config);
// The architecture of a head; `encoder_alone`: the one without a decoder, if there are two. Null: the family has none.
const ArchitectureName* architecture_of(const Family& family, HeadKind head, bool encoder_alone = false);

}  // namespace linnet::models
