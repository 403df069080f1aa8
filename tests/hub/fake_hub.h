// A small HTTP server that imitates the Hugging Face Hub: an API listing, resolve URLs that redirect large files to a
// second server (the CDN), ETags, ranges, and faults for tests.
#pragma once

#include <fmt/format.h>
#include <httplib.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/base/sha256.h"
#include "linnet/hub/cache.h"
#include "linnet/hub/download.h"

namespace linnet::test {

inline const std::string kCommit(40, 'c');

struct RemoteFile {
  std::string bytes;
  bool large = false;  // on the CDN, named by its SHA-256; else by a Git blob's hash
};

class FakeServer {
 public:
  ~FakeServer() { stop(); }
  void start() {
    port = server.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server.listen_after_bind(); });
    while (!server.is_running()) std::this_thread::yield();
  }
  void stop() {
    server.stop();
    if (thread_.joinable()) thread_.join();
  }
  // `host`: two names of one machine are different hosts to a client.
  std::string url(const std::string& host = "127.0.0.1") const { return fmt::format("http://{}:{}", host, port); }
  httplib::Server server;
  int port = 0;

 private:
  std::thread thread_;
};

class FakeHub {
 public:
  FakeHub() {
    hub_.server.Get(R"(/api/models/(.+)/revision/(.+))",
                    [this](const auto& request, auto& response) { list(request, response); });
    hub_.server.Get(R"(/(.+)/resolve/([^/]+)/(.+))",
                    [this](const auto& request, auto& response) { resolve(request, response); });
    cdn_.server.Get(R"(/cdn/(.+))", [this](const auto& request, auto& response) { deliver(request, response); });
    hub_.start();
    cdn_.start();
  }

  std::string url() const { return hub_.url(); }
  hub::Settings settings(const std::filesystem::path& cache) const {
    hub::Settings s;
    s.cache = cache;
    s.endpoint = url();
    s.etag_timeout_s = s.download_timeout_s = 5;
    return s;
  }
  std::string etag(const std::string& name) {
    const RemoteFile& file = files[name];
    if (wrong_etag.contains(name)) return std::string(64, 'f');
    if (file.large) return sha256_hex(file.bytes);
    const auto path = std::filesystem::temp_directory_path() / fmt::format("linnet-fake-hub-{}", ::getpid());
    write_file(path, file.bytes);
    const std::string hash = hub::git_blob_hash(path);
    std::filesystem::remove(path);
    return hash;
  }

  // Its content and its faults.
  std::string repository = "org/tiny";
  std::map<std::string, RemoteFile> files;
  std::set<std::string> wrong_etag;
  std::size_t cut_after = 0;  // the CDN ends a body after this number of bytes,
  int cut_times = 1;          // this number of times
  bool ignore_range = false;
  bool larger_than_said = false;
  int status = 0;  // the status of every answer
  std::string error_code;
  std::string needed_token;
  bool drip = false;  // the listing sends 4 bytes every tenth of a second, for ever

  // The received requests.
  std::vector<std::string> requests, ranges;
  bool cdn_saw_token = false, hub_saw_token = false;

 private:
  using Request = httplib::Request;
  using Response = httplib::Response;

  bool refuse(const Request& request, Response& response) {
    const std::lock_guard lock(mutex_);
    requests.push_back(request.method + " " + request.path);
    hub_saw_token |= request.has_header("Authorization");
    const bool allowed = needed_token.empty() || request.get_header_value("Authorization") == "Bearer " + needed_token;
    if (status == 0 && allowed) return false;
    response.status = status != 0 ? status : 401;
    if (!error_code.empty()) response.set_header("X-Error-Code", error_code);
    return true;
  }

  void list(const Request& request, Response& response) {
    if (refuse(request, response)) return;
    if (request.matches[1] != repository) {
      response.status = 404;
      response.set_header("X-Error-Code", "RepoNotFound");
      return;
    }
    if (drip)
      return response.set_chunked_content_provider("application/json", [](std::size_t, httplib::DataSink& sink) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        return sink.write("    ", 4);
      });
    Json listing = {{"sha", kCommit}, {"siblings", Json::array()}};
    for (const auto& [name, file] : files) listing["siblings"].push_back({{"rfilename", name}});
    response.set_content(listing.dump(), "application/json");
  }

  void resolve(const Request& request, Response& response) {
    if (refuse(request, response)) return;
    const std::string name = request.matches[3];
    if (!files.contains(name)) {
      response.status = 404;
      response.set_header("X-Error-Code", "EntryNotFound");
      return;
    }
    const RemoteFile& file = files[name];
    response.set_header("X-Repo-Commit", kCommit);
    if (!file.large) {
      response.set_header("ETag", "\"" + etag(name) + "\"");
      response.set_content(file.bytes, "text/plain");
      return;
    }
    response.set_header("X-Linked-Etag", "\"" + etag(name) + "\"");
    response.set_header("X-Linked-Size", std::to_string(file.bytes.size() - (larger_than_said ? 1 : 0)));
    response.status = 302;
    response.set_header("Location", cdn_.url("localhost") + "/cdn/" + name);
  }

  void deliver(const Request& request, Response& response) {
    const std::lock_guard lock(mutex_);
    cdn_saw_token |= request.has_header("Authorization");
    ranges.push_back(request.get_header_value("Range"));
    const std::string& bytes = files[request.matches[1]].bytes;
    std::size_t begin = 0;
    if (const std::string range = ranges.back(); !range.empty() && !ignore_range) {
      begin = std::stoul(range.substr(6));
      response.status = 206;
      response.set_header("Content-Range", fmt::format("bytes {}-{}/{}", begin, bytes.size() - 1, bytes.size()));
    }
    const_cast<Request&>(request).ranges.clear();  // the library would truncate the body a second time
    const std::size_t cut = cut_after > 0 && cut_times-- > 0 ? cut_after : 0;
    const std::string body = bytes.substr(begin);
    if (cut == 0) return response.set_content(body, "application/octet-stream");
    response.set_content_provider(body.size(), "application/octet-stream",
                                  [body, cut](std::size_t at, std::size_t, httplib::DataSink& sink) {
                                    return at == 0 && sink.write(body.data(), std::min(cut, body.size()));
                                  });
  }

  std::mutex mutex_;
  FakeServer hub_, cdn_;
};

}  // namespace linnet::test
