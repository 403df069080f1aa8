// Any bytes as the two files of an adapter, its configuration, a zero byte and its tensors: loaded into a small model,
// which then encodes a text.
#include "linnet/adapt/adapter.h"

#include "fuzz/input.h"
#include "linnet/models/loader.h"

using namespace linnet;

namespace {

void load_and_run(const char* base, const std::filesystem::path& folder) {
  const auto model = models::load_model(std::filesystem::path(LINNET_SOURCE_DIR "/tests/fixtures") / base);
  const auto adapter = Adapter::load(*model, folder);
  nn::ForwardState state;
  model->pass().keeps_not_finite = true;  // large weights overflow
  adapter->extend(state);
  const nn::Packed batch = nn::pack({{1, 9, 10, 11}});
  const Tensor hidden = model->forward(batch, state);
  LINNET_ASSERT(hidden.size(0) == 4);
}

}  // namespace

FUZZ_TARGET(bytes) {
  const auto files = fuzz::parts(bytes, 2);
  const auto folder = fuzz::as_file(files[0], "adapter_config.json").parent_path();
  fuzz::as_file(files[1], "adapter_model.safetensors");
  for (const char* base : {"llama/causal", "bert/classifier"}) fuzz::survives([&] { load_and_run(base, folder); });
}
