// Targets of the Highway kernels: the baseline, AVX2 and AVX-512 on x86, NEON on ARM; the best one that the processor
// supports is chosen at run time. Include it first in a file that uses foreach_target. Scalable vectors are not
// supported: the register tiles are arrays of vectors.
#pragma once

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
