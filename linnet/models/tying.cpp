#include "linnet/models/tying.h"

#include <algorithm>
#include <cstring>

#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/models/loader.h"
#include "linnet/models/roles.h"

namespace linnet::models {
namespace {

bool has_output(HeadKind head) {
  return head == HeadKind::kCausalLm || head == HeadKind::kMaskedLm || head == HeadKind::kPretraining ||
         head == HeadKind::kSeq2SeqLm;
}

// The name of a parameter in the checkpoint, or "".
std::string find(const CheckpointReader& checkpoint, const Family& family, std::string_view ours) {
  for (std::string& name : spellings(family, ours))
    if (checkpoint.has(name)) return std::move(name);
  return "";
}

void release(const Tensor& value) {
  if (value.storage()->mapped()) release_pages(value.raw(), value.bytes());
}

}  // namespace

bool same_values(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return false;
  if (a.dtype() == b.dtype()) return a.bytes() == 0 || std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
  if (!info(a.dtype()).floating || !info(b.dtype()).floating) return false;
  const Tensor left = convert_weight(a, DType::kF32), right = convert_weight(b, DType::kF32);
  return left.bytes() == 0 || std::memcmp(left.raw(), right.raw(), left.bytes()) == 0;
}

void settle_tying(TransformerConfig& config, const Family& family, const CheckpointReader& checkpoint,
                  std::string_view place) {
  if (!has_output(config.head) || (!config.tie_embeddings && !family.always_ties)) return;
  const Roles roles(config);
  const std::string embedding = find(checkpoint, family, roles.weight(nn::Role::kTokenTable));
  const std::string output = find(checkpoint, family, roles.weight(nn::Role::kOutput));
  if (!config.tie_embeddings) {
    config.tie_embeddings = output.empty();
    return;
  }
  if (embedding.empty() || output.empty()) return;
  const Tensor first = checkpoint.read(embedding), second = checkpoint.read(output);
  const bool same = same_values(first, second);
  release(first), release(second);
  if (same) return;
  config.tie_embeddings = false;
  note("{}: '{}' differs from '{}', so both are used although tie_word_embeddings is true; a saved copy has it false",
       place, output, embedding);
}

std::vector<std::string> stored_names(const Family& family, const TransformerConfig& config,
                                      const nn::Parameter& parameter, FunctionRef<bool(const std::string& name)> has) {
  const auto held = [&](std::string_view ours) {
    const bool gated = config.ffn_kind == FeedForwardKind::kGated;
    std::vector<std::string> names = spellings(family, ours, gated ? Gated::kYes : Gated::kNo);
    std::erase_if(names, [&](const std::string& name) { return !has(name); });
    return names;
  };
  std::vector<std::string> names = held(parameter.name);
  const bool tied = parameter.role == nn::Role::kTokenTable && config.tie_embeddings;
  return names.empty() && tied ? held(Roles(config).weight(nn::Role::kOutput)) : names;
}

}  // namespace linnet::models
