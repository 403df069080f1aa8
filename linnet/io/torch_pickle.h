// PyTorch's own files (pytorch_model.bin): a zip archive with a pickle and one member a storage, or the single stream
// that torch.save wrote before 1.6. Read as data; see unpickler.h for what is refused.
//
//   auto checkpoint = open_torch_pickle(MappedFile::open("pytorch_model.bin"));
#pragma once

#include <memory>

#include "linnet/base/file.h"
#include "linnet/io/checkpoint.h"

namespace linnet {

std::unique_ptr<CheckpointReader> open_torch_pickle(std::shared_ptr<MappedFile> file);

}  // namespace linnet
