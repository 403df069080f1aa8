// Any text as a tokenizer.json, and texts through its tokenizer.
#include "fuzz/tokenizer.h"

using namespace linnet;

FUZZ_TARGET(bytes) {
  fuzz::survives([&] {
    const auto tokenizer = Tokenizer::from_file(fuzz::as_file(bytes, "tokenizer.json"));
    fuzz::exercise(tokenizer, bytes);
  });
}
