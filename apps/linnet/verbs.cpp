#include "verbs.h"

namespace linnet::app {

namespace {

constexpr std::string_view kLook = "Looking", kPrompt = "Prompting", kTrain = "Training", kFetch = "Fetching";

constexpr Verb kVerbs[] = {
    {"tokenize", kLook, "texts to token ids, pieces and offsets, and back", run_tokenize},
    {"doctor", kLook, "what this machine offers and what Linnet will use of it", run_doctor},
    {"classify", kPrompt, "texts and labels in, probabilities out", run_classify},
    {"train", kTrain, "fine-tunes a model on rows of text", run_train},
    {"pull", kFetch, "models from the Hugging Face Hub into its cache", run_pull},
    {"models", kFetch, "what the cache holds", run_models},
    {"rm", kFetch, "removes models from the cache", run_rm},
};

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }

}  // namespace linnet::app
