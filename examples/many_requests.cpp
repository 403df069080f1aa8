// Continues all lines of standard input in one engine with one pool of keys and values; results are as for each line
// alone.
//
//   many_requests SmolLM2-135M-Instruct.gguf 64 < prompts.txt
//   many_requests SmolLM2-135M-Instruct.gguf 64 french-lora polite-prompt < prompts.txt   # lines take turns with
//   adapters
#include <linnet/linnet.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) try {
  const auto loaded = linnet::load_pretrained(argc > 1 ? argv[1] : "SmolLM2-135M-Instruct.gguf");
  const int tokens = argc > 2 ? std::atoi(argv[2]) : 64;
  const auto options = linnet::resolve({.max_new_tokens = tokens}, loaded.generation());
  std::vector<std::shared_ptr<const linnet::nn::SequenceAdapter>> adapters;
  for (int i = 3; i < argc; ++i) adapters.push_back(linnet::load_sequence_adapter(*loaded.model, argv[i]));
  linnet::Engine engine(*loaded.model, {.memory = std::size_t{64} << 20});  // bytes of keys and values
  std::size_t made = 0, lines = 0;
  std::string line;
  while (std::getline(std::cin, line)) {
    linnet::Request request{loaded.tokenizer().encode_ids(line), options};
    if (!adapters.empty()) request.adapter = adapters[lines++ % adapters.size()];
    request.on_end = [&, line](linnet::Generation& text) {  // in the order in which texts end
      made += text.ids.size();
      std::printf("%s%s\n", line.c_str(), loaded.tokenizer().decode(text.ids).c_str());
    };
    engine.submit(std::move(request));
  }
  const auto start = std::chrono::steady_clock::now();
  while (engine.step()) {
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::fprintf(stderr, "%zu tokens, %.1f a second\n", made, static_cast<double>(made) / seconds.count());
} catch (const linnet::Error& error) {
  std::fprintf(stderr, "many_requests: %s\n", error.what());
  return 1;
}
