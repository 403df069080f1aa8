// The three kinds of adapters; Adapter::create and Adapter::load construct them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "linnet/adapt/adapter.h"

namespace linnet {

// Each removes the tensors that it uses from `tensors`; the rest belongs to the head.
std::unique_ptr<Adapter> load_lora(models::Model& model, PeftConfig config, PeftTensors& tensors,
                                   std::string_view place);
std::unique_ptr<Adapter> load_prompt_tuning(models::Model& model, PeftConfig config, PeftTensors& tensors,
                                            std::string_view place);
std::unique_ptr<Adapter> load_prefix_tuning(models::Model& model, PeftConfig config, PeftTensors& tensors,
                                            std::string_view place);

std::unique_ptr<Adapter> create_lora(models::Model& model, const Lora& method, PeftConfig config, std::uint64_t seed);
std::unique_ptr<Adapter> create_prompt_tuning(models::Model& model, const PromptTuning& method, PeftConfig config,
                                              std::uint64_t seed);
std::unique_ptr<Adapter> create_prefix_tuning(models::Model& model, const PrefixTuning& method, PeftConfig config,
                                              std::uint64_t seed);

// The model's token table [vocab, hidden].
nn::Parameter table_of(models::Model& model);

// An f32 copy on the device that requires a gradient.
Tensor trainable_copy(const Tensor& stored, Device device);

}  // namespace linnet
