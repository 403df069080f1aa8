// Beam search of all rows of a file of ids in one engine, with the checkpoint's own start and end tokens:
//
//   beam_bench MODEL DTYPE BEAMS TOKENS FILE THREADS
//
// Prints the new ids of every row's best text, then the new tokens of these texts per second.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/base/parallel.h"
#include "linnet/generate/engine.h"
#include "linnet/generate/overrides.h"

namespace {

linnet::models::WeightType type_of(std::string_view name) {
  using enum linnet::models::WeightType;
  return name == "f32" ? kF32 : name == "bf16" ? kBF16 : name == "q8" ? kQ8 : kAuto;
}

std::vector<std::vector<std::int32_t>> rows_of(const char* file) {
  std::vector<std::vector<std::int32_t>> rows;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    rows.emplace_back();
    for (std::int32_t id = 0; words >> id;) rows.back().push_back(id);
  }
  return rows;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 7) return std::fprintf(stderr, "beam_bench MODEL DTYPE BEAMS TOKENS FILE THREADS\n"), 2;
  linnet::set_threads(std::atoi(argv[6]));
  const auto loaded = linnet::load_pretrained(argv[1], {.dtype = type_of(argv[2])});
  const int tokens = std::atoi(argv[4]);
  const auto options = linnet::generate::resolve(
      {.max_new_tokens = tokens, .min_new_tokens = tokens, .num_beams = std::atoi(argv[3])}, loaded.generation());
  const bool reads = loaded.model->config().stack == linnet::nn::Stack::kEncoderDecoder;
  const auto rows = rows_of(argv[5]);
  std::vector<std::vector<std::int32_t>> texts(rows.size());
  linnet::generate::Engine engine(*loaded.model);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    linnet::generate::Request request{.options = options};
    (reads ? request.encoder_ids : request.prompt) = rows[i];
    request.on_end = [&texts, i](linnet::generate::Generation& text) { texts[i] = text.ids; };
    engine.submit(std::move(request));
  }
  const auto start = std::chrono::steady_clock::now();
  while (engine.step()) {
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  std::size_t made = 0;
  for (const auto& text : texts) {
    made += text.size();
    for (std::size_t i = 0; i < text.size(); ++i) std::printf("%s%d", i == 0 ? "" : " ", text[i]);
    std::printf("\n");
  }
  std::printf("%.1f\n", static_cast<double>(made) / seconds.count());
  return 0;
} catch (const linnet::Error& error) {
  std::fprintf(stderr, "beam_bench: %s\n", error.what());
  return 1;
}
