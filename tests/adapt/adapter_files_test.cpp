#include "linnet/adapt/adapter_files.h"

#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "tests/adapt/adapted.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

TEST(AdapterFiles, TensorsHaveTheNamesOfTheModel) {
  const AdapterFiles files(adapter_fixture("bert-classifier-lora"));
  EXPECT_EQ(files.config().kind, AdapterKind::kLora);
  const PeftTensors tensors = files.tensors();
  ASSERT_FALSE(tensors.empty());
  for (const auto& [name, value] : tensors) {
    EXPECT_FALSE(name.starts_with("base_model")) << name;
    EXPECT_EQ(name.find("modules_to_save"), name.npos) << name;
  }
  EXPECT_TRUE(tensors.contains("classifier.weight"));
}

TEST(AdapterFiles, AreReadOnceAndCopiesShareThem) {
  Scratch scratch;
  std::filesystem::copy(adapter_fixture("llama-lora"), scratch / "a");
  const AdapterFiles files(scratch / "a"), copy = files;
  const PeftConfig* const config = &files.config();
  const std::size_t count = files.tensors().size();
  std::filesystem::remove_all(scratch / "a");
  EXPECT_EQ(&copy.config(), config);
  EXPECT_EQ(copy.tensors().size(), count);
}

TEST(AdapterFiles, TheBaseIsBesideTheFolderOrNowhere) {
  EXPECT_TRUE(
      std::filesystem::equivalent(AdapterFiles(adapter_fixture("llama-lora")).base(), fixtures() / "llama/causal"));
  Scratch scratch;
  std::filesystem::copy(adapter_fixture("llama-lora"), scratch / "a");
  EXPECT_TRUE(AdapterFiles(scratch / "a").base().empty());
}

}  // namespace
}  // namespace linnet
