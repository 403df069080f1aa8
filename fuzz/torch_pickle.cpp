// Any bytes as a pytorch_model.bin: the zip archive, the pickle alone, and the checkpoint of both.
#include "linnet/io/torch_pickle.h"

#include "fuzz/input.h"
#include "linnet/io/unpickler.h"
#include "linnet/io/zip_archive.h"

using namespace linnet;

FUZZ_TARGET(bytes) {
  const std::string exact(bytes);
  fuzz::survives([&] {
    const Pickled pickled = unpickle(exact, "input.pkl");
    LINNET_ASSERT(pickled.used <= exact.size());
  });
  fuzz::survives([&] {
    for (const ZipMember& member : parse_zip(std::as_bytes(std::span(exact)), "input.zip"))
      LINNET_ASSERT(member.begin <= member.end && member.end <= exact.size() && safe_relative_name(member.name));
  });
  fuzz::survives([&] {
    const auto reader = open_torch_pickle(MappedFile::open(fuzz::as_file(bytes, "input.bin")));
    for (const std::string& name : reader->names()) {
      const Tensor tensor = reader->read(name);
      const std::string copy(reinterpret_cast<const char*>(tensor.raw()), tensor.bytes());
      LINNET_ASSERT(copy.size() <= bytes.size());
    }
  });
}
