// Reading an adapter costs time and memory in proportion to its files.
#include "tests/growth.h"

#include <gtest/gtest.h>

#include "linnet/adapt/kinds.h"
#include "linnet/io/checkpoint.h"
#include "tests/adapt/adapted.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using test::expect_linear;
namespace fs = std::filesystem;

std::string joined(std::size_t n, const auto& part) {
  std::string all;
  for (std::size_t i = 0; i < n; ++i) all += (i > 0 ? ", " : "") + part(i);
  return all;
}

std::string config(const std::string& more) { return R"({"peft_type": "LORA", "r": 2, )" + more + "}"; }

TEST(AdapterGrowth, ConfigurationsOfManyKeysTargetsAndPatterns) {
  const Scratch scratch;
  const auto written = [&](const std::string& text) {
    const fs::path file = scratch / std::to_string(text.size()) / "adapter_config.json";
    put(file, text);
    return file;
  };
  const auto read = [](const fs::path& file) { to_json(read_peft_config(file.parent_path())); };
  const auto keys = [](std::size_t i) { return fmt::format(R"("key {}": false)", i); };
  const auto modules = [](std::size_t i) { return fmt::format(R"("layer.{}.q_proj")", i); };
  const auto ranks = [](std::size_t i) { return fmt::format(R"("layer.{}.q_proj": {})", i, 1 + i % 8); };
  expect_linear(
      10'000, [&](std::size_t n) { return written(config(joined(n, keys))); }, read);
  for (const char* key : {"target_modules", "exclude_modules", "modules_to_save"})
    expect_linear(
        10'000, [&](std::size_t n) { return written(config(fmt::format("\"{}\": [{}]", key, joined(n, modules)))); },
        read);
  for (const char* key : {"rank_pattern", "alpha_pattern"})
    expect_linear(
        10'000, [&](std::size_t n) { return written(config(fmt::format("\"{}\": {{{}}}", key, joined(n, ranks)))); },
        read);
}

fs::path adapter_of_tensors(const fs::path& folder, std::size_t n) {
  put(folder / "adapter_config.json", config(R"("target_modules": "all-linear")"));
  CheckpointWriter out(folder, "adapter_model");
  for (std::size_t i = 0; i < n; ++i)
    for (const char* side : {"A", "B"})
      out.add(fmt::format("base_model.model.transformer.h.{}.attn.c_attn.lora_{}.weight", i, side),
              Tensor::zeros({2, 2}));
  out.finish();
  return folder / "adapter_model.safetensors";
}

TEST(AdapterGrowth, FilesOfManyTensors) {
  const Scratch scratch;
  const auto make = [&](std::size_t n) { return adapter_of_tensors(scratch / std::to_string(n), n); };
  expect_linear(2'000, make, [](const fs::path& file) { AdapterFiles(file.parent_path()).tensors(); });
  // The model has few of these modules, which is reported after the whole file was checked.
  expect_linear(
      2'000, make, [](const fs::path& file) { load_adapted(file.parent_path(), fixtures() / "gpt2/causal"); }, true);
}

}  // namespace
}  // namespace linnet
