// The configuration and generation settings of a Hugging Face model folder.
//
//   const Json config = read_config_file(folder / "config.json");
//   std::vector<std::int64_t> stop = read_generation_config(folder, config).eos_ids;
//
// Names and precedence are those of transformers' GenerationConfig (generation/configuration_utils.py).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/json.h"

namespace linnet {

enum class EarlyStopping : std::uint8_t { kNo, kYes, kNever };

// The keys of generation_config.json that affect generation. An absent key is unset: call arguments take precedence
// over these, these over defaults.
struct GenerationConfig {
  std::vector<std::int64_t> eos_ids;  // one or several; each ends a text
  std::optional<std::int64_t> bos_id, pad_id, decoder_start_id;
  std::optional<std::int64_t> forced_bos_id;
  std::vector<std::int64_t> forced_eos_ids;
  std::optional<std::int64_t> max_length;  // prompt + new tokens
  std::optional<std::int64_t> max_new_tokens;
  std::optional<std::int64_t> min_length, min_new_tokens;
  std::optional<bool> do_sample;
  std::optional<double> temperature;  // only with sampling, like the next four
  std::optional<std::int64_t> top_k;
  std::optional<double> top_p, min_p, typical_p;
  std::optional<double> repetition_penalty;  // 1: none
  std::optional<std::int64_t> no_repeat_ngram_size;
  std::optional<std::int64_t> num_beams, num_return_sequences;
  std::optional<double> length_penalty;
  std::optional<EarlyStopping> early_stopping;
  std::vector<std::vector<std::int64_t>> bad_words_ids;
  std::vector<std::int64_t> suppress_ids, begin_suppress_ids;
  std::vector<std::string> stop_strings;
  std::optional<bool> renormalize_logits;
};

// Reads the keys of an object: a generation_config.json, or an old config.json that has them. Ignores nulls and keys
// without effect; warns about keys that are not implemented. A value of a wrong type or range is kBadInput naming
// `place` and the key.
GenerationConfig parse_generation_config(const Json& object, std::string_view place);

// Reads a config.json, generation_config.json or another file that Python wrote: an object of at most 16 MiB. Reads
// NaN, Infinity and -Infinity, which JSON does not have; the caller rejects them if it needs finite values. kBadInput
// if the file is missing or damaged.
Json read_config_file(const std::filesystem::path& file);

// The keys of the folder's generation_config.json; if it has none, those of `config`, its config.json. kBadInput if the
// file is damaged.
GenerationConfig read_generation_config(const std::filesystem::path& folder, const Json& config);

}  // namespace linnet
