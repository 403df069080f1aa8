// rerank against sentence-transformers' CrossEncoder.
#include "linnet/tasks/rerank.h"

#include <gmock/gmock.h>

#include "linnet/base/error.h"
#include "tests/tasks/reference_calls.h"
#include "tests/tasks/tiny.h"

namespace linnet::tasks {
namespace {

class RerankReference : public ::testing::TestWithParam<const char*> {};

TEST_P(RerankReference, IsTheCrossEncoders) {
  const Loaded loaded = tiny(std::string("tasks/") + GetParam());
  for (const Json& call : reference_calls(GetParam())) {
    const auto scores = rerank_scores(loaded, call.at("query").get<std::string>(),
                                      call.at("documents").get<std::vector<std::string>>());
    ASSERT_EQ(scores.size(), call.at("result").size());
    for (const Json& wanted : call.at("result"))
      EXPECT_NEAR(scores.at(wanted.at("corpus_id").get<std::size_t>()), wanted.at("score").get<double>(), 1e-5)
          << wanted.dump();
  }
}

// The second one's files ask for the logit itself.
INSTANTIATE_TEST_SUITE_P(Functions, RerankReference, ::testing::Values("cross-encoder", "cross-encoder-raw"));

TEST(Rerank, AnEmptyDocumentIsRefusedInItsPlace) {
  const Loaded loaded = tiny("tasks/cross-encoder");
  const std::vector<std::string> documents{"The ferry left.", "", "candle"};
  std::vector<std::size_t> order;
  rerank_each(
      loaded, "Who?", documents, {}, [&](std::size_t i, double) { order.push_back(i); },
      [&](std::size_t i, const Error&) { order.push_back(i + 10); });
  EXPECT_THAT(order, ::testing::ElementsAre(0, 11, 2));
  EXPECT_THROW(rerank_scores(loaded, " ", documents), Error);
}

TEST(Rerank, RefusesHeadsOfOtherSizes) {
  for (const char* name : {"bert/masked", "bert/classifier"}) try {
      rerank_scores(tiny(name), "w5", {"w6"});
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      EXPECT_THAT(error.what(), ::testing::HasSubstr("one logit"));
    }
}

}  // namespace
}  // namespace linnet::tasks
