#include "linnet/io/unpickler.h"

#include <gmock/gmock.h>

#include "tests/growth.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string text(std::string_view t) {
  return "X" + std::string{static_cast<char>(t.size()), 0, 0, 0} + std::string(t);
}

// A tensor of `elements` at `offset`, shape and stride of one dimension.
std::string tensor(char elements, char offset, char size) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text("0") +
         text("cpu") + std::string{'K', elements, 't', 'Q', 'K', offset, 'K', size, '\x85', 'K', 1, '\x85', '\x89'} +
         "ccollections\nOrderedDict\n)RtR";
}

std::string refused_pickle(const std::string& code) {
  return refusal([&] { unpickle(code, "p"); });
}

TEST(Unpickler, BuildsTensorsOfADictionary) {
  const std::string code = "\x80\x02}" + text("w") + tensor(6, 2, 3) + "s.rest";
  const Pickled result = unpickle(code, "p");
  EXPECT_EQ(result.used, code.size() - 4);
  ASSERT_EQ(result.tensors.size(), 1u);
  const PickledTensor& t = result.tensors[0];
  EXPECT_EQ(t.name, "w");
  EXPECT_EQ(t.dtype, DType::kF32);
  EXPECT_EQ(t.storage, "0");
  EXPECT_EQ(t.storage_elements, 6);
  EXPECT_EQ(t.offset, 2);
  EXPECT_THAT(t.shape, ElementsAre(3));
}

TEST(Unpickler, LooksThroughOneLevel) {
  EXPECT_EQ(unpickle("}" + text("state_dict") + "}" + text("w") + tensor(1, 0, 1) + "ss.", "p").tensors.size(), 1u);
}

TEST(Unpickler, NothingIsEverCalled) {
  EXPECT_THAT(refused_pickle("cposix\nsystem\n" + text("true") + "\x85R."), HasSubstr("'posix.system'"));
  EXPECT_THAT(refused_pickle(text("os") + text("getcwd") + "\x93."), HasSubstr("'os.getcwd'"));
  EXPECT_THAT(refused_pickle("ctorch\nFloatStorage\n)R."), HasSubstr("calls a storage class"));
  EXPECT_THAT(refused_pickle("ctorch\nstorage.os.system\n."), HasSubstr("never called"));
  EXPECT_THAT(refused_pickle("i"), HasSubstr("opcode 0x69"));  // INST
}

TEST(Unpickler, BrokenCodeIsRefused) {
  EXPECT_THAT(refused_pickle("R."), HasSubstr("where there is none"));
  EXPECT_THAT(refused_pickle("(0."), HasSubstr("where there is none"));  // POP may not reach below the mark
  EXPECT_THAT(refused_pickle("t."), HasSubstr("never opened"));
  EXPECT_THAT(refused_pickle("h\x05."), HasSubstr("never kept"));
  EXPECT_THAT(refused_pickle("Nr\xff\xff\xff\x7f."), HasSubstr("remembers value"));
  EXPECT_THAT(refused_pickle("X\xff\xff\xff\xff"), HasSubstr("ends in the middle"));
  EXPECT_THAT(refused_pickle("}(Nu."), HasSubstr("without a value"));
  EXPECT_THAT(refused_pickle(""), HasSubstr("ends in the middle"));
}

TEST(Unpickler, DeepValuesNeedNoStack) {
  std::string code = ")";
  code.append(100'000, '\x85');
  EXPECT_NO_THROW(unpickle(code + ".", "p"));
}

TEST(Unpickler, TheNumberOfValuesIsBounded) {
  EXPECT_THAT(refused_pickle(std::string(3'000'000, 'N') + "."), HasSubstr("more than"));
}

TEST(Unpickler, TimeAndMemoryGrowWithTheCode) {
  const auto of_tensors = [](std::size_t n) {
    std::string code = "\x80\x02}";
    for (std::size_t i = 0; i < n; ++i) code += text(fmt::format("model.layers.{}.weight", i)) + tensor(6, 2, 3) + "s";
    return code + ".";
  };
  test::expect_linear(1'000, of_tensors, [](const std::string& code) { unpickle(code, "p"); });
}

TEST(Unpickler, TimeAndMemoryGrowWithValuesThatAreNoTensors) {
  const auto of_values = [](std::size_t n) { return "]" + std::string(n, 'N') + "."; };
  test::expect_linear(60'000, of_values, [](const std::string& code) { unpickle(code, "p"); });
}

}  // namespace
}  // namespace linnet
