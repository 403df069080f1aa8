// A server of a tiny model on a free port. Each word "w5" of its texts is one token.
#pragma once

#include "linnet/serve/service.h"
#include "tests/serve/client.h"
#include "tests/tasks/tiny.h"

namespace linnet::serve {

struct TinyServer {
  explicit TinyServer(const std::string& fixture, ServerOptions options = {})
      : loaded(tasks::tiny(fixture)), server(loaded, tiny_options(std::move(options))) {}

  static ServerOptions tiny_options(ServerOptions options) {
    options.http.port = 0;
    options.name = "m";
    return options;
  }
  Answer post(const std::string& path, const Json& body, const std::string& headers = "") const {
    return serve::post(server.port(), path, body, headers);
  }
  Answer get(const std::string& path, const std::string& headers = "") const {
    return serve::get(server.port(), path, headers);
  }

  const Loaded loaded;
  Server server;
};

}  // namespace linnet::serve
