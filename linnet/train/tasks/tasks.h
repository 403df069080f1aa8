// All tasks, one object each.
#pragma once

#include "linnet/train/tasks/task.h"

namespace linnet {

const TrainTask& classify_task();
const TrainTask& causal_lm_task();
const TrainTask& masked_lm_task();
const TrainTask& next_sentence_task();
const TrainTask& masked_next_sentence_task();
const TrainTask& seq2seq_task();
const TrainTask& denoise_t5_task();
const TrainTask& denoise_bart_task();
const TrainTask& token_delete_task();
const TrainTask& token_replace_task();
const TrainTask& sentence_shuffle_task();
const TrainTask& question_task();
const TrainTask& token_task();

}  // namespace linnet
