// The routes of the server over one model, on connections of an HttpServer.
//
//   Server server(loaded, {.name = "smollm2", .http = {.port = 8080}});
//   …
//   server.drain();      // new requests get 503, the running ones are answered
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "linnet/adapt/loaded.h"
#include "linnet/serve/access.h"
#include "linnet/serve/http_server.h"
#include "linnet/serve/metrics.h"
#include "linnet/serve/served_model.h"
#include "linnet/serve/work_queue.h"

namespace linnet::serve {

struct ServerOptions {
  std::string name = "model";
  HttpOptions http = {};
  AccessOptions access = {};
  SchedulerOptions scheduler = {};
  std::chrono::seconds request_time{600};  // of a request, from its arrival to its end
};

class Server : public HttpService {
 public:
  // `loaded` must outlive it. Throws like HttpServer.
  Server(const Loaded& loaded, ServerOptions options);
  ~Server();

  std::uint16_t port() const { return http_->port(); }
  // Refuses new requests with 503 and waits until the others are answered.
  void drain();
  Gauges gauges() const { return model_.scheduler.gauges(); }
  std::size_t connections() const { return http_->connections(); }

 private:
  struct Route;
  static std::vector<Route> routes();
  const Route* find(const HttpHead& head) const;
  std::optional<HttpReply> refuse(const HttpHead& head) override;
  HttpReply fault(int status, const std::string& why) override;
  void handle(HttpRequest request, std::shared_ptr<Exchange> exchange) override;
  void admit(const Route& route, HttpRequest request, const std::shared_ptr<Exchange>& exchange);
  HttpReply with_cors(HttpReply reply, const HttpHead& head) const;

  HttpReply index() const;
  HttpReply info() const;
  HttpReply health() const;
  HttpReply metrics() const;
  HttpReply models() const;
  Json model_json() const;
  HttpReply model_named(const std::string& name) const;

  ServerOptions options_;
  AccessRules access_;
  Metrics metrics_;
  ServedModel model_;
  std::atomic<bool> draining_ = false;
  const std::vector<Route> routes_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<WorkQueue> work_;
};

}  // namespace linnet::serve
