#include "verbs.h"

namespace linnet::app {

namespace {

constexpr std::string_view kLook = "Looking", kPrompt = "Prompting", kTrain = "Training", kServe = "Serving",
                           kFetch = "Fetching";

constexpr Verb kVerbs[] = {
    {"run", kPrompt, "complete a prompt, or chat", run_run},
    {"score", kPrompt, "log-probabilities of continuations, and the perplexity of a text", run_score},
    {"classify", kPrompt, "texts and labels in, probabilities out", run_classify},
    {"fill", kPrompt, "the likeliest words for a masked place", run_fill},
    {"tag", kPrompt, "names, places and other labelled words of texts", run_tag},
    {"answer", kPrompt, "questions about a text, answered from it", run_answer},
    {"summarize", kPrompt, "short texts from long ones", run_summarize},
    {"translate", kPrompt, "texts in another language", run_translate},
    {"rerank", kPrompt, "documents ordered by how well they answer a query", run_rerank},
    {"embed", kPrompt, "texts as vectors", run_embed},
    {"search", kPrompt, "the texts of an embedded file that are closest to a query", run_search},
    {"train", kTrain, "fine-tunes a model on rows of text", run_train},
    {"merge", kTrain, "a LoRA adapter folded into its base", run_merge},
    {"convert", kTrain, "a model as a GGUF file or a folder, with weights of another type", run_convert},
    {"serve", kServe, "a server with the HTTP interfaces of OpenAI and others", run_serve},
    {"inspect", kLook, "what a model is, from its headers", run_inspect},
    {"tokenize", kLook, "texts to token ids, pieces and offsets, and back", run_tokenize},
    {"forward", kLook, "one forward pass, its outputs written as tensors", run_forward},
    {"bench", kLook, "how fast a model is here, and what limits it", run_bench},
    {"doctor", kLook, "what this machine offers and what Linnet will use of it", run_doctor},
    {"pull", kFetch, "models from the Hugging Face Hub into its cache", run_pull},
    {"models", kFetch, "what the cache holds", run_models},
    {"rm", kFetch, "removes models from the cache", run_rm},
    {"completion", "", "", run_completion},
    {"man", "", "", run_man},
    {"documents", "", "", run_documents},
};

constexpr Meaning kVerbMeanings[] = {
    {"list", "models"},
    {"ls", "models"},
    {"search-models", "models"},
    {"chat", "run"},
    {"generate", "run"},
    {"complete", "run"},
    {"prompt", "run"},
    {"ask", "run"},
    {"sample", "run"},
    {"predict", "classify"},
    {"label", "classify"},
    {"sentiment", "classify"},
    {"zero-shot", "classify"},
    {"infer", "classify"},
    {"embedding", "embed"},
    {"embeddings", "embed"},
    {"vectors", "embed"},
    {"encode", "tokenize"},
    {"encode", "embed"},
    {"finetune", "train"},
    {"fine-tune", "train"},
    {"fit", "train"},
    {"server", "serve"},
    {"api", "serve"},
    {"download", "pull"},
    {"fetch", "pull"},
    {"get", "pull"},
    {"install", "pull"},
    {"quantize", "convert"},
    {"quantise", "convert"},
    {"export", "convert"},
    {"delete", "rm"},
    {"remove", "rm"},
    {"uninstall", "rm"},
    {"info", "inspect"},
    {"show", "inspect"},
    {"describe", "inspect"},
    {"perplexity", "score"},
    {"logprobs", "score"},
    {"mask", "fill"},
    {"unmask", "fill"},
    {"fill-mask", "fill"},
    {"ner", "tag"},
    {"token-classification", "tag"},
    {"question-answering", "answer"},
    {"qa", "answer"},
    {"summary", "summarize"},
    {"summarise", "summarize"},
    {"summarization", "summarize"},
    {"translation", "translate"},
    {"rank", "rerank"},
    {"cross-encoder", "rerank"},
    {"logits", "forward"},
    {"benchmark", "bench"},
    {"speed", "bench"},
    {"tokenise", "tokenize"},
    {"completions", "completion"},
};

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }
std::span<const Meaning> verb_meanings() { return kVerbMeanings; }

}  // namespace linnet::app
