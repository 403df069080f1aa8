// Is the output matrix of a language model the embedding matrix? What a checkpoint holds decides: they are one if the
// file holds one of them, or both with the same values. `tie_word_embeddings` decides only what is absent.
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

// Sets `config.tie_embeddings` for the files' matrices, with a note where the configuration says otherwise.
void settle_tying(TransformerConfig& config, const Family& family, const CheckpointReader& checkpoint,
                  std::string_view place);

// The names under which a folder holds a parameter, the one to use first; none where it does not. A tied embedding may
// be stored as the output matrix only.
std::vector<std::string> stored_names(const Family& family, const TransformerConfig& config,
                                      const nn::Parameter& parameter, FunctionRef<bool(const std::string& name)> has);

// Have both tensors the same shape and values? Types may differ.
bool same_values(const Tensor& a, const Tensor& b);

}  // namespace linnet::models
