// Accepts connections and reads requests on one thread, event by event: no thread per connection. Every wait has a
// deadline, every size a limit.
//
//   HttpServer server({.host = "127.0.0.1", .port = 0}, service);
//   server.port()                       // the port that the system chose
//   server.finish(std::chrono::seconds(30));   // whole answers, then the end
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "linnet/serve/http_types.h"

namespace linnet::serve {

struct HttpOptions {
  std::string host = "127.0.0.1";  // an address, or localhost
  std::uint16_t port = 8080;       // 0: the system chooses one
  std::size_t body_bytes = std::size_t{8} << 20;
  std::size_t connections = 4096;
  std::size_t unsent_bytes = std::size_t{8} << 20;  // of an answer; a client that reads more slowly is dropped
  std::chrono::milliseconds head_time{10'000};      // from a request's first byte to the end of its head
  std::chrono::milliseconds body_time{60'000};      // to the end of its body
  std::chrono::milliseconds idle_time{75'000};      // between requests of a connection
  std::chrono::milliseconds write_time{30'000};     // without progress while an answer is sent
};

class HttpServer {
 public:
  // Binds and starts. kInvalidArgument for a host that is no address; kRuntime if the port is in use. `service` must
  // outlive it.
  HttpServer(HttpOptions options, HttpService& service);
  // Ends all connections.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  std::size_t connections() const;
  // Every further answer ends its connection; idle connections end.
  void close_after_answers();
  // Waits until no answer is being sent. Returns false if that takes longer.
  bool wait_idle(std::chrono::milliseconds longest) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace linnet::serve
