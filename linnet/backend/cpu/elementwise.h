// Elementwise kernels: activations and their gradients, sums, products, dropout, the optimiser's step.
#pragma once

#include <cstdint>

#include "linnet/backend/backend.h"

namespace linnet::cpu {

void activation(const ActivationArgs& args);
void activation_grad(const ActivationGradArgs& args);
void add(const float* a, const float* b, float* y, std::int64_t n);
void axpy(float alpha, const float* x, float* y, std::int64_t n);
void multiply(const float* a, const float* b, float* y, std::int64_t n);
void scale(const float* x, float alpha, float* y, std::int64_t n);
double sum_squares(const float* x, std::int64_t n);
// sums[i] (+)= the sum over rows of x[row * stride + i]
void column_sums(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t cols, bool accumulate,
                 float* sums);
void dropout(const DropoutArgs& args);
void adam(const AdamArgs& args);

}  // namespace linnet::cpu
