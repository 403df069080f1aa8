#include "linnet/nn/kv_cache.h"

#include "linnet/base/error.h"
#include "linnet/tensor/half.h"
#include "tests/nn/small.h"

namespace linnet::nn {
namespace {

constexpr std::int64_t kLayers = 2, kHeads = 2, kDim = 3;

TransformerConfig cache_config() {
  TransformerConfig c = small_config();
  c.layers = kLayers, c.kv_heads = kHeads, c.head_dim = kDim;
  return c;
}

// A unique value for each position of a layer. `which`: 0 keys, 1 values.
float mark(std::int64_t text, std::int64_t layer, int which, std::int64_t position, std::int64_t head, std::int64_t d) {
  return static_cast<float>(((((text * 2 + layer) * 2 + which) * 200 + position) * kHeads + head) * kDim + d);
}

void store(const KvCache& cache, const KvCache::Sequence& sequence, std::int64_t text, std::int64_t layer,
           std::int64_t count) {
  Tensor both[2] = {Tensor::empty({count, kHeads, kDim}), Tensor::empty({count, kHeads, kDim})};
  for (int which = 0; which < 2; ++which)
    for (std::int64_t r = 0; r < count; ++r)
      for (std::int64_t h = 0; h < kHeads; ++h)
        for (std::int64_t d = 0; d < kDim; ++d)
          both[which].data<float>()[static_cast<std::size_t>((r * kHeads + h) * kDim + d)] =
              mark(text, layer, which, sequence.length() + r, h, d);
  cache.store(sequence, layer, both[0], both[1]);
}

void write(const KvCache& cache, KvCache::Sequence& sequence, std::int64_t text, std::int64_t count) {
  cache.reserve(sequence, count);
  for (std::int64_t layer = 0; layer < kLayers; ++layer) store(cache, sequence, text, layer, count);
  cache.advance(sequence, count);
}

std::vector<const void*> blocks(const KvCache& cache, const KvCache::Sequence& sequence, std::int64_t layer,
                                int which) {
  std::vector<const void*> both[2];
  cache.block_pointers(sequence, layer, both[0], both[1]);
  return both[which];
}

// Position of a value in a block: keys as [head][dim][64], values as [head][64][dim].
std::size_t index_in_block(int which, std::int64_t position, std::int64_t head, std::int64_t d) {
  const std::int64_t within = position % 64;
  return static_cast<std::size_t>(head * 64 * kDim + (which == 0 ? d * 64 + within : within * kDim + d));
}

// Expects the values of `text` at positions [begin, end), in one layer or in all.
void expect_marks_of(const KvCache& cache, const KvCache::Sequence& sequence, std::int64_t text, std::int64_t layer,
                     std::int64_t begin, std::int64_t end) {
  for (int which = 0; which < 2; ++which) {
    const auto found = blocks(cache, sequence, layer, which);
    for (std::int64_t p = begin; p < end; ++p)
      for (std::int64_t h = 0; h < kHeads; ++h)
        for (std::int64_t d = 0; d < kDim; ++d)
          ASSERT_EQ(static_cast<const float*>(found[static_cast<std::size_t>(p / 64)])[index_in_block(which, p, h, d)],
                    mark(text, layer, which, p, h, d))
              << layer << ' ' << which << ' ' << p;
  }
}

void expect_marks(const KvCache& cache, const KvCache::Sequence& sequence, std::int64_t text, std::int64_t begin,
                  std::int64_t end) {
  for (std::int64_t layer = 0; layer < kLayers; ++layer) expect_marks_of(cache, sequence, text, layer, begin, end);
}

TEST(KvCache, KeepsWhatWasStoredAcrossBlocks) {
  const KvCache cache(cache_config(), DType::kF32);
  KvCache::Sequence s;
  for (const std::int64_t count : {1, 62, 1, 70}) write(cache, s, 0, count);
  EXPECT_EQ(s.length(), 134);
  EXPECT_EQ(blocks(cache, s, 0, 0).size(), 3U);
  expect_marks(cache, s, 0, 0, 134);
}

TEST(KvCache, ForksShareFullBlocksAndCopyThePartialOneWhenTheyWrite) {
  const KvCache cache(cache_config(), DType::kF32);
  KvCache::Sequence prefix;
  write(cache, prefix, 0, 70);
  KvCache::Sequence a = cache.fork(prefix), b = cache.fork(prefix);
  EXPECT_EQ(blocks(cache, a, 1, 1), blocks(cache, prefix, 1, 1));
  write(cache, a, 1, 5);
  write(cache, b, 2, 60);
  EXPECT_EQ(blocks(cache, a, 0, 0)[0], blocks(cache, prefix, 0, 0)[0]);
  EXPECT_NE(blocks(cache, a, 0, 0)[1], blocks(cache, prefix, 0, 0)[1]);
  EXPECT_NE(blocks(cache, a, 0, 0)[1], blocks(cache, b, 0, 0)[1]);
  EXPECT_EQ(prefix.length(), 70);
  for (const auto* s : {&prefix, &a, &b}) expect_marks(cache, *s, 0, 0, 70);
  expect_marks(cache, a, 1, 70, 75);
  expect_marks(cache, b, 2, 70, 130);
}

TEST(KvCache, WithRoomForOneLayerEachOverwritesTheOneBeforeBehindWhatWasShared) {
  for (const std::int64_t shared : {0, 3, 64, 70}) {
    const KvCache cache(cache_config(), DType::kF32);
    KvCache::Sequence prefix;
    if (shared > 0) write(cache, prefix, 0, shared);
    KvCache::Sequence passing = cache.fork(prefix);
    constexpr std::int64_t kCount = 66;
    cache.reserve(passing, kCount, KvCache::Room::kOneLayer);
    for (std::int64_t layer = 0; layer < kLayers; ++layer) {
      store(cache, passing, 1, layer, kCount);
      expect_marks_of(cache, passing, 0, layer, 0, shared);
      expect_marks_of(cache, passing, 1, layer, shared, shared + kCount);
    }
    EXPECT_EQ(blocks(cache, passing, 0, 0).back(), blocks(cache, passing, 1, 0).back());
    expect_marks(cache, prefix, 0, 0, shared);  // unchanged
  }
}

TEST(KvCache, RoomForOneLayerCanBeGivenBackUnused) {
  const KvCache cache(cache_config(), DType::kF32);
  KvCache::Sequence prefix;
  write(cache, prefix, 0, 70);
  KvCache::Sequence passing = cache.fork(prefix);
  cache.reserve(passing, 80, KvCache::Room::kOneLayer);
  cache.reserve(passing, 80);  // has room already
  EXPECT_EQ(passing.blocks().size(), 3U);
  cache.truncate(passing, 70);
  EXPECT_EQ(blocks(cache, passing, 1, 1), blocks(cache, prefix, 1, 1));
  write(cache, passing, 1, 5);
  expect_marks(cache, passing, 0, 0, 70);
  expect_marks(cache, passing, 1, 70, 75);
}

TEST(KvCache, AnOwnPartialBlockIsNotCopied) {
  const KvCache cache(cache_config(), DType::kF32);
  KvCache::Sequence s;
  write(cache, s, 0, 10);
  const auto before = blocks(cache, s, 0, 0);
  write(cache, s, 0, 10);
  EXPECT_EQ(blocks(cache, s, 0, 0), before);
}

// The source continues past the fork's end; neither has the other's rows.
TEST(KvCache, TheSourceOfAForkMayGoOnToo) {
  const KvCache cache(cache_config(), DType::kF32);
  KvCache::Sequence source;
  write(cache, source, 0, 20);
  KvCache::Sequence fork = cache.fork(source);
  write(cache, source, 1, 20);
  write(cache, fork, 2, 20);
  expect_marks(cache, source, 1, 20, 40);
  expect_marks(cache, fork, 2, 20, 40);
  expect_marks(cache, fork, 0, 0, 20);
}

TEST(KvCache, TruncationDropsBlocksAndWritingGoesOnFromThere) {
  const KvCache cache(cache_config(), DType::kF32);
  KvCache::Sequence s;
  write(cache, s, 0, 150);
  KvCache::Sequence fork = cache.fork(s);
  cache.truncate(fork, 66);
  EXPECT_EQ(fork.length(), 66);
  EXPECT_EQ(blocks(cache, fork, 0, 0).size(), 2U);
  write(cache, fork, 3, 10);  // to a block that `s` still uses
  expect_marks(cache, fork, 0, 0, 66);
  expect_marks(cache, fork, 3, 66, 76);
  expect_marks(cache, s, 0, 0, 150);
  cache.truncate(fork, 64);
  EXPECT_EQ(blocks(cache, fork, 0, 0).size(), 1U);
  cache.truncate(fork, 0);
  EXPECT_TRUE(blocks(cache, fork, 0, 0).empty());
  EXPECT_THROW(cache.truncate(fork, 1), Error);
  EXPECT_THROW(cache.truncate(s, -1), Error);
}

TEST(KvCache, Bf16RoundsEveryValue) {
  const KvCache cache(cache_config(), DType::kBF16);
  KvCache::Sequence s;
  write(cache, s, 0, 3);
  const auto* keys = static_cast<const std::uint16_t*>(blocks(cache, s, 1, 0)[0]);
  EXPECT_EQ(keys[64 * kDim + key_place(DType::kBF16, kDim, 2, 1)], float_to_bfloat(mark(0, 1, 0, 2, 1, 1)));
  EXPECT_EQ(cache.bytes_per_position(), static_cast<std::size_t>(kLayers * 2 * kHeads * kDim * 2));
  EXPECT_EQ(KvCache(cache_config(), DType::kF32).bytes_per_position(), 2 * cache.bytes_per_position());
}

TEST(KvCache, StridedRowsAreStoredByTheirValues) {
  const KvCache cache(cache_config(), DType::kF32);
  KvCache::Sequence s;
  Tensor wide = Tensor::empty({2, 2 * kHeads, kDim});  // keys and values interleaved by head
  for (std::size_t i = 0; i < wide.data<float>().size(); ++i) wide.data<float>()[i] = static_cast<float>(i);
  cache.reserve(s, 2);
  cache.store(s, 0, wide.slice(1, 0, kHeads), wide.slice(1, kHeads, 2 * kHeads));
  const auto* v = static_cast<const float*>(blocks(cache, s, 0, 1)[0]);
  EXPECT_EQ(v[index_in_block(1, 1, 1, 2)], (1 * 2 * kHeads + kHeads + 1) * kDim + 2);
}

TEST(KvCache, OtherTypesAreRefused) { EXPECT_THROW(KvCache(cache_config(), DType::kF16), Error); }

}  // namespace
}  // namespace linnet::nn
