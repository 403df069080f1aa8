// A request, its answer, and the interface between connections and the service that answers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace linnet::serve {

struct HttpHead {
  std::string method, path;  // the path as sent, without the query
  std::string host, authorization, origin, content_type;
};

struct HttpRequest {
  HttpHead head;
  std::string body;
};

struct HttpReply {
  int status = 200;
  std::string body = {};
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// A request that is being answered: `answer` once, or `begin`, any number of `send` and `finish`. All of them may be
// called by any thread, and have no effect after the client is gone.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void answer(HttpReply reply) = 0;
  virtual void begin(HttpReply head) = 0;  // of an answer in parts; `head.body` is the first one
  virtual void send(std::string part) = 0;
  virtual void finish() = 0;
  // Sets what is called, at most once, if the client leaves before it has the whole answer.
  virtual void on_gone(std::function<void()> callback) = 0;
};

// Its functions are called by the thread of the connections and must return quickly.
class HttpService {
 public:
  virtual ~HttpService() = default;
  // The answer to a request that is refused before its body is read; the connection then ends.
  virtual std::optional<HttpReply> refuse(const HttpHead& head) = 0;
  // The answer to what is no request: `why` is a sentence.
  virtual HttpReply fault(int status, const std::string& why) = 0;
  virtual void handle(HttpRequest request, std::shared_ptr<Exchange> exchange) = 0;
};

}  // namespace linnet::serve
