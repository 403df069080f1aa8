#include "linnet/adapt/adapter_files.h"

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/nn/finite.h"
#include "linnet/ops/ops.h"

namespace linnet {

namespace fs = std::filesystem;

const PeftConfig& AdapterFiles::config() const {
  return config_.get([&] { return read_peft_config(folder_); });
}

const CheckpointReader& AdapterFiles::checkpoint() const {
  return *checkpoint_.get([&]() -> std::shared_ptr<const CheckpointReader> { return CheckpointReader::open(folder_); });
}

PeftTensors AdapterFiles::tensors() const {
  const CheckpointReader& reader = checkpoint();
  PeftTensors tensors;
  for (const std::string& stored : reader.names()) {
    std::string_view name = stored;
    if (name.starts_with("base_model.model."))
      name.remove_prefix(17);
    else if (name.starts_with("base_model."))
      name.remove_prefix(11);
    std::string bare(name);
    bool trained = true;
    for (const std::string_view infix : {"modules_to_save.default.", "original_module."})
      if (const auto at = bare.find(infix); at != bare.npos) {
        bare.erase(at, infix.size());
        trained = infix != "original_module.";
      }
    const Tensor value = reader.read(stored);
    check(info(value.dtype()).floating && !info(value.dtype()).quantized, ErrorKind::kBadInput, "{}: tensor '{}' is {}",
          folder_.string(), printable(stored), info(value.dtype()).name);
    check(nn::all_finite(to_float(value)), ErrorKind::kBadInput,
          "{}: the adapter's weights of '{}' are not finite (NaN or infinity); its file is damaged", folder_.string(),
          printable(stored));
    if (trained)
      tensors[bare] = value;
    else
      tensors.emplace(bare, value);  // the base's value before full training
  }
  return tensors;
}

fs::path AdapterFiles::base() const {
  const std::string& named = config().base;
  if (named.empty()) return {};
  for (const fs::path& candidate : {folder_ / named, fs::path(named)})
    if (presence(candidate) != Presence::kAbsent) return candidate;
  return {};
}

}  // namespace linnet
