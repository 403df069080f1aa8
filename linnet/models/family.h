// A model family is one file of data in families/: the fields of its config.json and a name table, each one list, used
// in both directions. The folder is the registry: adding the file is adding the family.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/models/config_fields.h"
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

// How the rows of a query or key head lie that rotary positions turn in twos: one half after the other, or each pair
// side by side.
enum class RotaryRows : std::uint8_t { kHalves, kPairs };

struct ArchitectureName {
  std::string_view name;  // config.json's architectures[0]
  HeadKind head;
  std::string_view prefix = {};  // where it is not the family's
};

// A field of config.json that changes the computation and has one implemented value: a JSON list of the values that
// mean it, besides null.
struct FixedField {
  std::string_view name, values;
};

struct Family {
  std::string_view model_type;                      // config.json; also GGUF's general.architecture
  std::span<const ArchitectureName> architectures;  // the first is what a file without one means
  std::string_view prefix;  // before the stack's names in models with a head: some files lack it
  void (*config)(ConfigFields&, TransformerConfig&);
  std::span<const NamePair> names;
  std::span<const std::string_view> unprefixed;    // theirs: modules that live beside the prefix
  std::span<const std::string_view> ignored = {};  // theirs: buffers that are not parameters
  std::span<const std::string_view> lora_targets;  // PEFT's default target_modules
  HeadKind gguf_head = HeadKind::kCausalLm;        // what a GGUF of this family carries
  RotaryRows gguf_rotary_rows = RotaryRows::kHalves;
  std::span<const FixedField> fixed = {};         // fields that only this family has, or means differently
  std::span<const std::string_view> unused = {};  // its fields that change no number
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
// Patches `json` (which may be empty) so that it describes `config`.
void write_config(Json& json, const Family& family, const TransformerConfig& config);
// The head an architecture's name stands for, and back.
std::string_view architecture_name(const Family& family, HeadKind head);

// Rotary fields in both spellings: rope_theta + rope_scaling, and rope_parameters.
void rope_fields(ConfigFields& fields, TransformerConfig& config);

}  // namespace linnet::models
