// PyTorch's files (pytorch_model.bin): a zip archive with a pickle and one member per storage, or the single stream of
// torch.save before 1.6. No code is executed; unpickler.h has what is rejected.
//
//   auto checkpoint = open_torch_pickle(MappedFile::open("pytorch_model.bin"));
#pragma once

#include <memory>

#include "linnet/base/file.h"
#include "linnet/io/checkpoint.h"

namespace linnet {

std::unique_ptr<CheckpointReader> open_torch_pickle(std::shared_ptr<MappedFile> file);

}  // namespace linnet
