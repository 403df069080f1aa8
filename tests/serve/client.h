// A blocking HTTP client of the tests: raw bytes and whole requests over a real socket.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "linnet/base/json.h"

namespace linnet::serve {

struct Answer {
  int status = 0;  // 0: the connection ended without an answer
  std::string head, body;
  Json json() const { return parse_json(body, "answer"); }
};

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  bool connected() const { return connected_; }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  // More bytes; "" at the end of the connection, or after the time.
  std::string read(std::chrono::milliseconds longest = std::chrono::seconds(20)) const {
    pollfd wait{socket_, POLLIN, 0};
    if (::poll(&wait, 1, static_cast<int>(longest.count())) <= 0) return "";
    std::string bytes(std::size_t{64} << 10, '\0');
    const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
    bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return bytes;
  }
  // The next answer of the connection.
  Answer answer() {
    while (rest_.find("\r\n\r\n") == rest_.npos) {
      const std::string more = read();
      if (more.empty()) return {};
      rest_ += more;
    }
    Answer made;
    const auto end = rest_.find("\r\n\r\n") + 4;
    made.head = rest_.substr(0, end);
    rest_.erase(0, end);
    made.status = std::stoi(made.head.substr(9, 3));
    if (made.status == 100) return answer();
    const auto length = made.head.find("Content-Length: ");
    if (length != made.head.npos) {
      const std::size_t count = std::stoul(made.head.substr(length + 16));
      while (rest_.size() < count) {
        const std::string more = read();
        if (more.empty()) break;
        rest_ += more;
      }
      made.body = rest_.substr(0, count);
      rest_.erase(0, count);
    } else if (made.head.find("chunked") != made.head.npos) {
      made.body = chunks();
    }
    return made;
  }

 private:
  std::string chunks() {
    std::string body;
    for (;;) {
      std::size_t line = 0;
      while ((line = rest_.find("\r\n")) == rest_.npos) {
        const std::string more = read();
        if (more.empty()) return body;
        rest_ += more;
      }
      const std::size_t count = std::stoul(rest_.substr(0, line), nullptr, 16);
      while (rest_.size() < line + 2 + count + 2) {
        const std::string more = read();
        if (more.empty()) return body;
        rest_ += more;
      }
      body += rest_.substr(line + 2, count);
      rest_.erase(0, line + 2 + count + 2);
      if (count == 0) return body;
    }
  }

  int socket_;
  bool connected_ = false;
  std::string rest_;
};

inline std::string post_text(const std::string& path, const std::string& body, const std::string& headers = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}
inline std::string get_text(const std::string& path, const std::string& headers = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + "\r\n";
}

inline Answer post(std::uint16_t port, const std::string& path, const Json& body, const std::string& headers = "") {
  Client client(port);
  client.send(post_text(path, dump_json(body), headers));
  return client.answer();
}
inline Answer get(std::uint16_t port, const std::string& path, const std::string& headers = "") {
  Client client(port);
  client.send(get_text(path, headers));
  return client.answer();
}

}  // namespace linnet::serve
