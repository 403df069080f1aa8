// Rows of the option table for the verbs of one task each; option_table.cpp has the others.
#pragma once

#include "linnet/tasks/answer_question.h"
#include "option_table.h"

namespace linnet::app {

inline constexpr OptionRow kUntrainedHead[] = {
    {"--allow-untrained", "use a head that was never trained"},
};
inline constexpr OptionRow kTagTexts[] = {
    {"text", "texts to tag"},
};
inline constexpr OptionRow kTagAnswer[] = {
    {"--aggregation,--aggregation-strategy",
     "none: tokens; simple: groups of one label; others: words have one label, by their first token, their mean, or "
     "their likeliest token"},
    {"--stride",
     "cut long texts into chunks that share this number of tokens; default: they are truncated",
     {"stride", at_least(0), "aggregation", "simple,first,average,max"}},
    {"--ignore-labels", "a label to leave out; default: O"},
    {"--json", "one JSON array per text"},
};
inline constexpr OptionRow kAnswerRows[] = {
    {"--question", "a question about the context; several of them"},
    {"--context", "the text that answers it", {"", {}, "question"}},
    {"--context-file,--file", "a file with that text", {"", {}, "question"}},
    {"--input", "rows of a question and a context, as SQuAD has them; - for standard input"},
};
inline constexpr OptionRow kAnswerHow[] = {
    {"--top-k", "answers per question", rule_of(tasks::kQuestionRules, "top_k")},
    {"--max-seq-length,--max-seq-len",
     "tokens of a question with a chunk of the context; default: 384, or the model's limit",
     rule_of(tasks::kQuestionRules, "max_seq_length")},
    {"--doc-stride,--stride",
     "tokens that adjacent chunks share; default: 128, or half a chunk",
     {"doc_stride", at_least(0)}},
    {"--max-answer-length,--max-answer-len", "tokens of an answer at most",
     rule_of(tasks::kQuestionRules, "max_answer_length")},
    {"--no-answer,--handle-impossible-answer", "an empty answer is possible", {"impossible_answer"}},
    {"--align-to-words,!--no-align-to-words", "an answer is whole words; default: yes"},
    {"--json", "one JSON object per question; an array with --top-k"},
};

inline constexpr OptionRow kRerankTexts[] = {
    {"query", "what the documents are to answer"},
    {"text", "documents"},
};
inline constexpr OptionRow kRerankAnswer[] = {
    {"--top-k", "show only this number of documents; default: all", {"top_k", at_least(1)}},
    {"--max-length",
     "tokens of a query and a document at most; default: the model's limit",
     {"max_length", at_least(1)}},
    {"--output", "a .csv, .tsv or .jsonl file: the input's columns, followed by rank and score"},
    {"--json", "one JSON array, best first"},
};

inline constexpr OptionRow kWriteTexts[] = {
    {"text", "texts to read"},
};
inline constexpr OptionRow kLanguages[] = {
    {"--from,--source-lang", "language of the texts: en, or English"},
    {"--to,--target-lang", "language of the answer"},
};
inline constexpr OptionRow kWritePrompt[] = {
    {"--template",
     "a file, text that contains {{ text }}, or the name of a shipped prompt; default: the prefix of the "
     "model's files, or the verb's own prompt"},
};
inline constexpr OptionRow kSummaryChunks[] = {
    {"--stride", "tokens that adjacent chunks of a too long text share", {"stride", at_least(0)}},
};
inline constexpr OptionRow kWriteOutput[] = {
    {"--json", "one JSON array per text"},
};
inline constexpr OptionRow kServeConnections[] = {
    {"--host", "address to listen on; others than this machine's own need a key"},
    {"--port", "0: the system chooses one", {"port", between(0, 65535)}},
    {"--api-key-file", "a file with the key that requests must have: Authorization: Bearer KEY"},
    {"--no-auth", "no key, although others can reach the address", {"without_key"}},
    {"--allow-host", "a further name of this server, in the Host header; may be repeated"},
    {"--allow-origin", "a web page that may call, as https://example.org; may be repeated"},
};
inline constexpr OptionRow kServeLoad[] = {
    {"--slots", "generated texts at once", {"slots", between(1, 1024)}},
    {"--queue", "requests that wait besides them; further ones get 429", {"queue", between(0, 100000)}},
    {"--request-time",
     "seconds for a request, from its arrival to the end of its answer",
     {"request_time", between(1, 86400)}},
    {"--cache-memory",
     "of keys and values: 500M, 4G; default: a context for every slot, a quarter of the free memory at most"},
};
inline constexpr OptionRow kEvalRows[] = {
    {"data", "labelled rows to judge: a file, or a folder with test (or valid) and train rows"},
    {"--examples", "training rows for --shots and the baselines, if data is a file; never the rows that are judged"},
};
inline constexpr OptionRow kEvalPredictions[] = {
    {"--predictions", "instead of data: rows with a column prediction (and gold) of any program"},
    {"--gold", "a file with the column gold of the same rows", {"gold", {}, "predictions"}},
    {"--metric", "what is measured of the predictions (repeatable)", {"metric", {}, "predictions"}},
};
inline constexpr OptionRow kEvalTable[] = {
    {"--engine", "how labels are judged (repeatable); default: auto"},
    {"--template", "a file, text that contains {{ text }}, a shipped name, or default (repeatable)"},
    {"--shots", "solved examples before the text (repeatable); default: 0"},
    {"--labels", "the labels, with commas between; default: those of the rows"},
    {"--label-words", "LABEL=word,word: the words of a label (repeatable)"},
    {"--hypothesis-template", "engine nli: what is said of a text, with {} for the label"},
    {"--chat", "the prompt is a user's turn in the model's chat template"},
    {"--normalize", "what a label's log-probability is divided by"},
    {"--calibrate", "divide by the labels' probabilities for texts without content; one of"},
    {"--allow-untrained", "use a classification head that was never trained"},
};
inline constexpr OptionRow kEvalOutput[] = {
    {"--risk", "fraction of wrong answers for the metric coverage", {"risk", between(0, 1)}},
    {"--bootstrap", "resamples for the intervals", {"bootstrap", at_least(100)}},
    {"--output", "a .csv, .tsv or .jsonl file: the input's columns, followed by the answers of each row of the table"},
    {"--report", "a page with the tables, curves, and texts that differ: a self-contained .html file"},
    {"--json", "the table as one JSON object"},
};
inline constexpr OptionRow kEvalModel[] = {
    {"-m,--model", "folder, .gguf file, org/name[@revision] or PEFT adapter (repeatable)"},
    {"--adapter", "a PEFT adapter on top of each model, or none (repeatable)"},
    {"--dtype", "type of the weights (f32 is exact)"},
    {"--device", "device of the computation"},
    {"-t,--threads", "default: physical cores", {"threads", at_least(1)}},
    {"--seed", "seed of exemplars and resamples", {"seed", at_least(0)}},
};

}  // namespace linnet::app
