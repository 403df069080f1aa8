// Includes the whole library.
//
//   #include <linnet/linnet.h>
//
//   const auto loaded = linnet::load_pretrained("SmolLM2-135M-Instruct.gguf");
//   linnet::Classifier tone(loaded, {.labels = {"positive", "negative"}});
//   std::cout << tone.classify({"I love the sunny weather today."})[0].label.value() << "\n";
//
// The most used names are in namespace linnet itself; the rest is in the namespaces of the modules.
#pragma once

#include "linnet/adapt/adapter.h"
#include "linnet/adapt/loaded.h"
#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/base/parallel.h"
#include "linnet/data/dataset.h"
#include "linnet/generate/engine.h"
#include "linnet/generate/generator.h"
#include "linnet/generate/overrides.h"
#include "linnet/generate/score.h"
#include "linnet/hub/pull.h"
#include "linnet/io/checkpoint.h"
#include "linnet/models/model.h"
#include "linnet/models/outputs.h"
#include "linnet/models/saver.h"
#include "linnet/models/summary.h"
#include "linnet/ops/autograd.h"
#include "linnet/ops/ops.h"
#include "linnet/prompt/chat_template.h"
#include "linnet/prompt/template.h"
#include "linnet/tasks/chat.h"
#include "linnet/tasks/classify.h"
#include "linnet/tasks/complete.h"
#include "linnet/tasks/embed.h"
#include "linnet/tasks/fill_mask.h"
#include "linnet/tasks/score_texts.h"
#include "linnet/tensor/tensor.h"
#include "linnet/tokenizer/tokenizer.h"
#include "linnet/train/optimizer/optimizer.h"
#include "linnet/train/trainer.h"

namespace linnet {

using generate::Engine, generate::Generation, generate::Request, generate::resolve;
using models::load_model, models::Model, models::save_model, models::summarize, models::WeightType;
using tasks::chat_ids, tasks::Classification, tasks::Classifier, tasks::complete, tasks::Completion, tasks::embed,
    tasks::fill_mask, tasks::score_texts;

}  // namespace linnet
