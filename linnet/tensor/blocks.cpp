#include "linnet/tensor/blocks.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "linnet/base/error.h"
#include "linnet/base/parallel.h"
#include "linnet/tensor/half.h"

namespace linnet {
namespace {

using blocks::Bytes, blocks::half_at, blocks::kRun, blocks::load, blocks::Run;

constexpr BlockType kBlockTypes[] = {
#define LINNET_BLOCK_TYPE(name, number, file, values, bytes, bits, scaled, zero, offset, wide, plain) \
  {bits, scaled, zero, offset, wide, plain, blocks::decode_##name},
    LINNET_BLOCK_TYPES(LINNET_BLOCK_TYPE)
#undef LINNET_BLOCK_TYPE
};
constexpr auto kFirstBlockType = static_cast<std::size_t>(DType::kCount) - std::size(kBlockTypes);

// Decodes a run. The template arguments give the compiler the loops' lengths; the local copy of the run cannot alias.
template <int kScaled, bool kOffset>
void values_of(Run run, int zero, float* to) {
  for (int s = 0; s < kRun / kScaled; ++s) {
    const float scale = run.scale[s], offset = kOffset ? run.offset[s] : 0;
    for (int i = s * kScaled; i < (s + 1) * kScaled; ++i)
      to[i] = kOffset ? static_cast<float>(run.q[i]) * scale + offset : static_cast<float>(run.q[i] - zero) * scale;
  }
}

void decode_blocks(DType type, Bytes from, std::span<float> to) {
  const BlockType& t = block_type(type);
  const auto values = t.offset ? (t.scaled == 16 ? values_of<16, true> : values_of<32, true>)
                               : (t.scaled == 16 ? values_of<16, false> : values_of<32, false>);
  const int count = info(type).block_elements;
  float* out = to.data();
  for (std::size_t i = 0; i < to.size(); i += static_cast<std::size_t>(count), from += info(type).block_bytes)
    for (int index = 0; index < count / kRun; ++index, out += kRun) {
      Run run;
      t.decode(from, index, run);
      values(run, t.zero, out);
    }
}

void decode_floats(DType type, Bytes from, std::span<float> to) {
  const auto each = [&](auto value_at) {
    for (float& value : to) value = value_at(from), from += info(type).block_bytes;
  };
  switch (type) {
    case DType::kF32:
      return each(load<float>);
    case DType::kF16:
      return each(half_at);
    case DType::kBF16:
      return each([](Bytes b) { return bfloat_to_float(load<std::uint16_t>(b)); });
    default:
      return each([](Bytes b) { return static_cast<float>(load<double>(b)); });
  }
}

void check_weights(DType type) {
  check(info(type).floating, ErrorKind::kInvalidArgument, "[dequantize] {} is not a type of weights", info(type).name);
}

void store_half(float value, std::byte* out) {
  const std::uint16_t half = float_to_half(value);
  std::memcpy(out, &half, sizeof half);
}

// Scales the largest magnitude to ±127.
void encode_q8_0(const float* x, std::byte* out) {
  float most = 0;
  for (int i = 0; i < 32; ++i) most = std::max(most, std::fabs(x[i]));
  const float scale = most / 127.0f, inverse = scale > 0 ? 1.0f / scale : 0.0f;
  store_half(scale, out);
  for (int i = 0; i < 32; ++i)
    out[2 + i] =
        static_cast<std::byte>(static_cast<std::int8_t>(std::clamp(std::round(x[i] * inverse), -127.0f, 127.0f)));
}

// Maps the smallest value to 0, the largest to 15.
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

const BlockType& block_type(DType type) {
  check(info(type).quantized, ErrorKind::kInvalidArgument, "[blocks] {} is not a block type", info(type).name);
  return kBlockTypes[static_cast<std::size_t>(type) - kFirstBlockType];
}

void dequantize(DType type, const std::byte* bytes, std::span<float> out) {
  check_weights(type);
  const auto block = static_cast<std::size_t>(info(type).block_elements);
  check(out.size() % block == 0, "[dequantize] {} values do not fill {} blocks of {}", out.size(), info(type).name,
        block);
  const auto from = reinterpret_cast<Bytes>(bytes);
  info(type).quantized ? decode_blocks(type, from, out) : decode_floats(type, from, out);
}

Tensor dequantized(const Tensor& tensor) {
  check(tensor.contiguous(), "[dequantized] the tensor's values are not in row order");
  const DType type = tensor.dtype();
  check_weights(type);  // before the threads start
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
