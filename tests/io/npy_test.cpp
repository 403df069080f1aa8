#include "linnet/io/npy.h"

#include <gmock/gmock.h>

#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A file as numpy.save writes it: magic, version, header with a length, values.
std::string npy(const std::string& header, const std::string& values, char version = 1) {
  std::string text = header;
  text.append(63 - (10 + text.size()) % 64, ' ');
  text += '\n';
  std::string bytes = std::string("\x93NUMPY") + version + std::string(1, '\0');
  bytes += static_cast<char>(text.size() & 0xFF);
  bytes += static_cast<char>(text.size() >> 8);
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + text + values;
}
const std::string kHeader = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }";
const std::string kValues("\0\0\x80\x3f\0\0\0\x40", 8);  // 1, 2

std::vector<float> values(const Tensor& x) { return {x.data<float>().begin(), x.data<float>().end()}; }

TEST(Npy, WhatIsWrittenIsNumPysAndIsReadAgain) {
  Scratch scratch;
  NpyWriter out(scratch / "a.npy", 2, 3);
  out.add(std::vector<float>{1, 2, 3});
  EXPECT_FALSE(std::filesystem::exists(scratch / "a.npy")) << "not before it is whole";
  out.add(std::vector<float>{4, 5, 6});
  out.commit();
  const Tensor again = read_npy(scratch / "a.npy");
  EXPECT_EQ(again.shape(), (Shape{2, 3}));
  EXPECT_THAT(values(again), ElementsAre(1, 2, 3, 4, 5, 6));
  NpyWriter one(scratch / "b.npy", 1, 2);
  one.add(std::vector<float>{1, 2});
  one.commit();
  EXPECT_EQ(read_file(scratch / "b.npy"), npy(kHeader, kValues)) << "the bytes of numpy.save";
}

TEST(Npy, OtherVersionsAndSpellings) {
  Scratch scratch;
  put(scratch / "a.npy", npy(kHeader, kValues, 2));
  EXPECT_THAT(values(read_npy(scratch / "a.npy")), ElementsAre(1, 2)) << "values not aligned to four bytes, too";
  put(scratch / "a.npy", npy("{'shape': (1,2), 'fortran_order':False,'descr':'<f4'}", kValues));
  EXPECT_THAT(values(read_npy(scratch / "a.npy")), ElementsAre(1, 2));
  put(scratch / "a.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 2), }", ""));
  EXPECT_EQ(read_npy(scratch / "a.npy").shape(), (Shape{0, 2}));
}

TEST(Npy, WhatIsNotSuchAMatrixIsRefused) {
  Scratch scratch;
  const auto refused = [&](const std::string& bytes) {
    put(scratch / "a.npy", bytes);
    return refusal([&] { read_npy(scratch / "a.npy"); });
  };
  EXPECT_THAT(refused("hello, this is no such file"), HasSubstr("is not a .npy file"));
  EXPECT_THAT(refused(""), HasSubstr("a.npy"));
  EXPECT_THAT(refused(npy(kHeader, kValues).substr(0, 40)), HasSubstr("header has 118 bytes"));
  EXPECT_THAT(refused(npy(kHeader, kValues + "x")), HasSubstr("9 bytes follow the header"));
  EXPECT_THAT(refused(npy(kHeader, "")), HasSubstr("0 bytes follow"));
  EXPECT_THAT(refused(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }", kValues)), HasSubstr("'<f8'"));
  EXPECT_THAT(refused(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 2), }", kValues)),
              HasSubstr("column order"));
  EXPECT_THAT(refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", kValues)), HasSubstr("[2]"));
  EXPECT_THAT(
      refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 1099511627776), }", kValues)),
      HasSubstr("is not of that size"));
  EXPECT_THAT(refused(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2), }", kValues)),
              HasSubstr("shape"));
  EXPECT_THAT(refused(npy("{'descr': '<f4', 'shape': (1, 2), }", kValues)), HasSubstr("lacks"));
  EXPECT_THAT(refused(npy("{'descr': '<f4', 'descr': '<f4', 'shape': (1, 2), }", kValues)), HasSubstr("twice"));
  EXPECT_THAT(refused(npy("{'descr': '<f4', 'evil': 1}", kValues)), HasSubstr("'evil'"));
  EXPECT_THAT(refused(npy("{'descr': '<f4'", kValues)), HasSubstr("damaged"));
  EXPECT_THAT(refused(npy(kHeader, kValues, 9)), HasSubstr("version 9"));
}

}  // namespace
}  // namespace linnet
