// A model family is one file of data in families/: the fields of its config.json and a name table, each one list, used
// in both directions. The folder is the registry: adding the file is adding the family.
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
    nn::ProblemType, nn::Qkv, nn::Residual, nn::Rope, nn::RopeKind, nn::Stack, nn::TransformerConfig;

// ours <-> theirs, by module path: "{}" stands for a layer number, and whatever follows the path (".weight", ".bias",
// ".lora_A.weight") is carried over. `gguf` is llama.cpp's name of the same module.
struct NamePair {
  // Read-only: tied copies, older spellings; the first of several that a file holds is used.
  enum class Use : std::uint8_t { kReadFirst, kBoth, kReadOnly };
  std::string_view ours, theirs, gguf = {};
  Use use = Use::kBoth;
};

// A row of a family's configuration: a member and the fields that hold it, or a rule.
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

// How the rows of a query or key head lie that rotary positions turn in twos: one half after the other, or each pair
// side by side.
enum class RotaryRows : std::uint8_t { kHalves, kPairs };

// The order of values in a kind of files.
struct Layout {
  Qkv qkv = Qkv::kSeparate;
  WeightLayout weights = WeightLayout::kOutIn;
  RotaryRows rotary_rows = RotaryRows::kHalves;
};

struct ArchitectureName {
  std::string_view name;  // config.json's architectures[0]
  HeadKind head;
  std::string_view prefix = {};  // where it is not the family's
  bool pooler = false;           // does the head stand on one?
};

// A field that changes the computation and has one implemented value: a JSON list of the values that mean it, besides
// null.
struct FixedField {
  std::string_view name, values;
};

struct Family {
  std::string_view model_type;                      // config.json; also GGUF's general.architecture
  std::span<const ArchitectureName> architectures;  // the first is what a file without one means
  std::string_view prefix = {};        // before the stack's names in models with a head: some files lack it
  TransformerConfig defaults = {};     // what no field says, and what a file means that leaves one out
  std::span<const Field> fields = {};  // in the order in which they are read and written
  std::span<const NamePair> names;
  std::span<const std::string_view> unprefixed = {};    // theirs: modules that live beside the prefix
  std::span<const std::string_view> ignored = {};       // theirs: buffers that are not parameters
  std::span<const std::string_view> lora_targets = {};  // PEFT's default target_modules
  std::span<const FixedField> fixed = {};               // fields that only this family has, or means differently
  std::span<const std::string_view> unused = {};        // its fields that change no number

  // Of a GGUF file, as llama.cpp's converter writes it.
  HeadKind gguf_head = HeadKind::kCausalLm;
  Layout gguf_layout = {};
  std::span<const FixedField> gguf_fixed = {};    // as `fixed`; the first value is written
  std::span<const FixedField> gguf_written = {};  // a field that llama.cpp wants and nothing here depends on; its value
};

std::span<const Family* const> all_families();
const Family* find_family(std::string_view model_type);  // null when unknown

// theirs -> ours; "" when the tensor is to be ignored. Unknown names: kBadInput naming it.
std::string to_ours(const Family& family, std::string_view theirs, std::string_view place);
std::string to_theirs(const Family& family, std::string_view ours, HeadKind head);
// Every spelling under which files hold a parameter, the usual one first.
std::vector<std::string> spellings(const Family& family, std::string_view ours);
std::string to_gguf(const Family& family, std::string_view ours);  // "" when GGUF has no such tensor

// config.json (or a GGUF's metadata) -> what the transformer is. Checks every size. Unknown model types and
// architectures are answered with what there is, nearest names first.
// `head`: another one than the file's architecture has.
TransformerConfig read_config(ConfigFields& fields, const Family& family, std::optional<HeadKind> head = {});
const Family& family_of(const Json& config, std::string_view place);
// Reads or writes the family's fields of `config`.
void walk_fields(ConfigFields& fields, const Family& family, TransformerConfig& config);
// Patches `json` (which may be empty) so that it describes `config`.
void write_config(Json& json, const Family& family, const TransformerConfig& config);
// The head an architecture's name stands for, and back.
std::string_view architecture_name(const Family& family, HeadKind head);

}  // namespace linnet::models
