// Counter-based random numbers: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
// A number depends on (seed, stream, index) only, so dropout, shuffles and samples repeat on any number of threads
// and resume from a saved counter.
#pragma once

#include <array>
#include <cstdint>

namespace linnet {

struct PhiloxKey {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;  // purpose of the numbers: step and tensor, epoch, …
};

// The four 32-bit numbers at position `index`.
std::array<std::uint32_t, 4> philox(PhiloxKey key, std::uint64_t index);

// A sequential generator over one stream.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0, std::uint64_t position = 0)
      : key_{seed, stream}, position_(position) {}
  std::uint32_t next_u32();
  std::uint64_t next_u64() { return std::uint64_t{next_u32()} << 32 | next_u32(); }
  double uniform();                                     // [0, 1), 53 bits
  float normal();                                       // mean 0, deviation 1 (Box-Muller)
  std::uint64_t below(std::uint64_t bound);             // [0, bound), without bias
  std::uint64_t position() const { return position_; }  // numbers generated so far

  template <class Container>
  void shuffle(Container& items) {  // Fisher-Yates
    for (std::uint64_t i = items.size(); i > 1; --i) {
      using std::swap;
      swap(items[i - 1], items[below(i)]);
    }
  }

 private:
  PhiloxKey key_;
  std::uint64_t position_;
};

}  // namespace linnet
