// Reads the pickle of a PyTorch checkpoint without calling or importing anything: a fixed list of opcodes builds
// numbers, strings, tuples, lists and dictionaries; a fixed list of globals creates tensors and storages; anything else
// is rejected by name.
//
//   for (const PickledTensor& tensor : unpickle(bytes, "pytorch_model.bin").tensors) …
//
// Formats: Python's Lib/pickletools.py (protocols 0 to 5, the opcodes PyTorch writes) and torch/serialization.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "linnet/tensor/tensor.h"

namespace linnet {

struct PickledTensor {
  std::string name;  // the key in the state dictionary
  DType dtype;
  std::string storage;  // key of the storage with the values
  std::int64_t storage_elements;
  std::int64_t offset;  // of the first value, in elements
  Shape shape, strides;
};

// The parts of a pickle that a checkpoint needs.
struct Pickled {
  std::vector<PickledTensor> tensors;  // of a dictionary; also one level down ({"state_dict": {…}})
  std::map<std::string, bool> flags;   // of a dictionary, the values that are bools
  std::vector<std::string> texts;      // of a list
  std::string number;                  // little-endian bytes of an integer over 64 bits
  std::size_t used = 0;                // bytes read, with STOP
};
Pickled unpickle(std::string_view pickle, std::string_view place);

}  // namespace linnet
