// Runs of the trainer on the fixtures' tiny models (one id per word: "w5 w6"), for tests.
#pragma once

#include <memory>
#include <string>

#include "linnet/adapt/loaded.h"
#include "linnet/base/file.h"
#include "linnet/base/rng.h"
#include "linnet/base/sha256.h"
#include "linnet/train/trainer.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet {

inline std::string tiny_text(Rng& rng, std::uint64_t first, std::uint64_t last) {
  std::string text;
  for (std::uint64_t i = 0, n = 3 + rng.below(6); i < n; ++i)
    text += (i > 0 ? " w" : "w") + std::to_string(first + rng.below(last - first));
  return text;
}

// Rows whose label follows from their words: red, green and blue have their own words.
inline std::string labelled_rows(int count, std::uint64_t seed = 7,
                                 const std::vector<std::string>& names = {"red", "green", "blue"}) {
  Rng rng(seed);
  std::string rows;
  for (int i = 0; i < count; ++i) {
    const auto label = static_cast<std::uint64_t>(i) % names.size();
    rows += dump_json({{"text", tiny_text(rng, 10 + 15 * label, 25 + 15 * label)}, {"label", names[label]}}) + "\n";
  }
  return rows;
}

inline std::string plain_rows(int count, std::uint64_t seed = 8) {
  Rng rng(seed);
  std::string rows;
  for (int i = 0; i < count; ++i) rows += dump_json({{"text", tiny_text(rng, 10, 60)}}) + "\n";
  return rows;
}

// Everything of a run; must outlive its trainer.
struct TinyRun {
  TinyRun(const std::string& fixture, const std::string& rows, TrainOptions options, Device device = kCpu)
      : TinyRun(fixtures() / fixture, DatasetSplits{parse_dataset(rows, "jsonl", "rows.jsonl"), {}, {}},
                std::move(options), device) {}
  TinyRun(const std::filesystem::path& folder, DatasetSplits splits, TrainOptions options, Device device = kCpu)
      : loaded(load_pretrained(folder, on(device, prepare(models::ModelFiles(folder).config(), splits, options)))),
        trainer(std::make_unique<Trainer>(loaded, std::move(splits), std::move(options))) {}

  static models::LoadOptions on(Device device, models::LoadOptions load) {
    load.device = device;
    return load;
  }

  // The logits of a text, which depend on every trained weight.
  std::vector<float> scores(const std::string& text) {
    loaded.model->pass().training = false;
    const GradGuard off(false);
    nn::Packed batch;
    batch.add(loaded.tokenizer().encode_ids(text));
    const Tensor hidden = loaded.model->forward(batch);
    const bool classifies = loaded.model->config().head == nn::HeadKind::kSequenceClass;
    const Tensor scores =
        classifies ? loaded.model->classify(loaded.model->pooled(hidden, batch)) : loaded.model->logits(hidden);
    const Tensor all = scores.to(kCpu);
    return {all.data<float>().begin(), all.data<float>().end()};
  }

  Loaded loaded;
  std::unique_ptr<Trainer> trainer;
};

// Adam on a classifier of three colours, with all randomness on.
inline TrainOptions tiny_options(const std::filesystem::path& output = {}) {
  TrainOptions options;
  options.output = output;
  options.method = TrainMethod::kFull;
  options.epochs = 3;
  options.batch_size = 4;
  options.learning_rate = 1e-3;
  options.max_length = 32;
  options.valid_fraction = 0.25;
  options.compute = Compute::kF32;
  return options;
}

// Dropout and shuffling, so that a lost counter or position is noticed.
inline TrainOptions restless(const std::filesystem::path& output) {
  TrainOptions options = tiny_options(output);
  options.save_every = 5;
  options.keep = 0;
  return options;
}
inline std::filesystem::path dropping_model(const std::filesystem::path& folder) {
  std::filesystem::copy(fixtures() / "bert/classifier", folder);
  Json config = read_json(folder / "config.json");
  config["hidden_dropout_prob"] = config["attention_probs_dropout_prob"] = 0.2;
  write_file(folder / "config.json", dump_json(config));
  return folder;
}
inline DatasetSplits splits_of(const std::string& rows) { return {parse_dataset(rows, "jsonl", "rows.jsonl"), {}, {}}; }

inline std::string hash_of(const std::filesystem::path& file) { return sha256_file(file); }

}  // namespace linnet
