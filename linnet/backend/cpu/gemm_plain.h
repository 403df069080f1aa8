// Products of plain matrices, which are packed during the product (training, where weights change every step, and
// `gemm`), and with bf16 weights that were packed once.
//
//   multiply_plain({false, true, rows, out, in, 1, x, in, weight, in, 0, y, out});   // y = x W^T
#pragma once

#include <cstdint>
#include <span>

#include "linnet/backend/cpu/gemm.h"

namespace linnet::cpu {

struct PlainProduct {  // c[m, n] = alpha op(a) op(b) + beta c, row-major
  bool transpose_a, transpose_b;
  std::int64_t m, n, k;
  float alpha;
  const float* a;
  std::int64_t lda;
  const float* b;
  std::int64_t ldb;
  float beta;
  float* c;
  std::int64_t ldc;
};
void multiply_plain(const PlainProduct& product);
// The same with both matrices rounded to bf16 and sums in f32 (mixed-precision training). Returns false and does
// nothing if it is not faster on this processor or the product is small.
bool multiply_plain_bf16(const PlainProduct& product);
// bf16(x) W^T for packed bf16 weights with sums in f32; a row has the same bits for any number of rows. All products
// have the same x. Returns false and does nothing if it is not faster on this processor.
struct PackedProduct {
  Product product;
  const PackedMatrix* weight;
};
bool multiply_packed_bf16(std::span<const PackedProduct> products);

// Lanes (rows of a, or columns of b) over `depth` steps of k, to pack in blocks of `width` lanes, [depth][width] each.
// A kernel of pairs also packs one row in a block of width 1.
struct PackedPart {
  const float* from;
  std::int64_t stride;  // between lanes if k is contiguous, else between steps of k
  bool k_contiguous;
  int lanes, width;           // zeros fill the last block
  std::int64_t depth, block;  // block: packed values from one block to the next
};

// c[rows, columns] = block x panel + the initial value of `init`.
struct PlainTile {
  const void* block;  // [depth][kernel.rows], or [depth][1]
  int rows;
  const void* panel;  // `panel_step` lanes from one step of k to the next
  std::int64_t panel_step, depth, columns;
  float* c;
  std::int64_t c_stride;
  const float* bias;  // of these columns, for kBias
  TileInit init;
};

// Packing and kernel of a type: blocks of `rows` rows of a by panels of kPanel columns of b, in slices of `depth` steps
// of k. Pairs of steps may be adjacent; then an odd depth is padded with zeros.
struct PlainKernel {
  std::int64_t rows, depth, bytes;  // bytes of one packed value
  void (*pack)(const PackedPart& part, void* to);
  void (*multiply)(const PlainTile& tile);
  void (*multiply_wide)(const PlainTile& tile) = nullptr;  // half the rows by two adjacent panels, sums as above
  void (*multiply_row)(const PlainTile& tile) = nullptr;   // one row in a block of width 1, otherwise the same
};
const PlainKernel& f32_kernel();
const PlainKernel* bf16_kernel();  // null without AVX-512 BF16
// Uses that kernel; k is not 0, alpha is 1, beta 0 or 1.
void multiply_plain_with(const PlainKernel& kernel, const PlainProduct& product);

}  // namespace linnet::cpu
