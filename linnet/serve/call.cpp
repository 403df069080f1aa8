#include "linnet/serve/call.h"

#include <utility>

namespace linnet::serve {

double Call::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Call::count(int status) {
  metrics_.count_request(route_, status);
  metrics_.whole_request.add(seconds());
  ticket_.release();
}

void Call::reply(const Json& json) { reply(HttpReply{.body = dump_json(json)}); }

void Call::reply(HttpReply reply) {
  count(reply.status);
  reply.headers.insert(reply.headers.end(), headers_.begin(), headers_.end());
  exchange_->answer(std::move(reply));
}

void Call::fail(const std::exception_ptr& why) {
  const ApiError error = model_.error_of(why);
  if (!streams_) return reply(error_reply(error, shape_));
  count(error.status());
  exchange_->send("data: " + dump_json(error_json(error, shape_)) + "\n\n");
  exchange_->finish();
}

void Call::event(const Json& json) {
  std::string text = "data: " + dump_json(json) + "\n\n";
  if (std::exchange(streams_, true)) return exchange_->send(std::move(text));
  exchange_->begin({.body = std::move(text), .content_type = "text/event-stream; charset=utf-8", .headers = headers_});
}

void Call::end_stream() {
  count(200);
  exchange_->send("data: [DONE]\n\n");
  exchange_->finish();
}

void Call::start(const std::shared_ptr<Job>& job, std::chrono::seconds longest) {
  model_.scheduler.start(job, std::chrono::steady_clock::now() + longest);
  // After the start: a cancellation must not come before it.
  exchange_->on_gone([weak = std::weak_ptr(job), &scheduler = model_.scheduler, &metrics = metrics_, route = route_] {
    const auto running = weak.lock();
    if (!running) return;
    constexpr int kClientClosedRequest = 499;  // as nginx counts it
    metrics.count_request(route, kClientClosedRequest);
    scheduler.cancel(running);
  });
}

}  // namespace linnet::serve
