// Roles by name, for code that has only the tensors of a file: all parameters that a transformer may have outside its
// layers, with any head.
//
//   const Roles roles(config);
//   roles.of("head.output.lora_A.weight");                // Role::kOutput
//   to_theirs(family, roles.module(Role::kOutput), head)  // "lm_head"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/models/family.h"
#include "linnet/nn/module.h"

namespace linnet::models {

class Roles {
 public:
  explicit Roles(const TransformerConfig& config);
  // The parameter of that name (without a tensor), or null.
  const nn::Parameter* find(std::string_view ours) const;
  // Role of a parameter, or of a name below its module.
  std::optional<nn::Role> of(std::string_view ours) const;
  std::string weight(nn::Role role) const;  // "embeddings.tokens.weight"; the first one of that role
  std::string module(nn::Role role) const;  // "embeddings.tokens"

 private:
  const nn::Parameter& first(nn::Role role) const;
  std::vector<nn::Parameter> parameters_;
};

}  // namespace linnet::models
