// The modules after the pooling of a sentence-transformers folder: Dense, LayerNorm, Normalize.
//
//   SentenceModulePtr dense = read_sentence_module("Dense", folder / "2_Dense");
//   Tensor vectors = dense->run(pooled);
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "linnet/tensor/tensor.h"

namespace linnet::models {

class SentenceModule {
 public:
  virtual ~SentenceModule() = default;
  virtual Tensor run(const Tensor& vectors) const = 0;  // [texts, in] -> [texts, out]
  virtual std::int64_t in() const { return 0; }         // input dimension; 0: any
  virtual std::int64_t out() const { return in(); }
  virtual bool normalizes() const { return false; }  // true if it only scales to length 1
};
using SentenceModulePtr = std::shared_ptr<const SentenceModule>;

// The module of a kind ("Dense") whose config.json and weights are in `folder`; null for Dropout, which only affects
// training. Another kind, or an option that sentence-transformers 6.2 lacks, is kBadInput naming it.
SentenceModulePtr read_sentence_module(std::string_view kind, const std::filesystem::path& folder);

}  // namespace linnet::models
