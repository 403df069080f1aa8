#include "linnet/train/optimizer/state.h"

#include <cmath>
#include <set>

#include "linnet/base/error.h"

namespace linnet {

const Tensor& saved_tensor(const SavedTensors& saved, const std::string& name, DType dtype) {
  const auto found = saved.tensors.find(name);
  check(found != saved.tensors.end(), ErrorKind::kBadInput,
        "{}: has no '{}'; resume with the same model and method, or from an older checkpoint", saved.place, name);
  check(found->second.dtype() == dtype && found->second.contiguous(), ErrorKind::kBadInput,
        "{}: '{}' is of type {}, not {}; the file was changed: go on from an older checkpoint", saved.place, name,
        info(found->second.dtype()).name, info(dtype).name);
  return found->second;
}

Tensor restored(const SavedTensors& saved, const std::string& name, const Shape& shape, Sign sign, Device device) {
  const Tensor& tensor = saved_tensor(saved, name, DType::kF32);
  check(tensor.shape() == shape, ErrorKind::kBadInput,
        "{}: '{}' has shape {}, this run needs {}; resume with the same model and method", saved.place, name,
        to_string(tensor.shape()), to_string(shape));
  for (const float value : tensor.data<float>())
    check(std::isfinite(value) && (sign == Sign::kAny || value >= 0), ErrorKind::kBadInput,
          "{}: '{}' has the number {}, which no update leaves; the file was changed: go on from an older checkpoint",
          saved.place, name, value);
  return device == kCpu ? tensor.clone() : tensor.to(device);
}

void refuse_unknown(const SavedTensors& saved, const std::vector<nn::Parameter>& parameters,
                    const std::vector<std::string>& slots) {
  std::set<std::string> known;
  for (const nn::Parameter& parameter : parameters)
    for (const std::string& slot : slots) known.insert(slot + "." + parameter.name);
  for (const auto& [name, value] : saved.tensors)
    check(known.contains(name), ErrorKind::kBadInput,
          "{}: '{}' belongs to no trained parameter; resume with the same model and method", saved.place, name);
}

}  // namespace linnet
