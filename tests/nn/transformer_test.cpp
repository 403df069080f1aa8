// Properties of the whole stack, for every kind of positions: results do not depend on the rest of the batch, on a
// cache, or on the number of threads.
#include "linnet/nn/transformer.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "linnet/base/error.h"
#include "linnet/base/parallel.h"
#include "tests/nn/small.h"

namespace linnet::nn {
namespace {

struct Kind {
  const char* name;
  Positions positions;
  RopeKind rope = RopeKind::kDefault;
  std::int64_t window = 0;  // of the first layer, which has other rotary positions; the second one has none
};
const Kind kKinds[] = {{"learned", Positions::kLearned},
                       {"rotary", Positions::kRotary},
                       {"dynamic", Positions::kRotary, RopeKind::kDynamic},
                       {"alibi", Positions::kAlibi},
                       {"none", Positions::kNone},
                       {"windows", Positions::kRotary, RopeKind::kDefault, 5},
                       {"wideWindows", Positions::kRotary, RopeKind::kDefault, 66}};

TransformerConfig config_of(const Kind& kind) {
  TransformerConfig c = small_config();
  c.positions = kind.positions;
  c.rope.kind = kind.rope;
  if (kind.rope == RopeKind::kDynamic) c.max_positions = 6, c.rope.factor = 2;
  if (kind.window == 0) return c;
  c.window = kind.window, c.window_layers = {true, false}, c.unrotated_layers = {false, true};
  c.window_rope = Rope();
  c.window_rope->theta = 100;
  return c;
}

Transformer made(const TransformerConfig& c) {
  Transformer t(c);
  fill(t);
  t.tie();
  return t;
}

Ids text(std::int64_t length, std::int32_t seed) {
  Ids ids;
  for (std::int64_t i = 0; i < length; ++i) ids.push_back(static_cast<std::int32_t>((i * 7 + seed * 5 + 1) % 29));
  return ids;
}

Tensor rows_of(const Tensor& hidden, const Packed& batch, std::int64_t sequence) {
  const auto s = static_cast<std::size_t>(sequence);
  return hidden.slice(0, batch.starts[s], batch.starts[s + 1]);
}

class AnyPositions : public ::testing::TestWithParam<Kind> {};

TEST_P(AnyPositions, ATextMeansTheSameAloneAndPacked) {
  const Transformer t = made(config_of(GetParam()));
  const std::vector<Ids> texts{text(9, 1), text(1, 2), text(70, 3), text(4, 4)};
  const Packed batch = pack(texts);
  const Tensor together = t.forward(batch, {}, {});
  for (std::size_t i = 0; i < texts.size(); ++i)
    EXPECT_LE(distance(rows_of(together, batch, static_cast<std::int64_t>(i)), t.forward(pack({texts[i]}), {}, {})),
              1e-5)
        << i;
}

TEST_P(AnyPositions, ACacheGivesTheSameRows) {
  if (GetParam().rope == RopeKind::kDynamic)
    GTEST_SKIP() << "earlier keys keep the angles of a shorter text, as in Transformers";
  const Transformer t = made(config_of(GetParam()));
  const Ids whole = text(140, 1);
  const Tensor wanted = t.forward(pack({whole}), {}, {});
  KvCache cache(t.config(), DType::kF32);
  KvCache::Sequence sequence;
  KvCache::Sequence* const sequences[] = {&sequence};
  const ForwardState state{.cache = &cache, .sequences = sequences};
  for (const std::int64_t n : {1, 60, 1, 1, 1, 64, 12}) {
    const std::int64_t at = sequence.length();
    Packed batch;
    batch.add(std::span(whole).subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(n)), {},
              static_cast<std::int32_t>(at));
    EXPECT_LE(distance(t.forward(batch, state, {}), wanted.slice(0, at, at + n)), 1e-5) << at;
  }
}

TEST_P(AnyPositions, ForksOfACachedPrefixGoTheirOwnWays) {
  if (GetParam().rope == RopeKind::kDynamic) GTEST_SKIP() << "as above";
  const Transformer t = made(config_of(GetParam()));
  const Ids prefix = text(70, 1), ends[] = {text(3, 2), text(9, 3)};
  KvCache cache(t.config(), DType::kF32);
  KvCache::Sequence start;
  KvCache::Sequence* const first[] = {&start};
  t.forward(pack({prefix}), {.cache = &cache, .sequences = first}, {});
  KvCache::Sequence forks[] = {cache.fork(start), cache.fork(start)};
  KvCache::Sequence* const both[] = {&forks[0], &forks[1]};
  Packed batch;
  for (const Ids& end : ends) batch.add(end, {}, 70);
  const Tensor hidden = t.forward(batch, {.cache = &cache, .sequences = both}, {});
  for (std::int64_t i = 0; i < 2; ++i) {
    Ids whole = prefix;
    whole.insert(whole.end(), ends[i].begin(), ends[i].end());
    const Tensor alone = t.forward(pack({whole}), {}, {});
    EXPECT_LE(distance(rows_of(hidden, batch, i), alone.slice(0, 70, alone.size(0))), 1e-5) << i;
  }
}

TEST_P(AnyPositions, RunsRepeatBitForBitAndThreadsAgree) {
  const Transformer t = made(config_of(GetParam()));
  const Packed batch = pack({text(50, 1), text(33, 2)});
  const int before = threads();
  set_threads(2);
  const Tensor first = t.forward(batch, {}, {}), second = t.forward(batch, {}, {});
  set_threads(1);
  const Tensor one = t.forward(batch, {}, {});
  set_threads(before);
  EXPECT_EQ(values(first), values(second));
  EXPECT_LE(distance(first, one), 1e-5);
}

TEST_P(AnyPositions, LaterTokensChangeNothingEarlier) {
  if (GetParam().rope == RopeKind::kDynamic) GTEST_SKIP() << "the length changes every angle";
  const Transformer t = made(config_of(GetParam()));
  Ids a = text(12, 1), b = a;
  b.back() = (b.back() + 1) % 29;
  const Tensor x = t.forward(pack({a}), {}, {}), y = t.forward(pack({b}), {}, {});
  EXPECT_LE(distance(x.slice(0, 0, 11), y.slice(0, 0, 11)), 1e-6);
  EXPECT_GT(distance(x.slice(0, 11, 12), y.slice(0, 11, 12)), 1e-3);
}

// Virtual tokens with real rows of the token table are equivalent to those tokens, and add no output rows.
TEST_P(AnyPositions, PromptEmbeddingsComeBeforeEverySequence) {
  const Transformer t = made(config_of(GetParam()));
  const std::vector<Ids> texts{text(5, 1), text(8, 2)};
  const Packed batch = pack(texts);
  const Tensor hidden = t.forward(batch, {.prompt_embeddings = t.token_table().slice(0, 3, 5)}, {});
  EXPECT_EQ(hidden.size(0), batch.rows());
  for (std::size_t i = 0; i < 2; ++i) {
    Ids whole{3, 4};
    whole.insert(whole.end(), texts[i].begin(), texts[i].end());
    const Tensor alone = t.forward(pack({whole}), {}, {});
    EXPECT_LE(distance(rows_of(hidden, batch, static_cast<std::int64_t>(i)), alone.slice(0, 2, alone.size(0))), 1e-5)
        << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, AnyPositions, ::testing::ValuesIn(kKinds),
                         [](const auto& test) { return test.param.name; });

TEST(Transformer, APrefixMovesPositions) {
  const Transformer t = made(small_config());
  std::vector<PrefixKv> prefix;
  for (int layer = 0; layer < 2; ++layer) prefix.push_back({Tensor::zeros({3, 12}), Tensor::zeros({3, 12})});
  EXPECT_EQ(t.forward(pack(Texts{{1, 2}, {3}}), {.prefix = prefix}, {}).size(0), 3);
  EXPECT_THROW(t.forward(pack({text(198, 1)}), {.prefix = prefix}, {}), Error);  // 201 of 200 positions
  EXPECT_NO_THROW(t.forward(pack({text(197, 1)}), {.prefix = prefix}, {}));
}

// If the last layer computes only some rows, they are equal to those of all.
TEST(Transformer, OneRowASequenceIsThatRowOfAll) {
  for (const Stack stack : {Stack::kDecoder, Stack::kEncoder})
    for (const NormPlace place : {NormPlace::kBefore, NormPlace::kAfter}) {
      TransformerConfig c = small_config();
      c.stack = stack, c.norm_place = place;
      const Transformer t = made(c);
      const Packed batch = pack(Texts{text(5, 1), {7}, text(9, 2)});
      const Tensor all = t.forward(batch, {}, {});
      for (const OutputRows output : {OutputRows::kFirst, OutputRows::kLast}) {
        const Tensor one = t.forward(batch, {.output = output}, {});
        ASSERT_EQ(one.shape(), (Shape{3, c.hidden}));
        for (std::int64_t s = 0; s < 3; ++s) {
          const auto at = static_cast<std::size_t>(s);
          const std::int64_t row = output == OutputRows::kFirst ? batch.starts[at] : batch.starts[at + 1] - 1;
          EXPECT_LE(distance(one.slice(0, s, s + 1), all.slice(0, row, row + 1)), 1e-5);
        }
      }
    }
}

// A row depends on those that its windows reach, and on no other row: two layers reach twice as far.
TEST(Transformer, WindowsHideFarRows) {
  for (const Stack stack : {Stack::kDecoder, Stack::kEncoder}) {
    TransformerConfig c = small_config();
    c.stack = stack, c.window = 4;
    const Transformer t = made(c);
    const Ids whole = text(40, 1);
    const Tensor wanted = t.forward(pack({whole}), {}, {});
    for (const std::int64_t changed : {0, 20, 39}) {
      Ids other = whole;
      other[static_cast<std::size_t>(changed)] = 28 - other[static_cast<std::size_t>(changed)];
      const Tensor found = t.forward(pack({other}), {}, {});
      for (std::int64_t row = 0; row < 40; ++row) {
        const bool sees = std::abs(row - changed) <= 6 && (stack == Stack::kEncoder || row >= changed);
        EXPECT_EQ(distance(found.slice(0, row, row + 1), wanted.slice(0, row, row + 1)) > 0, sees) << changed << row;
      }
    }
    for (const OutputRows output : {OutputRows::kFirst, OutputRows::kLast}) {
      const std::int64_t row = output == OutputRows::kFirst ? 0 : 39;
      EXPECT_LE(distance(t.forward(pack({whole}), {.output = output}, {}), wanted.slice(0, row, row + 1)), 1e-5);
    }
  }
}

TEST(Transformer, TheLastRowsOfEachSequenceAreThoseOfAll) {
  TransformerConfig c = small_config();
  c.stack = Stack::kDecoder;
  const Transformer t = made(c);
  const Packed batch = pack(Texts{text(5, 1), {7}, text(9, 2)});
  const Tensor all = t.forward(batch, {}, {});
  const std::vector<std::int64_t> counts{2, 1, 7};
  KvCache cache(c, DType::kF32);
  std::vector<KvCache::Sequence> sequences(3);
  std::vector<KvCache::Sequence*> pointers{&sequences[0], &sequences[1], &sequences[2]};
  const Tensor some = t.forward(batch, {.last_rows = counts}, {});
  const Tensor cached = t.forward(batch, {.cache = &cache, .sequences = pointers, .last_rows = counts}, {});
  const std::int32_t rows[] = {3, 4, 5, 8, 9, 10, 11, 12, 13, 14};
  ASSERT_EQ(some.shape(), (Shape{10, c.hidden}));
  for (std::int64_t i = 0; i < 10; ++i) {
    EXPECT_LE(distance(some.slice(0, i, i + 1), all.slice(0, rows[i], rows[i] + 1)), 1e-5);
    EXPECT_LE(distance(cached.slice(0, i, i + 1), all.slice(0, rows[i], rows[i] + 1)), 1e-5);
  }
  const std::vector<std::int64_t> few{1, 2, 1}, none{1, 0, 1}, short_list{1};
  for (const auto& wrong : {few, none, short_list}) EXPECT_THROW(t.forward(batch, {.last_rows = wrong}, {}), Error);
}

TEST(Transformer, NamesAreUniqueAndSizesFollowTheConfig) {
  TransformerConfig c = small_config();
  c.stack = Stack::kEncoderDecoder, c.decoder_layers = 3, c.head = HeadKind::kSeq2SeqLm;
  Transformer t(c);
  const auto all = names(parameters(t));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
  EXPECT_THAT(all, ::testing::Contains("encoder.layers.1.ffn.up.weight"));
  EXPECT_THAT(all, ::testing::Contains("decoder.layers.2.cross_attention.value.bias"));
  EXPECT_THAT(all, ::testing::Not(::testing::Contains("decoder.layers.3.ffn.up.weight")));
}

TransformerConfig seq2seq() {
  TransformerConfig c = small_config();
  c.stack = Stack::kEncoderDecoder, c.decoder_layers = 2, c.head = HeadKind::kSeq2SeqLm;
  return c;
}

TEST(EncoderDecoder, PairsArePackedWithoutTouchingEachOther) {
  const Transformer t = made(seq2seq());
  const std::vector<Ids> sources{text(6, 1), text(3, 2)}, targets{text(4, 3), text(7, 4)};
  const Packed batch = pack(targets);
  const Encoded both = t.encode(pack(sources), {}, {});
  const Tensor together = t.forward(batch, {.encoder = &both}, {});
  for (std::size_t i = 0; i < 2; ++i) {
    const Encoded own = t.encode(pack({sources[i]}), {}, {});
    EXPECT_LE(distance(rows_of(together, batch, static_cast<std::int64_t>(i)),
                       t.forward(pack({targets[i]}), {.encoder = &own}, {})),
              1e-5);
  }
}

TEST(EncoderDecoder, TheEncoderSeesBothWaysAndTheDecoderOnlyBack) {
  const Transformer t = made(seq2seq());
  Ids a = text(6, 1), b = a;
  b.back() = (b.back() + 1) % 29;
  EXPECT_GT(
      distance(t.encode(pack({a}), {}, {}).hidden.slice(0, 0, 1), t.encode(pack({b}), {}, {}).hidden.slice(0, 0, 1)),
      1e-3);
  const Encoded source = t.encode(pack({a}), {}, {});
  const Tensor x = t.forward(pack({a}), {.encoder = &source}, {}), y = t.forward(pack({b}), {.encoder = &source}, {});
  EXPECT_LE(distance(x.slice(0, 0, 5), y.slice(0, 0, 5)), 1e-6);
}

TEST(EncoderDecoder, TheDecoderCachesItsOwnRows) {
  const Transformer t = made(seq2seq());
  const Encoded source = t.encode(pack({text(6, 1)}), {}, {});
  const Ids target = text(5, 3);
  const Tensor wanted = t.forward(pack({target}), {.encoder = &source}, {});
  KvCache cache(t.config(), DType::kF32);
  KvCache::Sequence sequence;
  KvCache::Sequence* const sequences[] = {&sequence};
  for (std::int32_t i = 0; i < 5; ++i) {
    Packed batch;
    batch.add(std::span(target).subspan(static_cast<std::size_t>(i), 1), {}, i);
    EXPECT_LE(distance(t.forward(batch, {.cache = &cache, .sequences = sequences, .encoder = &source}, {}),
                       wanted.slice(0, i, i + 1)),
              1e-5);
  }
}

// The keys and values of `ids` in the first layer of a stack, as a prefix.
PrefixKv first_keys_and_values(Transformer& t, const std::string& stack, const Ids& ids) {
  std::map<std::string, Tensor> p;
  for (const Parameter& parameter : parameters(t))
    if (parameter.name.starts_with(stack)) p[parameter.name.substr(stack.size())] = *parameter.tensor;
  Ids places;
  for (std::size_t i = 0; i < ids.size(); ++i) places.push_back(static_cast<std::int32_t>(i));
  Tensor x = add(gather_rows(t.token_table(), ids), gather_rows(p["embeddings.positions.weight"], places));
  const std::string layer = "layers.0.";
  if (t.config().norm_place == NormPlace::kBefore)
    x = layer_norm(x, p[layer + "attention_norm.weight"], p[layer + "attention_norm.bias"],
                   static_cast<float>(t.config().norm_eps));
  const auto made = [&](const std::string& what) {
    return linear(x, p[layer + "attention." + what + ".weight"], p[layer + "attention." + what + ".bias"]);
  };
  return {made("key"), made("value")};
}

// In a stack of one layer a prefix with the keys and values of real rows is equivalent to those rows: in an encoder
// alone, in an encoder before a decoder, and in the decoder.
TEST(Prefix, ActsAsTheRowsWhoseKeysAndValuesItHolds) {
  const Ids before{7, 3, 20}, own = text(6, 2);
  Ids both = before;
  both.insert(both.end(), own.begin(), own.end());
  TransformerConfig alone = small_config(), two = seq2seq();
  alone.stack = Stack::kEncoder, alone.norm_place = NormPlace::kAfter;
  alone.layers = two.layers = two.decoder_layers = 1;
  Transformer encoder = made(alone), pair = made(two);
  const std::vector<PrefixKv> of_encoder{first_keys_and_values(encoder, "", before)},
      of_first{first_keys_and_values(pair, "encoder.", before)},
      of_second{first_keys_and_values(pair, "decoder.", before)};
  const auto rest = [](const Tensor& whole) { return whole.slice(0, 3, 9); };
  const Packed text = pack({own}), whole = pack({both});
  EXPECT_LE(distance(encoder.forward(text, {.prefix = of_encoder}, {}), rest(encoder.forward(whole, {}, {}))), 1e-5);
  EXPECT_LE(
      distance(pair.encode(text, {.encoder_prefix = of_first}, {}).hidden, rest(pair.encode(whole, {}, {}).hidden)),
      1e-5);
  const Encoded source = pair.encode(pack({own}), {}, {});
  EXPECT_LE(distance(pair.forward(text, {.encoder = &source, .prefix = of_second}, {}),
                     rest(pair.forward(whole, {.encoder = &source}, {}))),
            1e-5);
}

// A cross-attention prefix is equivalent to rows of the encoder, in every layer of the decoder.
TEST(Prefix, OfCrossAttentionActsAsRowsOfTheEncoder) {
  Transformer t = made(seq2seq());
  const Packed sources = pack(Texts{text(4, 1), text(7, 2)}), targets = pack(Texts{text(5, 3), text(2, 4)});
  const Encoded all = t.encode(sources, {}, {});
  const Tensor before = contiguous(all.hidden.slice(0, 0, 2));
  std::map<std::string, Tensor> p;
  for (const Parameter& parameter : parameters(t)) p[parameter.name] = *parameter.tensor;
  std::vector<PrefixKv> prefix;
  for (const char* layer : {"0", "1"}) {
    const auto made = [&](const std::string& what) {
      const std::string name = std::string("decoder.layers.") + layer + ".cross_attention." + what;
      return linear(before, p[name + ".weight"], p[name + ".bias"]);
    };
    prefix.push_back({made("key"), made("value")});
  }
  const Encoded own{contiguous(all.hidden.slice(0, 2, 11)), {0, 2, 9}};  // without the first text's first two rows
  std::vector<std::pair<std::int32_t, std::int32_t>> rows;
  for (std::int32_t r = 0; r < 11; ++r) {
    if (r == 4) rows.insert(rows.end(), {{0, 0}, {0, 1}});
    rows.emplace_back(1, r);
  }
  const Encoded joined{interleave_rows({before, all.hidden}, rows), {0, 4, 13}};
  const Tensor expected = t.forward(targets, {.encoder = &joined}, {});
  EXPECT_LE(distance(t.forward(targets, {.encoder = &own, .cross_prefix = prefix}, {}), expected), 1e-5);
  EXPECT_GT(distance(t.forward(targets, {.encoder = &own}, {}), expected), 1e-2);
}

// A soft prompt precedes the encoder's text, and the decoder attends to its rows there.
TEST(EncoderDecoder, ASoftPromptIsTheEncodersText) {
  const Transformer t = made(seq2seq());
  const Ids own = text(5, 2), target = text(4, 3);
  Ids both{3, 4};
  both.insert(both.end(), own.begin(), own.end());
  const Tensor prompt = t.token_table().slice(0, 3, 5);
  const Encoded source = t.encode(pack({both}), {}, {}),
                prompted = t.encode(pack({own}), {.prompt_embeddings = prompt}, {});
  EXPECT_LE(distance(t.forward(pack({target}), {.encoder = &prompted, .prompt_embeddings = prompt}, {}),
                     t.forward(pack({target}), {.encoder = &source}, {})),
            1e-5);
}

TEST(EncoderDecoder, WhatDoesNotFitIsRefused) {
  const Transformer t = made(seq2seq()), alone = made(small_config());
  EXPECT_THROW(t.forward(pack(Texts{{1}}), {}, {}), Error);
  EXPECT_THROW(alone.encode(pack(Texts{{1}}), {}, {}), Error);
  const Encoded two = t.encode(pack(Texts{{1}, {2}}), {}, {});
  EXPECT_THROW(t.forward(pack(Texts{{1}}), {.encoder = &two}, {}), Error);
}

// Like a model whose layers have equal parameters.
TEST(Transformer, LayersOfAGroupShareAllButTheirNumber) {
  TransformerConfig c = small_config();
  c.layers = 4, c.layer_groups = 2;
  Transformer shared = made(c);
  c.layer_groups = 0;
  Transformer own = made(c);
  std::map<std::string, Tensor> values_of;
  for (const Parameter& p : parameters(shared)) values_of[p.name] = *p.tensor;
  EXPECT_FALSE(values_of.contains("layers.2.ffn.up.weight"));
  for (const Parameter& p : parameters(own)) {
    std::string name = p.name;
    if (name.starts_with("layers.")) name[7] = name[7] < '2' ? '0' : '1';
    *p.tensor = values_of.at(name);
  }
  const Packed batch = pack({text(9, 1), text(3, 2)});
  EXPECT_EQ(distance(shared.forward(batch, {}, {}), own.forward(batch, {}, {})), 0);
}

// Distances are between rows of one text, and a table of zeros changes nothing.
TEST(Transformer, DistancesInATextHaveBiases) {
  TransformerConfig c = small_config();
  c.stack = Stack::kEncoder, c.distance_buckets = 32;
  Transformer biased = made(c);
  const Packed alone = pack({text(5, 2)}), packed = pack({text(9, 1), text(5, 2)});
  EXPECT_LE(distance(rows_of(biased.forward(packed, {}, {}), packed, 1), biased.forward(alone, {}, {})), 1e-5);
  const Tensor first = biased.forward(alone, {.output = OutputRows::kFirst}, {});
  EXPECT_LE(distance(first, biased.forward(alone, {}, {}).slice(0, 0, 1)), 1e-5);
  c.distance_buckets = 0;
  Transformer plain = made(c);
  std::map<std::string, Tensor> weights;
  for (const Parameter& p : parameters(biased)) weights[p.name] = *p.tensor;
  for (const Parameter& p : parameters(plain)) *p.tensor = weights.at(p.name);
  EXPECT_GT(distance(plain.forward(alone, {}, {}), biased.forward(alone, {}, {})), 1e-2);
  for (float& value : weights.at("distance_bias.weight").data<float>()) value = 0;
  EXPECT_LE(distance(plain.forward(alone, {}, {}), biased.forward(alone, {}, {})), 1e-6);
}

TransformerConfig with_distances() {
  TransformerConfig c = small_config();
  c.stack = Stack::kEncoder, c.distance_buckets = 32, c.layer_groups = 1;
  c.embedding_size = 8, c.embedding_projection = true;
  return c;
}

TEST(Transformer, RecomputingBlocksGivesTheSameGradients) {
  for (const TransformerConfig& c : {small_config(), seq2seq(), with_distances(), config_of(kKinds[5])}) {
    Transformer t = made(c);
    const auto gradients = [&](bool recompute) {
      GradGuard tape(true);
      std::vector<std::vector<float>> all;
      for (const Parameter& p : parameters(t)) {
        p.tensor->set_requires_grad();
        p.tensor->set_grad({});
      }
      const Pass pass{.training = true, .recompute = recompute, .seed = 3};
      const Packed batch = pack({text(6, 1), text(4, 2)});
      Encoded source;
      ForwardState state;
      if (c.stack == Stack::kEncoderDecoder) source = t.encode(batch, {}, pass), state.encoder = &source;
      backward(sum(t.forward(batch, state, pass)));
      for (const Parameter& p : parameters(t))
        if (p.tensor->grad()) all.push_back(values(p.tensor->grad()));
      return all;
    };
    const auto plain = gradients(false), again = gradients(true);
    ASSERT_EQ(plain.size(), again.size());
    EXPECT_GT(plain.size(), 20U);
    for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_LE(distance(again[i], plain[i]), 1e-5) << i;
  }
}

TEST(Transformer, DropoutIsForTrainingAndFollowsSeedAndStep) {
  TransformerConfig c = small_config();
  c.hidden_dropout = c.attention_dropout = c.embedding_dropout = 0.3;
  const Transformer t = made(c);
  const Packed batch = pack({text(9, 1)});
  const auto run = [&](const Pass& pass) { return t.forward(batch, {}, pass); };
  const Pass step{.training = true, .seed = 1, .step = 4};
  EXPECT_EQ(distance(run({}), run({.seed = 7})), 0);
  EXPECT_EQ(values(run(step)), values(run(step)));
  EXPECT_GT(distance(run(step), run({})), 1e-2);
  EXPECT_GT(distance(run(step), run({.training = true, .seed = 1, .step = 5})), 1e-2);
  EXPECT_GT(distance(run(step), run({.training = true, .seed = 2, .step = 4})), 1e-2);
}

TEST(Transformer, ReplacingTheHeadKeepsTheStack) {
  Transformer t = made(small_config());
  const Tensor before = t.forward(pack(Texts{{1, 2}}), {}, {});
  TransformerConfig c = small_config();
  c.head = HeadKind::kTokenClass, c.labels = {"x", "y", "z"};
  t.replace_head(c);
  EXPECT_EQ(distance(t.forward(pack(Texts{{1, 2}}), {}, {}), before), 0);
  bool undefined = false;
  for (const Parameter& p : parameters(t))
    undefined = undefined || (p.name == "head.token_classifier.weight" && !*p.tensor);
  EXPECT_TRUE(undefined);
}

}  // namespace
}  // namespace linnet::nn
