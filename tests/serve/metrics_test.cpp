#include "linnet/serve/metrics.h"

#include <gmock/gmock.h>

namespace linnet::serve {
namespace {

using ::testing::HasSubstr;

TEST(MetricsText, IsThatOfPrometheus) {
  Metrics metrics;
  metrics.count_request("/v1/models", 200);
  metrics.count_request("/v1/models", 200);
  metrics.count_tokens(5, 7);
  metrics.first_token.add(0.02);
  metrics.first_token.add(100);
  const std::string text = metrics.text({.waiting = 3, .blocks_used = 4});
  EXPECT_THAT(text, HasSubstr("# TYPE linnet_requests_total counter\n"
                              "linnet_requests_total{route=\"/v1/models\",status=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\nlinnet_prompt_tokens_total 5\n"));
  EXPECT_THAT(text, HasSubstr("\nlinnet_generated_tokens_total 7\n"));
  EXPECT_THAT(text, HasSubstr("\nlinnet_requests_waiting 3\n"));
  EXPECT_THAT(text, HasSubstr("\nlinnet_kv_blocks_used 4\n"));
  EXPECT_THAT(text, HasSubstr("linnet_time_to_first_token_seconds_bucket{le=\"0.01\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("linnet_time_to_first_token_seconds_bucket{le=\"0.025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("linnet_time_to_first_token_seconds_bucket{le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("linnet_time_to_first_token_seconds_count 2\n"));
}

}  // namespace
}  // namespace linnet::serve
