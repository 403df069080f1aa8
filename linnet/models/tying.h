// Decides whether the output matrix is tied to the token table. The checkpoint takes precedence: they are tied if the
// file has one of them, or both with equal values. `tie_word_embeddings` matters only if both are absent.
//
//   settle_tying(config, family, *checkpoint, "model-folder");
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "linnet/base/parallel.h"
#include "linnet/io/checkpoint.h"
#include "linnet/models/family.h"
#include "linnet/nn/module.h"

namespace linnet::models {

// Sets `config.tie_embeddings` by the files' matrices; prints a note if the configuration differs.
void settle_tying(TransformerConfig& config, const Family& family, const CheckpointReader& checkpoint,
                  std::string_view place);

// The names of a parameter in the files, in order of preference; may be empty. A tied token table may be stored only as
// the output matrix.
std::vector<std::string> stored_names(const Family& family, const TransformerConfig& config,
                                      const nn::Parameter& parameter, FunctionRef<bool(const std::string& name)> has);

// True if both tensors have the same shape and values. Types may differ.
bool same_values(const Tensor& a, const Tensor& b);

}  // namespace linnet::models
