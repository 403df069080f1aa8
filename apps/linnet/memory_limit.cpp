#include "memory_limit.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "output.h"

namespace linnet::app {

void MemoryLimit::check(std::int64_t positions) const {
  if (summary_.context_length) positions = std::min(positions, *summary_.context_length);
  const models::RunMemory need = models::run_memory(summary_, type_, positions);
  const auto shown = [](std::size_t bytes) { return format_bytes(static_cast<double>(bytes)); };
  linnet::check(
      need.total() <= bytes_, ErrorKind::kRuntime,
      "{}: {} tokens need {} (weights {}, KV cache {}, scratch {}), --memory allows {}; ask for fewer tokens, a "
      "smaller --dtype or a smaller model",
      summary_.place.string(), positions, shown(need.total()), shown(need.weights), shown(need.cache),
      shown(need.scratch), shown(bytes_));
}

}  // namespace linnet::app
