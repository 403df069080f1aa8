// A request that has a place in the queue, until its answer is sent.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "linnet/serve/api_error.h"
#include "linnet/serve/http_types.h"
#include "linnet/serve/metrics.h"
#include "linnet/serve/served_model.h"

namespace linnet::serve {

class Call {
 public:
  Call(std::shared_ptr<Exchange> exchange, Ticket ticket, ServedModel& model, Metrics& metrics, std::string route,
       ApiShape shape)
      : exchange_(std::move(exchange)),
        ticket_(std::move(ticket)),
        model_(model),
        metrics_(metrics),
        route_(std::move(route)),
        shape_(shape) {}

  // The whole answer. The place in the queue is free before the client can know.
  void reply(const Json& json);
  void reply(HttpReply reply);
  // Answers with the error; in a stream, as its last event.
  void fail(const std::exception_ptr& why);
  // A stream of server-sent events.
  void event(const Json& json);
  void end_stream();  // with the event [DONE]
  // Gives the job to the scheduler and cancels it if the client leaves.
  void start(const std::shared_ptr<Job>& job, std::chrono::seconds longest);

  using Headers = std::vector<std::pair<std::string, std::string>>;
  void set_headers(Headers headers) { headers_ = std::move(headers); }  // of the answer

  ServedModel& model() const { return model_; }
  Metrics& metrics() const { return metrics_; }
  double seconds() const;  // since the request came

 private:
  void count(int status);
  std::shared_ptr<Exchange> exchange_;
  Ticket ticket_;
  ServedModel& model_;
  Metrics& metrics_;
  std::string route_;
  ApiShape shape_;
  Headers headers_;
  bool streams_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace linnet::serve
