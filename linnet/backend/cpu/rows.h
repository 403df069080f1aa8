// Kernels over rows: rotary positions, embedding of any type, softmax, losses.
#pragma once

#include <cstdint>

#include "linnet/backend/backend.h"

namespace linnet::cpu {

void rotary(const RotaryArgs& args);
void embedding(const EmbeddingArgs& args);
void embedding_grad(const EmbeddingGradArgs& args);
void to_float(const void* x, DType type, float* y, std::int64_t rows, std::int64_t cols);
// Converts to F32, F16 or BF16; returns false for a type that only the reference supports.
bool from_float(const float* x, DType type, void* y, std::int64_t rows, std::int64_t cols);
void log_softmax(const float* x, float* y, std::int64_t rows, std::int64_t cols);
void cross_entropy(const CrossEntropyArgs& args);

}  // namespace linnet::cpu
