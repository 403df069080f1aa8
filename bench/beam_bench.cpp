// Beam search of all rows of standard input in one engine: beam_bench MODEL DTYPE BEAMS TOKENS < rows of ids. Prints
// the new tokens of the best texts per second.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>

#include "linnet/adapt/loaded.h"
#include "linnet/generate/engine.h"

namespace {

linnet::models::WeightType type_of(std::string_view name) {
  using enum linnet::models::WeightType;
  return name == "f32" ? kF32 : name == "bf16" ? kBF16 : name == "q8" ? kQ8 : kAuto;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "beam_bench MODEL DTYPE BEAMS TOKENS\n"), 2;
  const auto loaded = linnet::load_pretrained(argv[1], {.dtype = type_of(argv[2])});
  linnet::generate::GenerateOptions options{.max_new_tokens = std::atoi(argv[4]),
                                            .beams = {.num_beams = std::atoi(argv[3])}};
  linnet::generate::Engine engine(*loaded.model);
  const bool reads = loaded.model->config().stack == linnet::nn::Stack::kEncoderDecoder;
  std::size_t made = 0;
  for (std::string line; std::getline(std::cin, line);) {
    linnet::generate::Request request{.options = options};
    std::istringstream words(line);
    for (std::int32_t id = 0; words >> id;) (reads ? request.encoder_ids : request.prompt).push_back(id);
    request.on_end = [&](linnet::generate::Generation& text) { made += text.ids.size(); };
    engine.submit(std::move(request));
  }
  const auto start = std::chrono::steady_clock::now();
  while (engine.step()) {
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::printf("%.1f\n", static_cast<double>(made) / seconds.count());
  return 0;
}
