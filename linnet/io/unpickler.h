// Reads the pickle inside a PyTorch checkpoint as data. Nothing is ever called or imported: a closed list of opcodes
// builds numbers, strings, tuples, lists and dictionaries; a closed list of globals names tensors and their storages;
// anything else is refused by name.
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
  std::string storage;  // key of the storage that holds the values
  std::int64_t storage_elements;
  std::int64_t offset;  // of the first value, in elements
  Shape shape, strides;
};

// What one pickle holds, as far as a checkpoint needs it.
struct Pickled {
  std::vector<PickledTensor> tensors;  // of a dictionary; one level of wrapping ({"state_dict": {…}}) is looked through
  std::map<std::string, bool> flags;  // of a dictionary, the values that are bools
  std::vector<std::string> texts;     // of a list
  std::string number;                 // of a whole number too long for 64 bits: its little-endian bytes
  std::size_t used = 0;               // bytes read, up to and with STOP
};
Pickled unpickle(std::string_view pickle, std::string_view place);

}  // namespace linnet
