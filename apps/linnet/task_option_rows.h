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

}  // namespace linnet::app
