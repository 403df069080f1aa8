// The command line of `linnet classify`, and its conversion to the library's options.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command.h"
#include "linnet/data/dataset.h"
#include "linnet/tasks/classify.h"
#include "model_options.h"
#include "row_answers.h"
#include "text_options.h"

namespace linnet::app {

struct ClassifyArguments {
  ModelOptions model;
  TextOptions texts;
  std::string labels;                    // "positive,negative"
  std::vector<std::string> label_words;  // "label=word,word"
  std::string engine = "auto", prompt, hypothesis, normalize = "sum";
  bool chat = false, show_prompt = false, multi_label = false;
  std::string examples;  // a file of solved examples
  std::int64_t shots = 0;
  std::string calibrate = "none", save_calibration;
  double abstain_below = 0;
  std::int64_t top_k = 0;  // labels shown; 0: all
  bool allow_untrained = false;
  AnswerOptions answers;
};

void add_classify_options(Command& command, ClassifyArguments& arguments);

// Labels separated by commas, without surrounding spaces; `\,` is a comma.
std::vector<std::string> split_labels(const std::string& list);

// The options that do not depend on the rows: without template, labels and exemplars.
tasks::ClassifyOptions plain_classify_options(const Command& command, const ClassifyArguments& arguments);

// The engine for a model if these are the labels of the rows: labels that are all the head's own do not ask for another
// engine than the head.
tasks::Engine settled_engine(const nn::TransformerConfig& config, const tasks::ClassifyOptions& options);

// Wrong usage for invalid names or numbers; kBadInput for broken files. `labels`: --labels, or those of the input;
// empty: those of --examples, or the model's.
tasks::ClassifyOptions classify_options(const Command& command, const ClassifyArguments& arguments,
                                        std::vector<std::string> labels);

// {"labels":[…],"logprobs":[…],"measured_with":{…}}: the format of --save-calibration and --calibrate FILE.
void save_calibration(const std::string& file, const tasks::Calibration& calibration);

}  // namespace linnet::app
