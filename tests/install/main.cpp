// Uses every part of the library, so that the linker must find everything: a missing model is an error.
#include <linnet/linnet.h>

#include <cstdio>

int main(int argc, char** argv) {
  try {
    const auto loaded = linnet::load_pretrained(argc > 1 ? argv[1] : "no/such/model");
    linnet::Classifier classifier(loaded, {.labels = {"a", "b"}});
    std::puts(classifier.classify({"x"})[0].label.value().c_str());
    linnet::train(argv[1], "no/such/data.jsonl", {.output = "out"});
    linnet::hub::pull(linnet::hub::settings_from_environment(), *linnet::hub::parse_spec("org/name"));
  } catch (const linnet::Error& error) {
    std::puts(error.what());
    return error.kind() == linnet::ErrorKind::kBadInput ? 0 : 1;
  }
  return 1;
}
