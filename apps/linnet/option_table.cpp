#include "option_table.h"

#include <algorithm>
#include <utility>

#include "linnet/base/error.h"
#include "linnet/generate/overrides.h"
#include "linnet/tasks/classify.h"
#include "linnet/train/option_rules.h"
#include "task_option_rows.h"

namespace linnet::app {
namespace {

using generate::kOverrideRules;
using tasks::kClassifyRules;

constexpr OptionRow kEveryVerb[] = {
    {"-h,--help", "show this text"},
    {"-q,--quiet", "no progress and no notes on stderr; warnings and errors stay", {"quiet"}},
    {"-v,--verbose", "also say on stderr what is loaded and how", {"verbose"}},
};
constexpr OptionRow kFormat[] = {
    {"--input-format", "default: by the name, else by the content; one of", {"format"}},
    {"--delimiter", "separator of a CSV's cells, ';' or tab for example (default: ',')"},
    {"--no-header", "the first row is data; the columns are column1, column2, …", {"header"}},
};
constexpr OptionRow kColumns[] = {
    {"--text-column", "default: text, else the usual names"},
    {"--text-pair-column", "a second text; default: text_pair, else the usual names"},
    {"--label-column", "default: label, else the usual names"},
};
constexpr OptionRow kTexts[] = {
    {"--input", ".txt, .jsonl, .json, .csv, .tsv, each also .gz; - for standard input"},
};
constexpr OptionRow kJoined[] = {
    {"--output", "a .csv, .tsv or .jsonl file: the input's columns, followed by the answer's"},
};
constexpr OptionRow kStream[] = {
    {"--stream", "answer each row immediately; default for a pipe"},
};
constexpr OptionRow kModel[] = {
    {"-m,--model", "folder, .gguf file, org/name[@revision] or PEFT adapter; default: SmolLM2-135M-Instruct"},
    {"--adapter", "a PEFT adapter on top of the model"},
    {"--base", "the model under the adapter that -m names"},
    {"--dtype", "type of the weights (f32 is exact)"},
    {"--device", "device of the computation"},
    {"-t,--threads", "default: physical cores", {"threads", at_least(1)}},
    {"--seed", "seed of all random numbers", {"seed", at_least(0)}},
};
constexpr OptionRow kRunPrompt[] = {
    {"prompt", "the text to continue; without one, standard input, or a conversation in a terminal"},
    {"--ids", "token ids 1,2,3 instead of a text"},
    {"--input", "a file of prompts or messages: .txt (one per line), .jsonl …; - for standard input"},
    {"--chat", "the prompt is a user's turn of the model's chat template"},
    {"--system", "the system's turn before it; switches --chat on"},
};
constexpr OptionRow kRunLength[] = {
    {"-n,--max-new-tokens", "new tokens at most; default: the checkpoint's, else 256",
     rule_of(kOverrideRules, "max_new_tokens")},
    {"--max-length", "prompt and new tokens at most; default: the model's context",
     rule_of(kOverrideRules, "max_length")},
    {"--min-new-tokens", "no end token before this number of new tokens", rule_of(kOverrideRules, "min_new_tokens")},
    {"--min-length", "the same, counting the prompt", rule_of(kOverrideRules, "min_length")},
};
constexpr OptionRow kRunSampling[] = {
    {"--do-sample,!--no-do-sample", "sample by probability"},
    {"--temperature", "scores are divided by it, 0 is greedy; default: the checkpoint's, else 1",
     rule_of(kOverrideRules, "temperature")},
    {"--top-k", "sample from the k most likely, 0: all; default: the checkpoint's, else 50",
     rule_of(kOverrideRules, "top_k")},
    {"--top-p", "sample from the most likely that reach this probability; default: the checkpoint's, else 1",
     rule_of(kOverrideRules, "top_p")},
    {"--min-p", "drop tokens below this fraction of the highest probability", rule_of(kOverrideRules, "min_p")},
    {"--typical-p", "locally typical sampling", rule_of(kOverrideRules, "typical_p")},
};
constexpr OptionRow kRunPenalties[] = {
    {"--repetition-penalty", "above 1: seen tokens become less likely", rule_of(kOverrideRules, "repetition_penalty")},
    {"--no-repeat-ngram-size", "no n-gram of this size twice", rule_of(kOverrideRules, "no_repeat_ngram_size")},
};
constexpr OptionRow kRunBeams[] = {
    {"--num-beams", "beam search with this number of beams; default: the checkpoint's, else 1",
     rule_of(kOverrideRules, "num_beams")},
    {"--num-return-sequences", "print this number of the best texts; default: the checkpoint's, else 1",
     rule_of(kOverrideRules, "num_return_sequences")},
    {"--length-penalty", "scores are divided by length to this power; default: the checkpoint's, else 1",
     rule_of(kOverrideRules, "length_penalty")},
    {"--early-stopping",
     "end with num-beams texts, also if a better one is possible; default: the checkpoint's, else false"},
};
constexpr OptionRow kRunChoices[] = {
    {"--choices", "complete with one of these texts, the most probable as a whole; commas between"},
};
constexpr OptionRow kRunOutput[] = {
    {"--stop", "end before this text; repeatable"},
    {"--logprobs", "also the N most likely tokens of every step; default: none", {"logprobs", at_least(1)}},
    {"--echo", "also print the prompt, before the new text"},
    {"--json", "text, ids, finish reason, usage, timing"},
};
constexpr OptionRow kRunMemory[] = {
    {"--memory", "maximum memory for weights, KV cache and scratch, such as 4G"},
};
constexpr OptionRow kScoreContinuations[] = {
    {"--prompt", "the text before the continuation", {"", {}, "continuation"}},
    {"--continuation", "a text that may follow; several of them", {"", {}, "prompt"}},
    {"--input", "rows of a prompt and continuations (a list of texts); - for standard input"},
    {"--text-column", "the prompt's (default: prompt)"},
};
constexpr OptionRow kScorePerplexity[] = {
    {"--perplexity", "a text file (also .gz; - for standard input)"},
    {"--window", "tokens per window; default: 512, or the model's context", {"window", at_least(2), "perplexity"}},
    {"--stride",
     "tokens from window to window; default: 256, or half the context",
     {"stride", at_least(1), "perplexity"}},
    {"--limit", "only the first N tokens; 0: all", {"limit", at_least(0), "perplexity"}},
};
constexpr OptionRow kScoreOutput[] = {
    {"--json", "scores as JSON, one object per prompt"},
};
constexpr OptionRow kClassifyTexts[] = {
    {"text", "texts to classify"},
};
constexpr OptionRow kClassifyPrompt[] = {
    {"--labels", "the labels, with commas between"},
    {"--label-words", "LABEL=word,word: the words of a label (repeatable)", rule_of(kClassifyRules, "label_words")},
    {"--template", "a file, text that contains {{ text }}, or one of", rule_of(kClassifyRules, "prompt")},
    {"--hypothesis-template",
     "what is said of a text, with {} for the label; default: This example is {}.",
     {"hypothesis", {}, "engine", "nli"}},
    {"--multi-label", "each label is true or not, instead of one of them", rule_of(kClassifyRules, "multi_label")},
    {"--chat", "the prompt is a user's turn in the model's chat template", rule_of(kClassifyRules, "chat")},
    {"--show-prompt", "print the first text's prompt to stderr"},
    {"--examples", "a file of solved examples to show the model", rule_of(kClassifyRules, "exemplars")},
    {"--shots", "how many of them, balanced by class; default: 8", {"shots", at_least(1), "exemplars"}},
};
constexpr OptionRow kClassifyAnswer[] = {
    {"--engine", "how labels are judged"},
    {"--normalize", "what a label's log-probability is divided by", rule_of(kClassifyRules, "normalize")},
    {"--calibrate", "a file from --save-calibration, or one of", rule_of(kClassifyRules, "calibrate")},
    {"--save-calibration", "write the calibration to this file", {"save_calibration", {}, "calibrate", "content-free"}},
    {"--abstain-below", "mark answers with a lower probability", rule_of(kClassifyRules, "abstain_below")},
    {"--top-k", "show only this number of labels; default: all", {"top_k", at_least(1)}},
    {"--allow-untrained", "use a classification head that was never trained"},
    {"--json", "one JSON object per text"},
};
constexpr OptionRow kFillTexts[] = {
    {"text", "texts that contain the model's mask token"},
};
constexpr OptionRow kFillAnswer[] = {
    {"--top-k", "words for each mask", {"top_k", at_least(1)}},
    {"--targets", "rank only this word (repeatable)"},
    {"--json", "one JSON array per text"},
};
constexpr OptionRow kEmbedTexts[] = {
    {"text", "texts to embed"},
};
constexpr OptionRow kEmbedAnswer[] = {
    {"-o,--output", "a .npy file (float32, a row per text) instead of standard output"},
    {"--json", "one JSON object per text"},
};
constexpr OptionRow kVectors[] = {
    {"--pooling", "default: as the model's folder has it, else mean"},
    {"--unit,!--no-unit", "scale to length 1; default: as the model's folder has it, else not"},
    {"--prompt-name", "a prompt of the model to put before each text; default: its own"},
    {"--prompt", "text to put before each text; '' for none"},
    {"--max-length", "tokens of a text at most; default: the model's limit", {"max_length", at_least(1)}},
};
constexpr OptionRow kSearchTexts[] = {
    {"query", "texts to look for"},
    {"--in", "the vectors: a file of `linnet embed --output` with the same model"},
    {"--texts", "the texts that were embedded, in the same order"},
};
constexpr OptionRow kSearchAnswer[] = {
    {"--top-k", "hits per query", {"top_k", at_least(1)}},
    {"--json", "one JSON object per query"},
};
constexpr OptionRow kTrainTask[] = {
    {"--data", "a .jsonl, .csv or .tsv file (also .gz), or a folder with train, valid, test"},
    {"-o,--output", "the folder that is made"},
    {"--task", "task of the training; auto: by the columns"},
    {"--problem-type", "kind of the labels; default: by their column", rule_of(kTrainRules, "problem")},
    {"--new-head", "replace a head of another size or of other labels", {"head_rule"}},
    {"--head", "kind of a new head; default: as Transformers does", rule_of(kTrainRules, "head_kind")},
    {"--pooling",
     "pooling of a new classifier: one token, or all of a text; default: as in Transformers for the family",
     rule_of(kTrainRules, "pooling")},
    {"--from-scratch", "every weight random: only the configuration is read", rule_of(kTrainRules, "start")},
    {"--whole-word", "mask whole words", rule_of(kTrainRules, "whole_word")},
    {"--mask-probability", "fraction of tokens to predict", rule_of(kTrainRules, "mask_probability")},
    {"--no-eos", "texts do not end with the end token", rule_of(kTrainRules, "append_eos")},
    {"--packing", "join texts, cut rows of --max-length tokens", rule_of(kTrainRules, "packing")},
    {"--max-length", "maximum tokens per row", rule_of(kTrainRules, "max_length")},
};
constexpr OptionRow kTrainMethod[] = {
    {"--method", "what is trained; auto: full under 500 M parameters, else lora"},
    {"--lora-r", "rank", rule_of(kTrainRules, "lora_rank")},
    {"--lora-alpha", "scale: alpha / rank", rule_of(kTrainRules, "lora_alpha")},
    {"--lora-dropout", "of the adapter's input", rule_of(kTrainRules, "lora_dropout")},
    {"--rslora", "scale: alpha / sqrt(rank)", rule_of(kTrainRules, "rank_stabilised")},
    {"--target-modules", "Hugging Face's names of the modules; all-linear for every one",
     rule_of(kTrainRules, "target_modules")},
    {"--preset", "prompt tuning as a paper did it (100 tokens, Adafactor at 0.3)"},
    {"--virtual-tokens", "rows of a soft prompt or prefix", rule_of(kTrainRules, "virtual_tokens")},
    {"--prompt-init", "random, vocab, or text=…", rule_of(kTrainRules, "prompt_init")},
    {"--prefix-projection", "an MLP computes the prefix in training", rule_of(kTrainRules, "prefix_projection")},
    {"--prefix-hidden", "its width; default: the model's", rule_of(kTrainRules, "prefix_hidden")},
    {"--peft-compat", "only PEFT's prefix (the decoder's)", rule_of(kTrainRules, "prefix_reach")},
    {"--freeze", "parameters whose name contains this are frozen", rule_of(kTrainRules, "freeze")},
};
constexpr OptionRow kTrainHow[] = {
    {"--epochs", "passes over the rows", rule_of(kTrainRules, "epochs")},
    {"--max-steps", "takes precedence over --epochs; default: none", rule_of(kTrainRules, "max_steps")},
    {"--batch-size", "rows per batch", rule_of(kTrainRules, "batch_size")},
    {"--batch-tokens", "tokens per batch at most; default: no limit", rule_of(kTrainRules, "batch_tokens")},
    {"--grad-accumulation", "batches per step", rule_of(kTrainRules, "grad_accumulation")},
    {"--learning-rate",
     "default: full 5e-5, head 1e-3, lora 2e-4, prompt 3e-2, prefix 1e-2",
     {"learning_rate", above(0)}},
    {"--optimizer", "optimizer"},
    {"--momentum", "0: none", rule_of(kTrainRules, "momentum")},
    {"--weight-decay", "of matrices", rule_of(kTrainRules, "weight_decay")},
    {"--decay-all", "of biases and norms too", {"decay"}},
    {"--warmup-ratio", "fraction of the steps", rule_of(kTrainRules, "warmup_ratio")},
    {"--schedule", "learning rate after the warm-up"},
    {"--clip", "norm of all gradients at most; 0: off", rule_of(kTrainRules, "clip")},
    {"--label-smoothing", "fraction of the probability for other labels", rule_of(kTrainRules, "label_smoothing")},
    {"--class-weights", "one per label (1,2.5), or balanced", rule_of(kTrainRules, "class_weights")},
    {"--recompute", "gradient checkpointing: less memory, more time"},
    {"--no-shuffle", "the file's order, consecutive batches", {"shuffle"}},
};
constexpr OptionRow kTrainFiles[] = {
    {"--valid-fraction", "of the rows, if there is no validation file", rule_of(kTrainRules, "valid_fraction")},
    {"--eval-every", "steps; default: an epoch", rule_of(kTrainRules, "eval_every")},
    {"--early-stopping", "evaluations without a better one before stopping; default: never",
     rule_of(kTrainRules, "early_stopping")},
    {"--save-every", "steps; default: an epoch", rule_of(kTrainRules, "save_every")},
    {"--keep", "newest checkpoints to keep in addition to the best; 0: all", rule_of(kTrainRules, "keep")},
    {"--resume",
     "continue from the newest checkpoint in -o, bit for bit, with its recorded options; --epochs and --max-steps may "
     "grow"},
    {"--json", "JSON lines: steps, evaluations, the summary"},
};
constexpr OptionRow kMerge[] = {
    {"ADAPTER", "a PEFT folder"},
    {"-m,--model", "the same, by name"},
    {"--base", "the base model, if the adapter's own entry does not lead to it"},
    {"-o,--output", "a new folder"},
    {"--dtype", "of the weights; auto: the base's, q8 and q4 by linnet convert"},
    {"-t,--threads", "default: physical cores", {"threads", at_least(1)}},
    {"--json", "the result as one JSON object"},
};
constexpr OptionRow kConvert[] = {
    {"MODEL", "folder, .gguf file or org/name[@revision]"},
    {"-m,--model", "the same, by name"},
    {"-o,--output", "a name ending in .gguf, or a new folder"},
    {"--dtype", "auto: unchanged; q8 and q4 into a .gguf only"},
    {"-t,--threads", "default: physical cores", {"threads", at_least(1)}},
    {"--json", "the result as one JSON object"},
};
constexpr OptionRow kInspect[] = {
    {"-m,--model,model", "folder, .gguf, .safetensors or pytorch_model.bin file, org/name[@revision]"},
    {"--tensors", "every tensor of the checkpoint, with our name for it"},
    {"--dtype", "type for the memory estimate"},
    {"--context", "tokens for the memory estimate; default: 2048, or the model's context", {"context", at_least(1)}},
    {"--json", "as JSON"},
};
constexpr OptionRow kTokenize[] = {
    {"text", "texts to encode"},
    {"-m,--model", "folder, .gguf file or org/name"},
    {"--pair", "a second text"},
    {"--no-special", "without the tokenizer's special tokens ([CLS], <s> …)"},
    {"--decode", "ids to decode, such as 1,2,3; without a value with --input"},
    {"--skip-special", "leave special tokens out when decoding", {"skip_special", {}, "decode"}},
    {"--chat", "a JSON array of messages, or {messages, tools?, add_generation_prompt?}"},
    {"--input", "rows of a text (and a pair) or, decoding, of ids; - for standard input"},
    {"--text-column", "default: text, else the usual names; decoding: ids"},
    {"--text-pair-column", "a second text; default: the usual names, else pair"},
    {"--json", "one JSON object per text"},
};
constexpr OptionRow kForward[] = {
    {"text", "texts, each a row of the batch"},
    {"--ids", "token ids of a row, such as 1,2,3; repeat it for a batch"},
    {"--attention-mask", "0 for masked tokens; one list per row"},
    {"--type-ids", "token types; one list per row"},
    {"--decoder-ids", "the decoder's ids of an encoder-decoder; one list per row"},
    {"--padding-side", "side on which shorter rows are padded"},
    {"-o,--output", "the .safetensors file to write"},
    {"--json", "names and shapes as JSON"},
};
constexpr OptionRow kBench[] = {
    {"--prompt-tokens", "tokens of each prompt, random ones (default: 512)"},
    {"--new-tokens", "tokens of each text (default: 128)"},
    {"-r,--repetitions", "how often, after one that does not count (default: 3)"},
    {"--json", "one JSON object"},
};
constexpr OptionRow kDoctor[] = {
    {"--json", "one JSON object"},
    {"--bench", "also measure memory bandwidth and arithmetic"},
};
constexpr OptionRow kPull[] = {
    {"model", "org/name[@revision][:file or quantisation]"},
    {"--json", "{\"model\",\"commit\",\"path\"}, a line for each model"},
};
constexpr OptionRow kModels[] = {
    {"--json", "{\"cache\",\"models\":[{\"model\",\"revisions\",\"bytes\",\"path\"}]}"},
};
constexpr OptionRow kRm[] = {
    {"model", "org/name, or org/name@revision for that revision alone"},
    {"--json", "{\"model\",\"freed_bytes\"}, a line for each model"},
};
constexpr OptionRow kCompletion[] = {
    {"shell", "for which shell"},
};
constexpr OptionRow kMan[] = {
    {"verb", "the page of a verb; without it the overview"},
};
constexpr OptionRow kDocuments[] = {
    {"folder", "where they go"},
};
constexpr OptionGroup kGroups[] = {
    {"", "Every verb", kEveryVerb},
    {"run", "Prompt", kFormat},
    {"score", "Continuations", kFormat},
    {"classify fill tag summarize translate rerank embed search", "Texts", kFormat},
    {"answer", "Questions", kFormat},
    {"train", "Data and task", kFormat},
    {"tokenize", "Options", kFormat},
    {"run", "Prompt", kColumns},
    {"classify fill tag summarize translate rerank embed search", "Texts", kColumns},
    {"train", "Data and task", kColumns},
    {"classify fill tag summarize translate rerank embed", "Texts", kTexts},
    {"score", "Output", kJoined},
    {"run score", "Output", kStream},
    {"classify fill tag answer summarize translate", "Answer", kJoined},
    {"classify fill tag answer summarize translate", "Answer", kStream},
    {"tokenize", "Options", kStream},
    {"run score classify fill tag answer summarize translate rerank embed search train forward bench serve", "Model",
     kModel},
    {"run", "Prompt", kRunPrompt},
    {"run summarize translate answer", "Length", kRunLength},
    {"run", "Sampling (greedy without these)", kRunSampling},
    {"run summarize translate answer", "Penalties", kRunPenalties},
    {"run summarize translate", "Beams", kRunBeams},
    {"run", "Choices (nothing is generated)", kRunChoices},
    {"run", "Output", kRunOutput},
    {"run", "Model", kRunMemory},
    {"score", "Continuations", kScoreContinuations},
    {"score", "Perplexity", kScorePerplexity},
    {"score", "Output", kScoreOutput},
    {"classify", "Texts", kClassifyTexts},
    {"classify", "Labels and prompt", kClassifyPrompt},
    {"classify", "Answer", kClassifyAnswer},
    {"eval", "Rows", kFormat},
    {"eval", "Rows", kColumns},
    {"eval", "Rows", kEvalRows},
    {"eval", "Predictions of another program", kEvalPredictions},
    {"eval", "Table", kEvalTable},
    {"eval", "Output", kEvalOutput},
    {"eval", "Model", kEvalModel},
    {"fill", "Texts", kFillTexts},
    {"fill", "Answer", kFillAnswer},
    {"tag", "Texts", kTagTexts},
    {"tag", "Answer", kTagAnswer},
    {"answer", "Questions", kAnswerRows},
    {"answer", "Answer", kAnswerHow},
    {"summarize translate", "Texts", kWriteTexts},
    {"translate", "Languages", kLanguages},
    {"summarize translate", "Prompt", kWritePrompt},
    {"summarize", "Prompt", kSummaryChunks},
    {"summarize translate", "Answer", kWriteOutput},
    {"rerank", "Texts", kRerankTexts},
    {"rerank", "Answer", kRerankAnswer},
    {"tag answer rerank", "Answer", kUntrainedHead},
    {"embed", "Texts", kEmbedTexts},
    {"embed", "Answer", kEmbedAnswer},
    {"embed search", "Vectors", kVectors},
    {"search", "Texts", kSearchTexts},
    {"search", "Answer", kSearchAnswer},
    {"train", "Data and task", kTrainTask},
    {"train", "What trains", kTrainMethod},
    {"train", "How", kTrainHow},
    {"train", "Validation and files", kTrainFiles},
    {"merge", "Options", kMerge},
    {"convert", "Options", kConvert},
    {"serve", "Connections", kServeConnections},
    {"serve", "Load", kServeLoad},
    {"inspect", "Options", kInspect},
    {"tokenize", "Options", kTokenize},
    {"forward", "Input and output", kForward},
    {"bench", "Options", kBench},
    {"doctor", "Options", kDoctor},
    {"pull", "Options", kPull},
    {"models", "Options", kModels},
    {"rm", "Options", kRm},
    {"completion", "Options", kCompletion},
    {"man", "Options", kMan},
    {"documents", "Options", kDocuments},
};

// Fields of the library that no row has: other structures have another name for the same option.
constexpr std::pair<std::string_view, std::string_view> kOtherFields[] = {{"label_kind", "--problem-type"}};

}  // namespace

std::string_view OptionRow::flag() const {
  const auto end = std::min(names.find(",!"), names.size());
  const auto begin = names.substr(0, end).find("--");
  const std::string_view from = names.substr(begin == names.npos ? 0 : begin, begin == names.npos ? end : end - begin);
  return from.substr(0, from.find(','));
}

std::string OptionRow::field() const {
  if (*rule.field != '\0') return rule.field;
  std::string name(flag().substr(std::min(flag().find_first_not_of('-'), flag().size())));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

bool OptionGroup::is_of(std::string_view verb) const {
  if (verbs.empty()) return true;
  for (std::string_view left = verbs; !left.empty();) {
    const auto blank = std::min(left.find(' '), left.size());
    if (left.substr(0, blank) == verb) return true;
    left.remove_prefix(std::min(blank + 1, left.size()));
  }
  return false;
}

std::span<const OptionGroup> option_groups() { return kGroups; }

namespace {

OptionPlace find_row(std::string_view verb, std::string_view wanted, const auto& name_of) {
  for (const OptionGroup& group : kGroups) {
    if (!group.is_of(verb)) continue;
    for (const OptionRow& row : group.rows)
      if (name_of(row) == wanted) return {&group, &row};
  }
  assertion_failed(std::string(wanted).c_str(), std::string(verb).c_str(), 0);
}

}  // namespace

OptionPlace find_option(std::string_view verb, std::string_view flag) {
  return find_row(verb, flag, [](const OptionRow& row) { return row.flag(); });
}

OptionPlace find_field(std::string_view verb, std::string_view field) {
  return find_row(verb, field, [](const OptionRow& row) { return row.field(); });
}

std::string owner_text(const OptionRow& row, std::string_view verb) {
  if (*row.rule.owner == '\0') return "";
  std::string text(find_field(verb, row.rule.owner).row->flag());
  if (*row.rule.values != '\0') text += " ";
  for (const char c : std::string_view(row.rule.values)) text += c == ',' ? " or " : std::string(1, c);
  return text;
}

std::string flag_of(std::string_view field) {
  for (const OptionGroup& group : kGroups)
    for (const OptionRow& row : group.rows)
      if (*row.rule.field != '\0' && row.rule.field == field) return std::string(row.flag());
  for (const auto& [name, flag] : kOtherFields)
    if (name == field) return std::string(flag);
  std::string flag = "--";
  flag += field;
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

}  // namespace linnet::app
