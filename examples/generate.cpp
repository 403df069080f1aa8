// Continues a prompt and prints the text during generation.
//
//   generate SmolLM2-135M-Instruct.gguf "Once upon a time"
#include <linnet/linnet.h>

#include <cstdio>

int main(int argc, char** argv) try {
  const auto loaded = linnet::load_pretrained(argc > 1 ? argv[1] : "SmolLM2-135M-Instruct.gguf");
  const std::string prompt = argc > 2 ? argv[2] : "Once upon a time";
  const linnet::Completion done =
      linnet::complete(loaded, prompt, {.overrides = {.max_new_tokens = 40}}, [](std::string_view text) {
        std::printf("%.*s", static_cast<int>(text.size()), text.data());
        return std::fflush(stdout) == 0;
      });
  std::printf("\n[%zu tokens]\n", done.generation.ids.size());
} catch (const linnet::Error& error) {
  std::fprintf(stderr, "generate: %s\n", error.what());
  return 1;
}
