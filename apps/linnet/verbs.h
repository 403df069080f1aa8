// The verbs of the program; each one is a file of this folder.
#pragma once

#include <span>
#include <string_view>

#include "command.h"
#include "suggestions.h"

namespace linnet::app {

void run_answer(Arguments arguments);
void run_classify(Arguments arguments);
void run_completion(Arguments arguments);
void run_convert(Arguments arguments);
void run_bench(Arguments arguments);
void run_doctor(Arguments arguments);
void run_documents(Arguments arguments);
void run_embed(Arguments arguments);
void run_eval(Arguments arguments);
void run_fill(Arguments arguments);
void run_forward(Arguments arguments);
void run_inspect(Arguments arguments);
void run_man(Arguments arguments);
void run_merge(Arguments arguments);
void run_models(Arguments arguments);
void run_pull(Arguments arguments);
void run_rerank(Arguments arguments);
void run_rm(Arguments arguments);
void run_run(Arguments arguments);
void run_score(Arguments arguments);
void run_search(Arguments arguments);
void run_serve(Arguments arguments);
void run_summarize(Arguments arguments);
void run_tag(Arguments arguments);
void run_tokenize(Arguments arguments);
void run_train(Arguments arguments);
void run_translate(Arguments arguments);

struct Verb {
  std::string_view name, group, purpose;  // without a group it is hidden
  void (*run)(Arguments);
};
std::span<const Verb> verbs();
// Names of verbs in other programs.
std::span<const Meaning> verb_meanings();

}  // namespace linnet::app
