#include "linnet/serve/http_server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <thread>

#include "linnet/base/error.h"
#include "linnet/serve/http_connection.h"

namespace linnet::serve {

namespace asio = boost::asio;
using boost::system::error_code;

struct HttpServer::Impl {
  Impl(HttpOptions options, HttpService& service)
      : state{.options = std::move(options), .service = service}, acceptor(context), pause(context) {
    bind();
    accept();
    thread = std::jthread([this] { context.run(); });
  }
  ~Impl() {
    context.stop();
    thread.join();
  }

  void bind() {
    const std::string& host = state.options.host;
    error_code error;
    const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
    check_option(!error, "host", "'{}' is not an address; give one as 127.0.0.1, ::1 or 0.0.0.0", host);
    const asio::ip::tcp::endpoint endpoint(address, state.options.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    check(!error, ErrorKind::kRuntime, "port {} of {} cannot be used ({}); choose another port", state.options.port,
          host, error.message());
  }

  void accept() {
    acceptor.async_accept([this](const error_code& error, asio::ip::tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return accept_later();  // for example, no descriptor is free
      if (state.open < state.options.connections) {
        auto connection = std::make_shared<HttpConnection>(std::move(socket), state);
        std::erase_if(connections, [](const auto& weak) { return weak.expired(); });
        connections.push_back(connection);
        connection->start();
      }
      accept();
    });
  }

  void accept_later() {
    constexpr std::chrono::milliseconds kPause{50};
    pause.expires_after(kPause);
    pause.async_wait([this](const error_code& error) {
      if (!error) accept();
    });
  }

  ConnectionState state;  // outlives the connections, which the context may own
  asio::io_context context{1};
  asio::ip::tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::list<std::weak_ptr<HttpConnection>> connections;
  std::jthread thread;
};

HttpServer::HttpServer(HttpOptions options, HttpService& service)
    : impl_(std::make_unique<Impl>(std::move(options), service)) {}

HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const { return impl_->acceptor.local_endpoint().port(); }

std::size_t HttpServer::connections() const { return impl_->state.open; }

void HttpServer::close_after_answers() {
  impl_->state.closing = true;
  asio::post(impl_->context, [impl = impl_.get()] {
    for (const auto& weak : impl->connections)
      if (const auto connection = weak.lock()) connection->close_if_idle();
  });
}

bool HttpServer::wait_idle(std::chrono::milliseconds longest) const {
  constexpr std::chrono::milliseconds kLook{5};
  for (const auto end = std::chrono::steady_clock::now() + longest; impl_->state.busy > 0;) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

}  // namespace linnet::serve
