// Rows: rotary positions, embedding rows of any type, softmax over a row, losses.
#pragma once

#include <cstdint>

#include "linnet/backend/backend.h"

namespace linnet::cpu {

void rotary(const RotaryArgs& args);
void embedding(const EmbeddingArgs& args);
void embedding_grad(const EmbeddingGradArgs& args);
void to_float(const void* x, DType type, float* y, std::int64_t rows, std::int64_t cols);
// To F32, F16 or BF16; false for a type it leaves to the reference.
bool from_float(const float* x, DType type, void* y, std::int64_t rows, std::int64_t cols);
void log_softmax(const float* x, float* y, std::int64_t rows, std::int64_t cols);
void cross_entropy(const CrossEntropyArgs& args);

}  // namespace linnet::cpu
