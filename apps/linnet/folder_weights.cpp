#include "folder_weights.h"

#include "linnet/base/printable.h"

namespace linnet::app {

void require_folder_type(const Command& command, models::Model& model, models::WeightType dtype,
                         const std::string& source) {
  if (dtype != models::WeightType::kAuto) return;
  for (const nn::Parameter& p : model.parameters())
    if (info(p.tensor->dtype()).quantized)
      command.wrong_usage(
          format_printable("{} has {} weights, and a folder holds f32, bf16 or f16; add --dtype bf16 "
                           "(half the size) or --dtype f32 (exact)",
                           printable(source), info(p.tensor->dtype()).name));
}

}  // namespace linnet::app
