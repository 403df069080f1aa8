#include "linnet/serve/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace linnet::serve {
namespace {

template <class Value>
std::string metric(const char* name, const char* type, const char* help, Value value) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, value);
}

std::string histogram(const std::string& name, const char* help, const Histogram& values) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} histogram\n{2}", name, help, values.text(name));
}

}  // namespace

void Histogram::add(double seconds) {
  const auto place = std::ranges::lower_bound(kBounds, seconds) - kBounds.begin();
  const std::lock_guard lock(mutex_);
  ++counts_[static_cast<std::size_t>(place)];
  sum_ += seconds;
}

std::string Histogram::text(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  std::string lines;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i)
    lines += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, kBounds[i], sum += counts_[i]);
  sum += counts_.back();
  return lines + fmt::format("{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", name, sum, sum_);
}

void Metrics::count_request(const std::string& route, int status) {
  const std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
}

void Metrics::count_tokens(std::int64_t prompt, std::int64_t generated) {
  prompt_ += prompt;
  generated_ += generated;
}

std::string Metrics::text(const Gauges& now) const {
  std::string text = "# HELP linnet_requests_total Answered requests.\n# TYPE linnet_requests_total counter\n";
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, count] : requests_)
      text += fmt::format("linnet_requests_total{{route=\"{}\",status=\"{}\"}} {}\n", key.first, key.second, count);
  }
  text += metric("linnet_prompt_tokens_total", "counter", "Tokens of prompts and texts.", prompt_.load());
  text += metric("linnet_generated_tokens_total", "counter", "Generated tokens.", generated_.load());
  text += metric("linnet_computed_rows_total", "counter", "Tokens that went through the model.", now.computed);
  text += metric("linnet_prefix_rows_found_total", "counter", "Tokens whose prefix was in the cache.", now.found);
  text += metric("linnet_preempted_total", "counter", "Sequences that gave up their blocks and waited.", now.preempted);
  text += metric("linnet_requests_running", "gauge", "Requests with a sequence in the engine.", now.running);
  text += metric("linnet_requests_waiting", "gauge", "Requests in the queue.", now.waiting);
  text += metric("linnet_sequences", "gauge", "Sequences in the engine.", now.sequences);
  text += metric("linnet_kv_blocks_used", "gauge", "Blocks of the KV cache in use, cached prefixes included.",
                 now.blocks_used);
  text += metric("linnet_kv_blocks", "gauge", "Blocks of the KV cache.", now.blocks_all);
  text += histogram("linnet_time_to_first_token_seconds", "From the request to its first token.", first_token);
  text += histogram("linnet_time_between_tokens_seconds", "Between tokens of a sequence.", between_tokens);
  return text + histogram("linnet_request_seconds", "From the request to the end of its answer.", whole_request);
}

}  // namespace linnet::serve
