#include "linnet/tokenizer/gguf/kinds.h"

#include "linnet/base/error.h"
#include "linnet/tokenizer/splitters.h"

namespace linnet {

std::span<const GgufPreKind> gguf_pre_kinds() {
  static const char* const kPunctuation = R"([\p{P}\$\+<=>\^~\|]+)";
  static const char* const kIdeographs = "[一-龥ࠀ-一가-퟿]+";
  static const std::vector<GgufPreKind> kinds{
      {{"default"}, {kPunctuation, kGpt2Pattern, R"(\p{N}+)", "[0-9][0-9][0-9]"}},
      {{"gpt-2", "phi-2", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de", "gigachat", "roberta-bpe",
        "mpt", "olmo", "jais", "trillion", "granite-docling"},
       {kGpt2Pattern}},
      {{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"}, {R"(\p{N})", kGpt2Pattern}},
      {{"llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral"}, {kLlama3Pattern}, true},
      {{"dbrx", "smaug-bpe"}, {kLlama3Pattern}},
      {{"qwen2", "stablelm2", "deepseek-r1-qwen", "megrez", "hunyuan"}, {kQwen2Pattern}},
      {{"bloom", "gpt3-finnish", "poro-chat"}, {kBloomPattern}},
      {{"viking"}, {kBloomPattern, R"(\p{N})"}},
      {{"falcon"}, {R"([\p{P}\$\+<=>\^~\|`]+)", kGpt2Pattern, "[0-9][0-9][0-9]"}},
      {{"deepseek-coder"}, {R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", kIdeographs, R"(\p{N})"}},
  };
  return kinds;
}

const GgufPreKind& find_gguf_pre(const std::string& name, std::string_view place) {
  const std::string wanted = name.empty() ? "default" : name;
  std::string all;
  for (const GgufPreKind& kind : gguf_pre_kinds())
    for (const char* known : kind.names) {
      if (wanted == known) return kind;
      all += all.empty() ? known : std::string(", ") + known;
    }
  fail(ErrorKind::kBadInput, "{}: tokenizer.ggml.pre '{}' is not supported; these are: {}", place, printable(name),
       all);
}

Json gguf_pretokenizer(const GgufPreKind& kind, bool add_space_prefix) {
  Json steps = Json::array();
  for (const char* pattern : kind.patterns)
    steps.push_back(
        {{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}});
  steps.push_back(
      {{"type", "ByteLevel"}, {"add_prefix_space", add_space_prefix}, {"trim_offsets", true}, {"use_regex", false}});
  return {{"type", "Sequence"}, {"pretokenizers", steps}};
}

std::vector<std::pair<std::string, std::string>> gguf_merges(const GgufVocabulary& v, const Vocabulary& vocabulary,
                                                             std::string_view place) {
  std::vector<std::pair<std::string, std::string>> merges;
  merges.reserve(v.merges.size());
  for (const std::string& merge : v.merges) {
    const std::size_t space = merge.find(' ', 1);  // a token may start with a space
    if (space == merge.npos)
      fail(ErrorKind::kBadInput, "{}: merge {} is '{}', not two tokens; get the file again", place, merges.size(),
           printable(merge, 60));
    // llama.cpp keeps merges whose parts or result are not tokens; they have no effect.
    std::string left = merge.substr(0, space), right = merge.substr(space + 1);
    if (vocabulary.find(left) >= 0 && vocabulary.find(right) >= 0 && vocabulary.find(left + right) >= 0)
      merges.emplace_back(std::move(left), std::move(right));
  }
  return merges;
}

}  // namespace linnet
