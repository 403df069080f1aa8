#include "linnet/tensor/blocks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "linnet/base/error.h"
#include "linnet/base/json.h"
#include "linnet/base/rng.h"
#include "linnet/tensor/half.h"

namespace linnet {
namespace {

std::vector<std::byte> from_hex(const std::string& text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::vector<float> random_values(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(n);
  for (float& v : values) v = rng.normal();
  return values;
}

// tools/fixtures/blocks.py: the gguf package's decoders on random bytes. The bits are equal.
TEST(Blocks, EveryTypeDecodesToTheReferencesBits) {
  const Json reference = read_json(LINNET_SOURCE_DIR "/tests/fixtures/blocks.json");
  int types = 0;
  for (std::size_t t = 0; t < kDTypes.size(); ++t) {
    if (!kDTypes[t].quantized) continue;
    ++types;
    const Json& row = reference.at(std::string(kDTypes[t].name));
    const auto bytes = from_hex(row["bytes"].get<std::string>());
    const auto wanted = row["values"].get<std::vector<float>>();
    ASSERT_EQ(row_bytes(static_cast<DType>(t), static_cast<std::int64_t>(wanted.size())), bytes.size());
    std::vector<float> found(wanted.size());
    dequantize(static_cast<DType>(t), bytes.data(), found);
    EXPECT_EQ(found, wanted) << kDTypes[t].name;
  }
  EXPECT_EQ(types, 11);
}

TEST(Blocks, RowsOfTheTableAgreeWithTheirBytes) {
  for (std::size_t i = 0; i < kDTypes.size(); ++i) {
    const auto type = static_cast<DType>(i);
    const DTypeInfo& facts = kDTypes[i];
    if (!facts.quantized) {
      EXPECT_THROW(block_type(type), Error) << facts.name;
      continue;
    }
    const BlockType& t = block_type(type);
    EXPECT_TRUE(t.bits == 4 || t.bits == 8) << facts.name;
    EXPECT_TRUE(t.scaled == 16 || t.scaled == 32) << facts.name;
    EXPECT_EQ(facts.block_elements % blocks::kRun, 0) << facts.name;
    EXPECT_TRUE(!t.offset || t.zero == 0) << facts.name;
    EXPECT_TRUE(!t.plain || facts.block_bytes == (t.offset ? 4 : 2) + facts.block_elements * t.bits / 8) << facts.name;
    EXPECT_GE(facts.gguf_number, 0) << facts.name;
  }
}

TEST(Blocks, EncodingLosesAtMostHalfAStep) {
  const auto values = random_values(64 * 32, 1);
  for (const DType type : {DType::kQ8_0, DType::kQ4_1}) {
    std::vector<std::byte> bytes(row_bytes(type, static_cast<std::int64_t>(values.size())));
    quantize(type, values, bytes.data());
    std::vector<float> back(values.size());
    dequantize(type, bytes.data(), back);
    for (std::size_t block = 0; block < values.size(); block += 32) {
      float least = values[block], most = least, magnitude = 0;
      for (std::size_t i = block; i < block + 32; ++i) {
        least = std::min(least, values[i]), most = std::max(most, values[i]);
        magnitude = std::max(magnitude, std::abs(values[i]));
      }
      const float step = type == DType::kQ8_0 ? magnitude / 127 : (most - least) / 15;
      // Scale and offset are rounded to f16, which changes the outer levels by up to 2^-11 of them.
      const float slack = magnitude * 0x1p-10F;
      for (std::size_t i = block; i < block + 32; ++i)
        ASSERT_NEAR(back[i], values[i], step / 2 + slack) << info(type).name;
    }
  }
}

TEST(Blocks, WhatABlockHoldsExactlyComesBackExactly) {
  std::vector<float> levels(32), constant(32, -2.5F), zeros(32, 0.0F);
  for (std::size_t i = 0; i < 32; ++i) levels[i] = static_cast<float>(i % 16) * 0.5F - 1;
  const auto round_trip = [](DType type, const std::vector<float>& values) {
    std::vector<std::byte> bytes(row_bytes(type, 32));
    quantize(type, values, bytes.data());
    std::vector<float> back(32);
    dequantize(type, bytes.data(), back);
    return back;
  };
  EXPECT_EQ(round_trip(DType::kQ4_1, levels), levels);
  EXPECT_EQ(round_trip(DType::kQ4_1, constant), constant);
  EXPECT_EQ(round_trip(DType::kQ4_1, zeros), zeros);
  EXPECT_EQ(round_trip(DType::kQ8_0, zeros), zeros);
  for (std::size_t i = 0; i < 32; ++i) levels[i] = static_cast<float>(static_cast<int>(i * 8) - 127);
  levels[0] = 127;
  EXPECT_EQ(round_trip(DType::kQ8_0, levels), levels);
}

TEST(Blocks, FloatsOfSixteenBitsRoundToNearest) {
  const std::vector<float> values{1, -2.5F, 1.0009765F, 65504, 1e-8F};
  for (const DType type : {DType::kF16, DType::kBF16, DType::kF32}) {
    std::vector<std::byte> bytes(row_bytes(type, 5));
    quantize(type, values, bytes.data());
    std::vector<float> back(5);
    dequantize(type, bytes.data(), back);
    for (std::size_t i = 0; i < 5; ++i) {
      const float wanted = type == DType::kF16    ? half_to_float(float_to_half(values[i]))
                           : type == DType::kBF16 ? bfloat_to_float(float_to_bfloat(values[i]))
                                                  : values[i];
      EXPECT_EQ(back[i], wanted);
    }
  }
}

TEST(Blocks, ValuesThatOverflowAScaleAreRefused) {
  for (const float bad : {65505.0F, -1e9F, INFINITY, NAN}) {
    std::vector<float> values(32, 1);
    values[17] = bad;
    std::vector<std::byte> bytes(64);
    for (const DType type : {DType::kQ8_0, DType::kQ4_1}) {
      try {
        quantize(type, values, bytes.data());
        ADD_FAILURE() << bad;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      }
    }
  }
}

TEST(Blocks, WholeTensorsGoThroughThreadsUnchanged) {
  const Tensor x = Tensor::from(random_values(70 * 4096, 2), {70, 4096});
  const Tensor encoded = quantized(x, DType::kQ8_0), decoded = dequantized(encoded);
  EXPECT_EQ(encoded.dtype(), DType::kQ8_0);
  EXPECT_EQ(decoded.shape(), x.shape());
  std::vector<float> serial(static_cast<std::size_t>(x.numel()));
  dequantize(DType::kQ8_0, encoded.raw(), serial);
  EXPECT_TRUE(std::equal(serial.begin(), serial.end(), decoded.data<float>().begin()));
}

TEST(Blocks, WhatIsNoWeightOrFillsNoBlockIsRefused) {
  std::vector<float> values(33);
  std::vector<std::byte> bytes(200);
  EXPECT_THROW(dequantize(DType::kQ8_0, bytes.data(), values), Error);
  EXPECT_THROW(quantize(DType::kQ8_0, values, bytes.data()), Error);
  EXPECT_THROW(quantize(DType::kQ6_K, std::vector<float>(256), bytes.data()), Error);
  EXPECT_THROW(dequantize(DType::kI64, bytes.data(), values), Error);
  EXPECT_THROW(dequantized(Tensor::zeros({4}, DType::kI32)), Error);
}

}  // namespace
}  // namespace linnet
