#include "linnet/tensor/blocks.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "linnet/base/error.h"
#include "linnet/base/parallel.h"
#include "linnet/tensor/half.h"

namespace linnet {
namespace {

// The layouts are read byte by byte: blocks are not aligned in the file.
using Bytes = const std::uint8_t*;

template <class T>
T load(Bytes at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
float half_at(Bytes at) { return half_to_float(load<std::uint16_t>(at)); }

// scale f16; 16 bytes of two 4-bit numbers, the low halves first; value = scale * (q - 8)
void decode_q4_0(Bytes b, float* out) {
  const float scale = half_at(b);
  for (int i = 0; i < 16; ++i) {
    out[i] = static_cast<float>((b[2 + i] & 15) - 8) * scale;
    out[i + 16] = static_cast<float>((b[2 + i] >> 4) - 8) * scale;
  }
}

// scale f16, offset f16; value = scale * q + offset
void decode_q4_1(Bytes b, float* out) {
  const float scale = half_at(b), offset = half_at(b + 2);
  for (int i = 0; i < 16; ++i) {
    out[i] = static_cast<float>(b[4 + i] & 15) * scale + offset;
    out[i + 16] = static_cast<float>(b[4 + i] >> 4) * scale + offset;
  }
}

// The 5-bit types keep every number's fifth bit in one u32 before the nibbles.
template <class Emit>
void decode_five_bits(Bytes high_bits, Bytes nibbles, Emit emit) {
  const auto high = load<std::uint32_t>(high_bits);
  for (int i = 0; i < 16; ++i) {
    emit(i, static_cast<int>((nibbles[i] & 15u) | (high >> i & 1u) << 4));
    emit(i + 16, static_cast<int>((nibbles[i] >> 4u) | (high >> (i + 16) & 1u) << 4));
  }
}

void decode_q5_0(Bytes b, float* out) {
  const float scale = half_at(b);
  decode_five_bits(b + 2, b + 6, [&](int i, int q) { out[i] = static_cast<float>(q - 16) * scale; });
}

void decode_q5_1(Bytes b, float* out) {
  const float scale = half_at(b), offset = half_at(b + 2);
  decode_five_bits(b + 4, b + 8, [&](int i, int q) { out[i] = static_cast<float>(q) * scale + offset; });
}

void decode_q8_0(Bytes b, float* out) {
  const float scale = half_at(b);
  for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(static_cast<std::int8_t>(b[2 + i])) * scale;
}

// Q4_K and Q5_K: eight 6-bit scales and eight 6-bit minima in 12 bytes.
struct ScaleMin {
  int scale, minimum;
};
ScaleMin scale_min(Bytes packed, int i) {
  if (i < 4) return {packed[i] & 63, packed[i + 4] & 63};
  return {(packed[i + 4] & 15) | (packed[i - 4] >> 6) << 4, (packed[i + 4] >> 4) | (packed[i] >> 6) << 4};
}

// scale f16, scale of the minima f16, 12 bytes of scales and minima, [fifth bits], 128 bytes of nibbles: each 32 bytes
// hold two runs of 32. value = scale * s * q - minimum * m
void decode_k4_k5(Bytes b, float* out, Bytes fifth_bits, Bytes nibbles) {
  const float scale = half_at(b), minimum = half_at(b + 2);
  for (int run = 0; run < 8; ++run) {
    const ScaleMin sm = scale_min(b + 4, run);
    const float step = scale * static_cast<float>(sm.scale), offset = minimum * static_cast<float>(sm.minimum);
    Bytes q = nibbles + run / 2 * 32;
    for (int i = 0; i < 32; ++i) {
      int value = run % 2 == 0 ? q[i] & 15 : q[i] >> 4;
      if (fifth_bits != nullptr) value |= (fifth_bits[i] >> run & 1) << 4;
      out[run * 32 + i] = step * static_cast<float>(value) - offset;
    }
  }
}
void decode_q4_k(Bytes b, float* out) { decode_k4_k5(b, out, nullptr, b + 16); }
void decode_q5_k(Bytes b, float* out) { decode_k4_k5(b, out, b + 16, b + 48); }

// 128 bytes of low nibbles, 64 of upper bit pairs, 16 signed scales, scale f16; value = scale * s * (q - 32)
void decode_q6_k(Bytes b, float* out) {
  const float scale = half_at(b + 208);
  for (int half = 0; half < 2; ++half) {
    Bytes low = b + half * 64, high = b + 128 + half * 32;
    Bytes scales = b + 192 + half * 8;
    for (int run = 0; run < 4; ++run)
      for (int i = 0; i < 32; ++i) {
        const int nibble = run < 2 ? low[run * 32 + i] & 15 : low[(run - 2) * 32 + i] >> 4;
        const int q = (nibble | (high[i] >> 2 * run & 3) << 4) - 32;
        const auto s = static_cast<float>(static_cast<std::int8_t>(scales[run * 2 + i / 16]));
        out[half * 128 + run * 32 + i] = scale * s * static_cast<float>(q);
      }
  }
}

using Decoder = void (*)(Bytes, float*);
Decoder decoder(DType type) {
  switch (type) {
    case DType::kQ4_0:
      return decode_q4_0;
    case DType::kQ4_1:
      return decode_q4_1;
    case DType::kQ5_0:
      return decode_q5_0;
    case DType::kQ5_1:
      return decode_q5_1;
    case DType::kQ8_0:
      return decode_q8_0;
    case DType::kQ4_K:
      return decode_q4_k;
    case DType::kQ5_K:
      return decode_q5_k;
    case DType::kQ6_K:
      return decode_q6_k;
    case DType::kF32:
      return [](Bytes b, float* out) { *out = load<float>(b); };
    case DType::kF16:
      return [](Bytes b, float* out) { *out = half_at(b); };
    case DType::kBF16:
      return [](Bytes b, float* out) { *out = bfloat_to_float(load<std::uint16_t>(b)); };
    case DType::kF64:
      return [](Bytes b, float* out) { *out = static_cast<float>(load<double>(b)); };
    default:
      break;
  }
  fail(ErrorKind::kInvalidArgument, "[dequantize] {} is not a type of weights", info(type).name);
}

void store_half(float value, std::byte* out) {
  const std::uint16_t half = float_to_half(value);
  std::memcpy(out, &half, sizeof half);
}

// The largest magnitude becomes ±127.
void encode_q8_0(const float* x, std::byte* out) {
  float most = 0;
  for (int i = 0; i < 32; ++i) most = std::max(most, std::fabs(x[i]));
  const float scale = most / 127.0f, inverse = scale > 0 ? 1.0f / scale : 0.0f;
  store_half(scale, out);
  for (int i = 0; i < 32; ++i)
    out[2 + i] =
        static_cast<std::byte>(static_cast<std::int8_t>(std::clamp(std::round(x[i] * inverse), -127.0f, 127.0f)));
}

// Smallest value 0, largest 15.
void encode_q4_1(const float* x, std::byte* out) {
  const auto [least, most] = std::minmax_element(x, x + 32);
  const float offset = *least, scale = (*most - offset) / 15.0f, inverse = scale > 0 ? 1.0f / scale : 0.0f;
  store_half(scale, out);
  store_half(offset, out + 2);
  const auto level = [&](float v) {
    return static_cast<unsigned>(std::clamp((v - offset) * inverse + 0.5f, 0.0f, 15.0f));
  };
  for (int i = 0; i < 16; ++i) out[4 + i] = static_cast<std::byte>(level(x[i]) | level(x[i + 16]) << 4);
}

using Encoder = void (*)(const float*, std::byte*);
Encoder encoder(DType type) {
  switch (type) {
    case DType::kQ8_0:
      return encode_q8_0;
    case DType::kQ4_1:
      return encode_q4_1;
    case DType::kF32:
      return [](const float* x, std::byte* out) { std::memcpy(out, x, sizeof *x); };
    case DType::kF16:
      return [](const float* x, std::byte* out) { store_half(*x, out); };
    case DType::kBF16:
      return [](const float* x, std::byte* out) {
        const std::uint16_t bits = float_to_bfloat(*x);
        std::memcpy(out, &bits, sizeof bits);
      };
    default:
      break;
  }
  fail(ErrorKind::kInvalidArgument, "[quantize] {} cannot be written; f32, f16, bf16, q8 (Q8_0) and q4 (Q4_1) can",
       info(type).name);
}

constexpr float kMostHalf = 65504;  // larger ones would overflow the blocks' scales

// Values handled per call of a parallel body: whole blocks of every type.
constexpr std::int64_t kChunk = 4096;

}  // namespace

void dequantize(DType type, const std::byte* bytes, std::span<float> out) {
  const Decoder decode = decoder(type);
  const auto block = static_cast<std::size_t>(info(type).block_elements);
  check(out.size() % block == 0, "[dequantize] {} values do not fill {} blocks of {}", out.size(), info(type).name,
        block);
  auto at = reinterpret_cast<Bytes>(bytes);
  for (std::size_t i = 0; i < out.size(); i += block, at += info(type).block_bytes) decode(at, out.data() + i);
}

Tensor dequantized(const Tensor& tensor) {
  check(tensor.contiguous(), "[dequantized] the tensor's values are not in row order");
  const DType type = tensor.dtype();
  decoder(type);  // refuses before the threads start
  Tensor out = Tensor::empty(tensor.shape());
  const std::span<float> values = out.data<float>();
  const std::int64_t count = out.numel(), chunks = (count + kChunk - 1) / kChunk;
  parallel_for(chunks, 16, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t first = begin * kChunk, last = std::min(end * kChunk, count);
    dequantize(type, tensor.raw() + row_bytes(type, first),
               values.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first)));
  });
  return out;
}

void quantize(DType type, std::span<const float> values, std::byte* out) {
  const Encoder encode = encoder(type);
  const auto block = static_cast<std::size_t>(info(type).block_elements);
  check(values.size() % block == 0, "[quantize] {} values do not fill {} blocks of {}", values.size(), info(type).name,
        block);
  if (info(type).quantized)
    for (const float value : values)
      check(std::fabs(value) <= kMostHalf, ErrorKind::kBadInput, "[quantize] a weight is {}, which {} cannot hold",
            value, info(type).name);
  for (std::size_t i = 0; i < values.size(); i += block, out += info(type).block_bytes) encode(values.data() + i, out);
}

Tensor quantized(const Tensor& tensor, DType type) {
  const std::span<const float> values = tensor.data<float>();
  Tensor out = Tensor::empty(tensor.shape(), type);
  quantize(type, values, out.raw());
  return out;
}

}  // namespace linnet
