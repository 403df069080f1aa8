// Any bytes as a .gguf file: the container, every value of its metadata, its tokenizer, and its model.
#include "linnet/io/gguf.h"

#include "fuzz/tokenizer.h"
#include "linnet/models/loader.h"
#include "linnet/tokenizer/gguf/export.h"

using namespace linnet;

namespace {

void read_value(const GgufFile& file, const GgufEntry& entry) {
  if (entry.type == GgufType::kArray && entry.element == GgufType::kString)
    LINNET_ASSERT(file.strings(entry.key)->size() == entry.count);
  else if (entry.type == GgufType::kArray)
    fuzz::survives([&] { LINNET_ASSERT(file.numbers(entry.key)->size() == entry.count); });
  else if (entry.type == GgufType::kString)
    LINNET_ASSERT(file.string(entry.key).has_value());
  else
    fuzz::survives([&] { file.number(entry.key); });
}

void read_tensors(const GgufFile& file, std::size_t file_bytes) {
  for (const GgufTensor& tensor : file.tensors()) {
    LINNET_ASSERT(tensor.offset <= file_bytes && tensor.bytes <= file_bytes - tensor.offset);
    const Tensor value = file.read(tensor.name);
    LINNET_ASSERT(value.bytes() == tensor.bytes);
  }
}

}  // namespace

FUZZ_TARGET(bytes) {
  const std::string exact(bytes);  // on the heap, so that the sanitizer finds an overrun
  std::shared_ptr<GgufFile> file;
  if (!fuzz::survives([&] { file = GgufFile::parse(std::as_bytes(std::span(exact)), "input.gguf"); })) return;
  for (const GgufEntry& entry : file->entries()) read_value(*file, entry);
  fuzz::survives([&] { read_tensors(*file, bytes.size()); });
  fuzz::survives([&] {
    const GgufVocabulary vocabulary = models::gguf_vocabulary(*file);
    fuzz::exercise(Tokenizer::from_gguf(vocabulary, "input.gguf"), bytes);
    tokenizer_json(vocabulary, "input.gguf");
  });
  fuzz::survives([&] { models::load_model(fuzz::as_file(bytes, "input.gguf")); });
}
