#include "linnet/models/tying.h"

#include <algorithm>
#include <cstring>

#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/models/loader.h"

namespace linnet::models {
namespace {

constexpr const char* kEmbedding = "embeddings.tokens.weight";
constexpr const char* kOutput = "head.output.weight";

bool has_output(HeadKind head) {
  return head == HeadKind::kCausalLm || head == HeadKind::kMaskedLm || head == HeadKind::kPretraining ||
         head == HeadKind::kSeq2SeqLm;
}

// The name under which the checkpoint holds a parameter; "" where it does not.
std::string find(const CheckpointReader& checkpoint, const Family& family, const char* ours) {
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
  if (!config.tie_embeddings || !has_output(config.head)) return;
  const std::string embedding = find(checkpoint, family, kEmbedding), output = find(checkpoint, family, kOutput);
  if (embedding.empty() || output.empty()) return;
  const Tensor first = checkpoint.read(embedding), second = checkpoint.read(output);
  const bool same = same_values(first, second);
  release(first), release(second);
  if (same) return;
  config.tie_embeddings = false;
  note("{}: '{}' differs from '{}', so both are used although tie_word_embeddings is true; a saved copy has it false",
       place, output, embedding);
}

std::vector<std::string> stored_names(const Family& family, const TransformerConfig& config, std::string_view ours,
                                      FunctionRef<bool(const std::string& name)> has) {
  const auto held = [&](std::string_view parameter) {
    std::vector<std::string> names = spellings(family, parameter);
    std::erase_if(names, [&](const std::string& name) { return !has(name); });
    return names;
  };
  std::vector<std::string> names = held(ours);
  return names.empty() && ours == kEmbedding && config.tie_embeddings ? held(kOutput) : names;
}

}  // namespace linnet::models
