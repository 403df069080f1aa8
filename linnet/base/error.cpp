#include "linnet/base/error.h"

#include <cstdio>
#include <cstdlib>

namespace linnet {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "linnet: internal error: %s does not hold at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace linnet
