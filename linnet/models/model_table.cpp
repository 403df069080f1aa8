#include "linnet/models/model_table.h"

#include <algorithm>
#include <vector>

#include "linnet/models/family.h"

namespace linnet::models {
namespace {

constexpr HeadUse kUses[] = {
    {HeadKind::kNone, "none", "embed, search", ""},
    {HeadKind::kCausalLm, "causal LM", "run, chat, score, classify, answer, summarize, translate, embed", "causal-lm"},
    {HeadKind::kSeq2SeqLm, "sequence to sequence", "run, summarize, translate, answer",
     "seq2seq, denoise-t5, denoise-bart, token-delete, token-replace, sentence-shuffle"},
    {HeadKind::kMaskedLm, "masked LM", "fill, score, embed", "masked-lm"},
    {HeadKind::kPretraining, "masked LM and next sentence", "fill, score, embed", "masked-next-sentence"},
    {HeadKind::kNextSentence, "next sentence", "classify", "next-sentence"},
    {HeadKind::kSequenceClass, "sequence classes", "classify, rerank", "classify"},
    {HeadKind::kTokenClass, "token classes", "tag", "tokens"},
    {HeadKind::kQuestionAnswering, "question answering", "answer", "qa"},
};

std::string_view name_of(Stack stack) {
  return stack == Stack::kEncoder ? "encoder" : stack == Stack::kDecoder ? "decoder" : "encoder-decoder";
}

std::string quoted(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) text += fmt::format("{}`{}`", text.empty() ? "" : ", ", name);
  return text;
}

std::string heads_of(const Family& family) {
  std::string text;
  for (const ArchitectureName& a : family.architectures)
    text += fmt::format("{}{} (`{}`)", text.empty() ? "" : ", ", use_of(a.head).name, a.name);
  return text;
}

}  // namespace

const HeadUse& use_of(nn::HeadKind head) {
  const auto* const found = std::ranges::find_if(kUses, [&](const HeadUse& use) { return use.head == head; });
  LINNET_ASSERT(found != std::end(kUses));
  return *found;
}

std::string model_tables() {
  std::string text = "| head | verbs | tasks of `train` |\n|---|---|---|\n";
  for (const HeadUse& use : kUses)
    text += fmt::format("| {} | {} | {} |\n", use.name, use.verbs, use.training.empty() ? "-" : use.training);
  text += "\n| `model_type` | stack | heads (architecture) | GGUF | LoRA by default |\n|---|---|---|---|---|\n";
  std::vector<const Family*> families(all_families().begin(), all_families().end());
  std::ranges::sort(families, {}, [](const Family* f) { return std::pair(f->defaults.stack, f->model_type); });
  for (const Family* f : families) {
    const std::string_view gguf = f->gguf_architecture.empty() ? f->model_type : f->gguf_architecture;
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", f->model_type, name_of(f->defaults.stack), heads_of(*f),
                        has_gguf(*f) ? fmt::format("`{}`", gguf) : "-", quoted(f->lora_targets));
  }
  return text;
}

}  // namespace linnet::models
