#include "linnet/train/optimizer_state.h"

#include <cstring>
#include <set>

#include "linnet/base/error.h"

namespace linnet {

Tensor restored(const std::map<std::string, Tensor>& state, const std::string& name, const Shape& shape) {
  const auto found = state.find(name);
  if (found == state.end()) return {};
  const Tensor& saved = found->second;
  check(saved.shape() == shape && saved.contiguous(), ErrorKind::kBadInput,
        "optimizer state '{}' has shape {}, this run needs {}; resume with the same model and method", name,
        to_string(saved.shape()), to_string(shape));
  Tensor copy = Tensor::empty(shape, saved.dtype());
  if (copy.bytes() > 0) std::memcpy(copy.raw(), saved.raw(), copy.bytes());
  return copy;
}

void refuse_unknown(const std::map<std::string, Tensor>& state, const std::vector<nn::Parameter>& parameters,
                    const std::vector<std::string>& slots) {
  std::set<std::string> known;
  for (const nn::Parameter& parameter : parameters)
    for (const std::string& slot : slots) known.insert(slot + "." + parameter.name);
  for (const auto& [name, value] : state)
    check(known.contains(name), ErrorKind::kBadInput,
          "optimizer state '{}' belongs to no trained parameter; resume with the same model and method",
          printable(name));
}

}  // namespace linnet
