// The article's two questions: the tone of a sentence, the language of a function.
//
//   zero_shot SmolLM2-135M-Instruct.gguf
#include <linnet/linnet.h>

#include <cstdio>

constexpr const char* kCpp = "int findMax(int a, int b){\n\tif (a > b) ans = a;\n\telse ans = b;\n\treturn ans;\n}";
constexpr const char* kPython = "def find_max(a, b, c):\n\tans = max(c, max(a,b))\n\treturn ans";

void ask(const linnet::Classifier& question, const std::vector<std::string>& texts) {
  for (const linnet::Classification& answer : question.classify(texts))
    std::printf("%s (%.0f %%)\n", answer.label->c_str(), 100 * answer.score);
}

int main(int argc, char** argv) try {
  const auto loaded = linnet::load_pretrained(argc > 1 ? argv[1] : "SmolLM2-135M-Instruct.gguf");
  ask(linnet::Classifier(
          loaded, {.labels = {"positive", "negative"}, .prompt = linnet::PromptTemplate::parse("review-sentiment")}),
      {"I love the sunny weather today.", "I don't love the rainy weather today."});
  ask(linnet::Classifier(loaded, {.labels = {"C++", "Python"}, .prompt = linnet::PromptTemplate::parse("code-above")}),
      {kCpp, kPython});
} catch (const linnet::Error& error) {
  std::fprintf(stderr, "zero_shot: %s\n", error.what());
  return 1;
}
