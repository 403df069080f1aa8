// Any bytes as the files of a checkpoint's run state: linnet_state.json, trainer_state.json and optimizer.safetensors,
// separated by zero bytes, next to the trained weights of a small run.
#include "fuzz/input.h"
#include "linnet/adapt/loaded.h"
#include "linnet/base/file.h"
#include "linnet/data/dataset.h"
#include "linnet/train/checkpoint/checkpointing.h"
#include "linnet/train/checkpoint/run_identity.h"
#include "linnet/train/checkpoint/run_state.h"
#include "linnet/train/prepare.h"

using namespace linnet;

namespace {

TrainOptions small_options(const std::filesystem::path& output) {
  TrainOptions options;
  options.output = output;
  options.epochs = 1;
  options.batch_size = 2;
  options.max_length = 16;
  options.compute = Compute::kF32;
  return options;
}

struct Run {
  Run()
      : options(small_options(fuzz::as_file("", "run").parent_path() / "out")),
        splits{parse_dataset("{\"text\": \"w10\", \"label\": \"red\"}\n{\"text\": \"w30\", \"label\": \"green\"}\n"
                             "{\"text\": \"w50\", \"label\": \"blue\"}\n",
                             "jsonl", "rows.jsonl"),
               {},
               {}},
        loaded(load_pretrained(base(), prepare(models::ModelFiles(base()).config(), splits, options))),
        learner(*loaded.model, loaded.tokenizer(), nullptr, options),
        optimizer(make_optimizer(learner.trained(), options.optimizer)),
        identity(run_identity(
            {options, learner,
             encode_examples(splits.train, loaded.tokenizer(), loaded.model->config(), *options.task, options),
             nullptr})) {
    const RunFacts facts{.global_step = 1, .max_steps = 2, .num_train_epochs = 1, .train_batch_size = 2};
    RunState state;
    state.step = 1;
    state.history.steps = {{.step = 1, .epoch = 0.5, .loss = 0.7, .grad_norm = 1, .learning_rate = 1e-5}};
    save_checkpoint({options, learner, *optimizer, facts, identity}, state);
    folder = checkpoint_path(options.output, 1);
  }
  static std::filesystem::path base() { return LINNET_SOURCE_DIR "/tests/fixtures/llama/classifier"; }

  TrainOptions options;
  DatasetSplits splits;
  Loaded loaded;
  Learner learner;
  std::unique_ptr<Optimizer> optimizer;
  Json identity;
  Sampler sampler{{4, 4, 4}, {.batch_rows = 2}};
  BestRule best{"eval_accuracy", true};
  std::filesystem::path folder;
};

constexpr const char* kFiles[] = {"linnet_state.json", "trainer_state.json", "optimizer.safetensors"};

Run& run() {
  static Run made;
  return made;
}

}  // namespace

// The files of the small run are the first input; only this program can create them.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::string first;
  for (const char* file : kFiles)
    first += (first.empty() ? std::string() : std::string(1, '\0')) + read_file(run().folder / file);
  if (const char* seeds = std::getenv("LINNET_FUZZ_SEEDS"))
    std::ofstream(std::filesystem::path(seeds) / "run", std::ios::binary) << first;
  return 0;
}

FUZZ_TARGET(bytes) {
  const auto files = fuzz::parts(bytes, std::size(kFiles));
  for (std::size_t i = 0; i < files.size(); ++i) std::ofstream(run().folder / kFiles[i], std::ios::binary) << files[i];
  fuzz::survives([] {
    load_checkpoint(run().folder, run().learner, *run().optimizer,
                    {run().identity, run().sampler, run().best, /*grad_accumulation=*/1, /*steps=*/2});
  });
}
