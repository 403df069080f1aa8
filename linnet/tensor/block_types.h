// The block types of GGUF files. A type is a row of the table and a decoder below it. DType, the tables of names and
// numbers, `dequantize` and the packed layout of the CPU backend are generated from these.
//
// A block is 32 or 256 weights of a row, decoded in runs of 32. Layouts: ggml-common.h of llama.cpp, used as a format
// description.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "linnet/tensor/half.h"

// A value is scale * q + offset, or scale * (q - zero) for a type without offsets.
//   number  the type's number in ggml and GGUF files
//   file    llama.cpp's number of a file of mostly this type; -1: none
//   values  number of values of a block, in `bytes`
//   q       bits of q in products: 4, or 8 for everything wider and for scales of 16 values
//   scaled  values that share a scale: 16 or 32
//   offset  has the type an offset?
//   wide    is a scale the product of two, which f16 cannot represent?
//   plain   is a block a scale (f16), an offset (f16, if any) and then every q in order, in q bits?
// clang-format off
#define LINNET_BLOCK_TYPES(X) \
  /* name number file values bytes  q scaled zero offset  wide  plain */ \
  X(Q4_0,    2,   2,    32,   18,   4,  32,    8, false, false, true)    \
  X(Q4_1,    3,   3,    32,   20,   4,  32,    0, true,  false, true)    \
  X(Q5_0,    6,   8,    32,   22,   8,  32,   16, false, false, false)   \
  X(Q5_1,    7,   9,    32,   24,   8,  32,    0, true,  false, false)   \
  X(Q8_0,    8,   7,    32,   34,   8,  32,  128, false, false, true)    \
  X(Q3_K,   11,  -1,   256,  110,   8,  16,    4, false, true,  false)   \
  X(Q4_K,   12,  -1,   256,  144,   4,  32,    0, true,  true,  false)   \
  X(Q5_K,   13,  -1,   256,  176,   8,  32,    0, true,  true,  false)   \
  X(Q6_K,   14,  -1,   256,  210,   8,  16,   32, false, true,  false)   \
  X(IQ4_NL, 20,  -1,    32,   18,   8,  32,  128, false, false, false)   \
  X(IQ4_XS, 23,  -1,   256,  136,   8,  32,  128, false, true,  false)
// clang-format on

namespace linnet::blocks {

// Read byte by byte: blocks are not aligned in a file.
using Bytes = const std::uint8_t*;

inline constexpr int kRun = 32;

struct Run {
  std::uint8_t q[kRun];
  float scale[2], offset[2];  // one per scaled part; offset only if the type has it
};

template <class T>
T load(Bytes at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
inline float half_at(Bytes at) { return half_to_float(load<std::uint16_t>(at)); }

// 16 bytes of two 4-bit numbers, low nibbles first.
inline void nibbles(Bytes from, Run& run) {
  const auto bytes = load<std::array<std::uint8_t, 16>>(from);
  for (std::size_t i = 0; i < 16; ++i) {
    run.q[i] = bytes[i] & 15;
    run.q[i + 16] = bytes[i] >> 4;
  }
}

// The 5-bit types store the fifth bits in a u32 before the nibbles.
inline void fifth_bits(Bytes from, Run& run) {
  const auto bits = load<std::uint32_t>(from);
  for (int i = 0; i < kRun; ++i) run.q[i] = static_cast<std::uint8_t>(run.q[i] | (bits >> i & 1U) << 4);
}

// scale; nibbles
inline void decode_Q4_0(Bytes b, int, Run& run) {
  nibbles(b + 2, run);
  run.scale[0] = half_at(b);
}

// scale, offset; nibbles
inline void decode_Q4_1(Bytes b, int, Run& run) {
  nibbles(b + 4, run);
  run.scale[0] = half_at(b);
  run.offset[0] = half_at(b + 2);
}

// scale; fifth bits; nibbles
inline void decode_Q5_0(Bytes b, int, Run& run) {
  nibbles(b + 6, run);
  fifth_bits(b + 2, run);
  run.scale[0] = half_at(b);
}

// scale, offset; fifth bits; nibbles
inline void decode_Q5_1(Bytes b, int, Run& run) {
  nibbles(b + 8, run);
  fifth_bits(b + 4, run);
  run.scale[0] = half_at(b);
  run.offset[0] = half_at(b + 2);
}

// scale; signed bytes
inline void decode_Q8_0(Bytes b, int, Run& run) {
  std::memcpy(run.q, b + 2, kRun);
  for (std::uint8_t& q : run.q) q ^= 0x80;
  run.scale[0] = half_at(b);
}

// 32 bytes of third bits; 64 of bit pairs; sixteen 6-bit scales in 12: low nibbles in 8, upper bit pairs in 4; scale
inline void decode_Q3_K(Bytes b, int index, Run& run) {
  const Bytes pairs = b + 32 + index / 4 * kRun, packed = b + 96;
  for (int i = 0; i < kRun; ++i)
    run.q[i] = static_cast<std::uint8_t>((pairs[i] >> 2 * (index % 4) & 3) | (b[i] >> index & 1) << 2);
  for (int s = 0; s < 2; ++s) {
    const int which = 2 * index + s, low = which < 8 ? packed[which] & 15 : packed[which - 8] >> 4;
    const int scale = (low | (packed[8 + which % 4] >> 2 * (which / 4) & 3) << 4) - 32;
    run.scale[s] = half_at(b + 108) * static_cast<float>(scale);
  }
}

// Q4_K and Q5_K: scale, scale of the minima; eight 6-bit scales and eight 6-bit minima in 12 bytes; [a byte of fifth
// bits per position in a run]; 128 bytes of nibbles, two runs per 32.
inline void decode_k(Bytes b, int index, Bytes low, Bytes fifth, Run& run) {
  const Bytes packed = b + 4;
  const int scale = index < 4 ? packed[index] & 63 : (packed[index + 4] & 15) | (packed[index - 4] >> 6) << 4;
  const int minimum = index < 4 ? packed[index + 4] & 63 : packed[index + 4] >> 4 | (packed[index] >> 6) << 4;
  run.scale[0] = half_at(b) * static_cast<float>(scale);
  run.offset[0] = -(half_at(b + 2) * static_cast<float>(minimum));
  low += index / 2 * kRun;
  for (int i = 0; i < kRun; ++i) {
    const int q = index % 2 == 0 ? low[i] & 15 : low[i] >> 4;
    run.q[i] = static_cast<std::uint8_t>(fifth == nullptr ? q : q | (fifth[i] >> index & 1) << 4);
  }
}
inline void decode_Q4_K(Bytes b, int index, Run& run) { decode_k(b, index, b + 16, nullptr, run); }
inline void decode_Q5_K(Bytes b, int index, Run& run) { decode_k(b, index, b + 48, b + 16, run); }

// 128 bytes of low nibbles, 64 of upper bit pairs, 16 signed scales; scale
inline void decode_Q6_K(Bytes b, int index, Run& run) {
  const int half = index / 4, quarter = index % 4;
  const Bytes low = b + half * 64 + quarter % 2 * kRun, high = b + 128 + half * kRun;
  for (int i = 0; i < kRun; ++i) {
    const int nibble = quarter < 2 ? low[i] & 15 : low[i] >> 4;
    run.q[i] = static_cast<std::uint8_t>(nibble | (high[i] >> 2 * quarter & 3) << 4);
  }
  const float scale = half_at(b + 208);
  for (int s = 0; s < 2; ++s)
    run.scale[s] = scale * static_cast<float>(static_cast<std::int8_t>(b[192 + half * 8 + quarter * 2 + s]));
}

// The levels of IQ4's 4-bit numbers, which are not evenly spaced, as bytes above -128.
inline void levels(Bytes from, Run& run) {
  constexpr std::uint8_t kLevels[] = {1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241};
  nibbles(from, run);
  for (std::uint8_t& q : run.q) q = kLevels[q];
}

// scale; nibbles
inline void decode_IQ4_NL(Bytes b, int, Run& run) {
  levels(b + 2, run);
  run.scale[0] = half_at(b);
}

// scale; eight 6-bit scales: upper bit pairs in a u16, low nibbles in 4 bytes; 16 bytes of nibbles per run
inline void decode_IQ4_XS(Bytes b, int index, Run& run) {
  levels(b + 8 + 16 * index, run);
  const int low = b[4 + index / 2] >> 4 * (index % 2) & 15, high = load<std::uint16_t>(b + 2) >> 2 * index & 3;
  run.scale[0] = half_at(b) * static_cast<float>((low | high << 4) - 32);
}

}  // namespace linnet::blocks
