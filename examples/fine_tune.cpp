// The article's third program: a classifier of code, once as a loop of its five verbs, once in a line.
//
//   fine_tune SmolLM2-135M-Instruct.gguf my-classifier
#include <linnet/linnet.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace {

struct Snippet {
  const char* code;
  std::int32_t label;  // 0: C++, 1: Python
};
constexpr Snippet kSnippets[] = {{"int sum(int a, int b) { return a + b; }", 0},
                                 {"def sum(a, b):\n\treturn a + b", 1},
                                 {"for (int i = 0; i < n; ++i) total += i;", 0},
                                 {"for i in range(n):\n\ttotal += i", 1}};

void loop(const std::filesystem::path& path) {
  const auto loaded =
      linnet::load_pretrained(path, {.head = linnet::models::HeadKind::kSequenceClass, .labels = {"C++", "Python"}});
  linnet::Model* const model = loaded.model.get();
  model->make_trainable();
  for (const auto& parameter : model->parameters()) parameter.tensor->set_requires_grad();
  const auto optimizer = linnet::make_optimizer(model->parameters(), {.kind = linnet::OptimizerKind::kAdamW});

  linnet::nn::Packed batch;
  std::vector<std::int32_t> labels;
  for (const Snippet& snippet : kSnippets) {
    batch.add(loaded.tokenizer().encode_ids(snippet.code));
    labels.push_back(snippet.label);
  }
  for (int step = 0; step < 10; ++step) {
    const linnet::GradGuard on(true);
    optimizer->zero_grad();                               // zero the gradients
    const linnet::Tensor hidden = model->forward(batch);  // pass the data
    const linnet::Tensor scores = model->classify(model->pooled(hidden, batch));
    const linnet::Tensor loss = linnet::cross_entropy(scores, labels);  // calculate the loss
    linnet::backward(loss);                                             // compute gradients
    optimizer->step(5e-5f);                                             // update the parameters
    std::printf("step %d: loss %.4f\n", step + 1, static_cast<double>(loss.data<float>()[0]));
  }
}

void one_line(const std::filesystem::path& path, const std::filesystem::path& output) {
  const std::filesystem::path rows = std::filesystem::temp_directory_path() / "linnet-example-snippets.jsonl";
  std::ofstream file(rows);
  for (const Snippet& snippet : kSnippets)
    file << linnet::dump_json({{"text", snippet.code}, {"label", snippet.label == 0 ? "C++" : "Python"}}) << "\n";
  file.close();
  const linnet::TrainSummary done = linnet::train(path, rows, {.output = output, .max_steps = 3, .valid_fraction = 0});
  std::printf("%d steps, loss %.4f, in %s\n", static_cast<int>(done.steps), done.train_loss, output.c_str());
}

}  // namespace

int main(int argc, char** argv) try {
  const std::filesystem::path model = argc > 1 ? argv[1] : "SmolLM2-135M-Instruct.gguf";
  loop(model);
  one_line(model, argc > 2 ? argv[2] : "my-classifier");
} catch (const linnet::Error& error) {
  std::fprintf(stderr, "fine_tune: %s\n", error.what());
  return 1;
}
