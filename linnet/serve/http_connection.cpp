#include "linnet/serve/http_connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace linnet::serve {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t kReadAtOnce = std::size_t{64} << 10;
constexpr std::size_t kMostLingered = std::size_t{1} << 20;
constexpr std::chrono::milliseconds kLingerTime{2000};

std::string text_of(boost::beast::string_view view) { return {view.data(), view.size()}; }

// Is the first line of these bytes ended by LF alone?
bool has_bare_newline(const asio::const_buffer& bytes) {
  const std::string_view text(static_cast<const char*>(bytes.data()), bytes.size());
  const auto end = text.find('\n');
  return end != text.npos && (end == 0 || text[end - 1] != '\r');
}

// A body that ends early, or chunks that are none.
int body_status(const error_code& error) { return error == http::error::body_limit ? 413 : 400; }

}  // namespace

// The service's end of an exchange: passes everything to the connection's thread.
class HttpConnection::Answer : public Exchange {
 public:
  Answer(std::shared_ptr<HttpConnection> connection, std::uint64_t number)
      : connection_(std::move(connection)), number_(number) {}

  void answer(HttpReply reply) override {
    post(
        [reply = std::move(reply)](HttpConnection& c, std::uint64_t n) mutable { c.begin(n, std::move(reply), true); });
  }
  void begin(HttpReply head) override {
    post([head = std::move(head)](HttpConnection& c, std::uint64_t n) mutable { c.begin(n, std::move(head), false); });
  }
  void send(std::string part) override {
    post([part = std::move(part)](HttpConnection& c, std::uint64_t n) mutable { c.send(n, std::move(part)); });
  }
  void finish() override {
    post([](HttpConnection& c, std::uint64_t n) { c.finish(n); });
  }
  void on_gone(std::function<void()> callback) override {
    post([callback = std::move(callback)](HttpConnection& c, std::uint64_t n) mutable {
      c.set_on_gone(n, std::move(callback));
    });
  }

 private:
  template <class Work>
  void post(Work work) {
    asio::post(connection_->socket_.get_executor(),
               [c = connection_, n = number_, work = std::move(work)]() mutable { work(*c, n); });
  }
  std::shared_ptr<HttpConnection> connection_;
  std::uint64_t number_;
};

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, ConnectionState& state)
    : socket_(std::move(socket)), timer_(socket_.get_executor()), state_(state) {
  ++state_.open;
}

HttpConnection::~HttpConnection() {
  set_busy(false);
  --state_.open;
}

void HttpConnection::set_busy(bool busy) {
  if (std::exchange(busy_, busy) == busy) return;
  busy ? ++state_.busy : --state_.busy;
}

void HttpConnection::start() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  next_request();
}

void HttpConnection::close_if_idle() {
  if (!busy_) close();
}

void HttpConnection::set_deadline(std::chrono::milliseconds time) {
  const std::uint64_t number = ++deadline_;
  timer_.expires_after(time);
  timer_.async_wait([self = shared_from_this(), number](const error_code& error) {
    if (!error && number == self->deadline_) self->on_deadline();
  });
}

void HttpConnection::on_deadline() {
  const bool reading = busy_ && !answering_ && unsent_.empty() && !ended_;
  if (!reading || closed_) return gone();
  error_code ignored;
  socket_.cancel(ignored);  // the read that waits
  refuse(408, "the request did not arrive in time");
}

void HttpConnection::next_request() {
  ++number_;
  answering_ = begun_ = ended_ = chunked_ = head_only_ = has_head_ = false;
  parser_.emplace();
  parser_->header_limit(kMostHeadBytes);
  parser_->body_limit(state_.options.body_bytes);
  set_busy(buffer_.size() > 0);
  if (state_.closing && !busy_) return close();
  set_deadline(busy_ ? state_.options.head_time : state_.options.idle_time);
  parse();
}

void HttpConnection::read_more() {
  socket_.async_read_some(buffer_.prepare(kReadAtOnce),
                          [self = shared_from_this()](const error_code& error, std::size_t count) {
                            if (self->closed_ || self->ended_) return;
                            if (error == asio::error::eof && self->busy_)
                              return self->refuse(400, "the request is not complete");
                            if (error) return self->close();
                            if (!self->busy_) self->set_deadline(self->state_.options.head_time);
                            self->set_busy(true);
                            self->buffer_.commit(count);
                            self->parse();
                          });
}

void HttpConnection::parse() {
  while (!closed_) {
    if (buffer_.size() == 0) return read_more();
    const auto bytes = buffer_.data();
    if (!has_head_)
      if (const auto status = head_fault({static_cast<const char*>(bytes.data()), bytes.size()}))
        return refuse(*status, "the head of the request is malformed or too long");
    error_code error;
    const std::size_t taken = parser_->put(bytes, error);
    buffer_.consume(taken);
    if (error == http::error::need_more) {
      // The parser would wait for the CR.
      if (has_head_ && parser_->chunked() && has_bare_newline(buffer_.data()))
        return refuse(400, "a line of the chunked body does not end with CR LF");
      return read_more();
    }
    if (error) return fail_body(error);
    if (!has_head_ && parser_->is_header_done() && !take_head()) return;
    if (parser_->is_done()) return dispatch();
  }
}

void HttpConnection::fail_body(const error_code& error) {
  if (error == http::error::header_limit) return refuse(431, "the headers are too long");
  const int status = body_status(error);
  refuse(status, status == 413 ? "the body is too large" : "the request is malformed: " + error.message());
}

// What the parser accepts and this server does not.
std::optional<int> HttpConnection::head_error() const {
  const auto& request = parser_->get();
  if (request.method() == http::verb::connect) return 405;
  if (request.version() == 11 && request.count(http::field::host) != 1) return 400;
  if (request.count(http::field::host) > 1 || request.count(http::field::content_length) > 1) return 400;
  if (request.count(http::field::authorization) > 1 || request.count(http::field::content_type) > 1) return 400;
  if (request.count(http::field::transfer_encoding) > 0 &&
      !boost::beast::iequals(request[http::field::transfer_encoding], "chunked"))
    return 501;
  const auto target = request.target();
  return target.empty() || target.front() != '/' ? std::optional(400) : std::nullopt;
}

HttpHead HttpConnection::head() const {
  const auto& request = parser_->get();
  const std::string target = text_of(request.target());
  return {.method = text_of(request.method_string()),
          .path = target.substr(0, target.find('?')),
          .host = text_of(request[http::field::host]),
          .authorization = text_of(request[http::field::authorization]),
          .origin = text_of(request[http::field::origin]),
          .content_type = text_of(request[http::field::content_type])};
}

bool HttpConnection::take_head() {
  has_head_ = true;
  const auto& request = parser_->get();
  keeps_ = parser_->keep_alive();
  head_only_ = request.method() == http::verb::head;
  if (const auto status = head_error()) {
    refuse(*status, "the request is not one that this server takes");
    return false;
  }
  if (auto reply = state_.service.refuse(head())) {
    refuse(std::move(*reply));
    return false;
  }
  set_deadline(state_.options.body_time);
  if (!parser_->is_done() && boost::beast::iequals(request[http::field::expect], "100-continue"))
    write("HTTP/1.1 100 Continue\r\n\r\n");
  return true;
}

void HttpConnection::dispatch() {
  HttpRequest request{head(), std::move(parser_->get().body())};
  chunked_ = parser_->get().version() == 11;
  answering_ = true;
  ++deadline_;  // the service has its own deadlines
  state_.service.handle(std::move(request), std::make_shared<Answer>(shared_from_this(), number_));
  watch();
}

// Notices that the client leaves while its answer is computed.
void HttpConnection::watch() {
  if (watching_ || closed_) return;
  watching_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this()](const error_code& error) {
    self->watching_ = false;
    if (error || self->closed_ || !self->answering_ || self->ended_) return;
    error_code failed;
    if (self->socket_.available(failed) == 0 || failed) return self->gone();
    // The beginning of the next request: it is read after the answer.
  });
}

void HttpConnection::gone() {
  if (const auto callback = std::exchange(on_gone_, nullptr)) callback();
  close();
}

void HttpConnection::refuse(int status, const std::string& why) { refuse(state_.service.fault(status, why)); }

void HttpConnection::refuse(HttpReply reply) {
  keeps_ = false;
  answering_ = true;
  begin(number_, std::move(reply), true);
}

void HttpConnection::begin(std::uint64_t number, HttpReply reply, bool whole) {
  if (number != number_ || begun_ || closed_) return;
  begun_ = true;
  keeps_ = keeps_ && !state_.closing && (whole || chunked_);
  chunked_ = chunked_ && !whole;
  write(reply_text(reply, {.closes = !keeps_, .chunked = chunked_, .head_only = head_only_}));
  if (whole) finish(number);
}

void HttpConnection::send(std::uint64_t number, std::string part) {
  if (number != number_ || !begun_ || ended_ || closed_ || part.empty()) return;
  write(chunked_ ? chunk_text(part) : std::move(part));
}

void HttpConnection::finish(std::uint64_t number) {
  if (number != number_ || !begun_ || ended_ || closed_) return;
  ended_ = true;
  if (chunked_) write(chunk_text(""));
  if (!writing_) after_writing();
}

void HttpConnection::set_on_gone(std::uint64_t number, std::function<void()> callback) {
  if (number != number_ || ended_) return;  // the answer was there first
  if (closed_) return callback();
  on_gone_ = std::move(callback);
}

void HttpConnection::write(std::string bytes) {
  unsent_bytes_ += bytes.size();
  unsent_.push_back(std::move(bytes));
  // A whole answer may be larger, the parts of a stream may not pile up.
  if (unsent_.size() > 2 && unsent_bytes_ > state_.options.unsent_bytes) return gone();
  if (!writing_) write_next();
}

void HttpConnection::write_next() {
  writing_ = true;
  set_deadline(state_.options.write_time);
  asio::async_write(socket_, asio::buffer(unsent_.front()),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      self->writing_ = false;
                      if (self->closed_) return;
                      if (error) return self->gone();
                      self->unsent_bytes_ -= self->unsent_.front().size();
                      self->unsent_.pop_front();
                      if (!self->unsent_.empty()) return self->write_next();
                      ++self->deadline_;
                      self->after_writing();
                    });
}

void HttpConnection::after_writing() {
  if (!ended_ || closed_ || !unsent_.empty()) {
    if (!answering_ && !closed_) set_deadline(state_.options.body_time);  // after 100 Continue
    return;
  }
  on_gone_ = nullptr;
  if (!keeps_) return linger();
  next_request();
}

// Ends the connection without losing the answer: unread bytes of the request would reset it.
void HttpConnection::linger() {
  if (lingered_ == 0) {
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    set_busy(false);
    set_deadline(kLingerTime);
  }
  socket_.async_read_some(asio::buffer(scrap_),
                          [self = shared_from_this()](const error_code& error, std::size_t count) {
                            self->lingered_ += count + 1;
                            if (error || self->closed_ || self->lingered_ > kMostLingered) return self->close();
                            self->linger();
                          });
}

void HttpConnection::close() {
  if (std::exchange(closed_, true)) return;
  ++deadline_;
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
  on_gone_ = nullptr;
  set_busy(false);
}

}  // namespace linnet::serve
