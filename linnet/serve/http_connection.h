// One connection: reads a request, lets the service answer it, sends the answer, and so on. It runs on the thread of
// its server; only the functions of its Exchange may be called by other threads.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "linnet/serve/http_server.h"
#include "linnet/serve/http_text.h"

namespace linnet::serve {

// What the connections of a server share.
struct ConnectionState {
  HttpOptions options;
  HttpService& service;
  std::atomic<std::size_t> open = 0;  // connections
  std::atomic<std::size_t> busy = 0;  // of them, with a request or an answer
  std::atomic<bool> closing = false;  // answers end their connections
};

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(boost::asio::ip::tcp::socket socket, ConnectionState& state);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  void start();
  void close_if_idle();

 private:
  class Answer;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void next_request();
  void read_more();
  void parse();
  bool take_head();  // false: it was refused
  std::optional<int> head_error() const;
  HttpHead head() const;
  void dispatch();
  void refuse(int status, const std::string& why);
  void refuse(HttpReply reply);
  void fail_body(const boost::system::error_code& error);
  void watch();
  void gone();
  void set_deadline(std::chrono::milliseconds time);
  void on_deadline();
  // Of the answer with this number; no effect for an earlier one.
  void begin(std::uint64_t number, HttpReply reply, bool whole);
  void send(std::uint64_t number, std::string part);
  void finish(std::uint64_t number);
  void set_on_gone(std::uint64_t number, std::function<void()> callback);
  void write(std::string bytes);
  void write_next();
  void after_writing();
  void linger();
  void close();
  void set_busy(bool busy);

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_;
  ConnectionState& state_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  bool has_head_ = false, busy_ = false;
  std::uint64_t number_ = 0;  // of the request
  bool answering_ = false;    // the service has it
  bool chunked_ = false, head_only_ = false, begun_ = false, ended_ = false;
  bool keeps_ = false, closed_ = false, watching_ = false;
  std::function<void()> on_gone_;
  std::deque<std::string> unsent_;
  std::size_t unsent_bytes_ = 0;
  bool writing_ = false;
  std::size_t lingered_ = 0;
  std::array<char, 4096> scrap_;  // bytes that are not read
  std::uint64_t deadline_ = 0;    // its number: an earlier one has no effect
};

}  // namespace linnet::serve
