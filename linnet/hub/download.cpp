#include "linnet/hub/download.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <random>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/sha256.h"

namespace linnet::hub {
namespace fs = std::filesystem;
namespace {

constexpr int kMostRedirects = 8, kMostAttempts = 3;

struct RemoteFile {
  std::string url, etag;
  std::uintmax_t bytes = 0;
  bool sized = false;
};

std::string plain_etag(std::string etag) {
  if (etag.starts_with("W/")) etag.erase(0, 2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return etag;
}

std::string etag_of(const HttpResponse& answer) {
  const std::string linked = answer.header("x-linked-etag");
  return plain_etag(linked.empty() ? answer.header("etag") : linked);
}

bool is_hex(std::string_view text, std::size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::optional<std::uintmax_t> parsed_size(std::string_view text) {
  std::uintmax_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Locks a blob while it is written, with the same flock files as Python's library.
class Lock {
 public:
  explicit Lock(const fs::path& file) {
    make_folders(file.parent_path());
    descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0664);
    check(descriptor_ >= 0, ErrorKind::kRuntime, "{}: the lock cannot be made; check the cache's rights",
          file.string());
    while (::flock(descriptor_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~Lock() { ::close(descriptor_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int descriptor_;
};

RemoteFile ask(const Settings& settings, const Spec& spec, const std::string& commit, const std::string& name) {
  RemoteFile file;
  file.url = fmt::format("{}/{}/resolve/{}/{}", settings.endpoint, spec.repository, commit, escaped_path(name, "/"));
  const HttpResponse answer = hub_request(
      settings,
      {.url = file.url, .head = true, .headers = {"Accept-Encoding: identity"}, .silence_s = settings.etag_timeout_s},
      true);
  if (answer.status >= 400) fail_with_answer(settings, spec, name, answer);
  file.etag = etag_of(answer);
  const bool safe = !file.etag.empty() && file.etag.size() <= 128 && file.etag.front() != '.' &&
                    file.etag.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") ==
                        std::string::npos;
  check(safe, ErrorKind::kBadInput, "{}: the server names '{}' by the etag '{}', which cannot be a file name",
        spec.text(), printable(name), printable(file.etag));
  const std::string linked = answer.header("x-linked-size");
  const auto size = parsed_size(!linked.empty() ? linked : answer.status < 300 ? answer.header("content-length") : "");
  file.sized = size.has_value();
  file.bytes = size.value_or(0);
  return file;
}

// The partial file of an earlier attempt, or a new one next to it.
fs::path partial_file(const fs::path& blob) {
  const std::string prefix = blob.filename().string() + ".";
  for (const fs::path& entry : list_folder(blob.parent_path())) {
    const std::string name = entry.filename().string();
    if (name.starts_with(prefix) && name.ends_with(".incomplete") && !is_link(entry) && is_file(entry)) return entry;
  }
  return blob.parent_path() / fmt::format("{}{:08x}.incomplete", prefix, std::random_device{}());
}

class PartialFile {
 public:
  explicit PartialFile(const fs::path& path)
      : path_(path), descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644)) {
    check(descriptor_ >= 0, ErrorKind::kRuntime, "{}: cannot be written; check the cache's rights", path.string());
    const off_t end = ::lseek(descriptor_, 0, SEEK_END);
    bytes_ = end > 0 ? static_cast<std::uintmax_t>(end) : 0;
  }
  ~PartialFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;
  std::uintmax_t bytes() const { return bytes_; }
  void restart() {
    check(::ftruncate(descriptor_, 0) == 0 && ::lseek(descriptor_, 0, SEEK_SET) == 0, ErrorKind::kRuntime,
          "{}: cannot be emptied", path_.string());
    bytes_ = 0;
  }
  void write(std::string_view data) {
    while (!data.empty()) {
      const ssize_t n = ::write(descriptor_, data.data(), data.size());
      if (n < 0 && errno == EINTR) continue;
      check(n > 0, ErrorKind::kRuntime, "{}: writing failed ({}); what came so far is kept for the next pull",
            path_.string(), std::generic_category().message(errno));
      data.remove_prefix(static_cast<std::size_t>(n));
      bytes_ += static_cast<std::uintmax_t>(n);
    }
  }
  void sync() { ::fsync(descriptor_); }

 private:
  fs::path path_;
  int descriptor_;
  std::uintmax_t bytes_ = 0;
};

// Sends one GET from the end of the partial file. Returns true if the body is complete.
bool fetch_rest(const Settings& settings, const Spec& spec, const std::string& name, const RemoteFile& file,
                PartialFile& part, const std::function<void(std::uintmax_t, std::uintmax_t)>& advance) {
  if (file.sized && part.bytes() > file.bytes) part.restart();
  if (file.sized && part.bytes() == file.bytes) return true;
  HttpRequest request{
      .url = file.url, .headers = {"Accept-Encoding: identity"}, .silence_s = settings.download_timeout_s};
  if (part.bytes() > 0) request.headers.push_back(fmt::format("Range: bytes={}-", part.bytes()));
  request.begin = [&](long status, const std::map<std::string, std::string>& headers) {
    const auto range = headers.find("content-range");
    const std::string expected = fmt::format("bytes {}-", part.bytes());
    // A server that ignores the range sends the whole file: start again.
    if (status != 206 || range == headers.end() || !range->second.starts_with(expected)) {
      if (status == 206) return false;
      part.restart();
    }
    return true;
  };
  request.sink = [&](std::string_view piece) {
    check(!file.sized || part.bytes() + piece.size() <= file.bytes, ErrorKind::kRuntime,
          "{}: '{}' is longer than the {} bytes the server announced; it changed meanwhile, run pull again",
          spec.text(), printable(name), file.bytes);
    part.write(piece);
    advance(part.bytes(), file.bytes);
  };
  const HttpResponse answer = hub_request(settings, request);
  if (answer.status == 416) {
    part.restart();
    return false;
  }
  if (answer.status >= 300) fail_with_answer(settings, spec, name, answer);
  return answer.fault.empty() && (!file.sized || part.bytes() == file.bytes);
}

// 64 digits are a SHA-256 (large files), 40 a Git blob's SHA-1; other etags are not hashes of the content.
bool has_its_hash(const fs::path& path, const std::string& etag) {
  if (is_hex(etag, 64)) return sha256_file(path) == etag;
  if (is_hex(etag, 40)) return git_blob_hash(path) == etag;
  return true;
}

// True for a file or a link to one. A broken cache entry (dangling link, folder, pipe) is replaced.
bool is_readable(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

void fetch_blob(const Settings& settings, const Spec& spec, const std::string& name, const RemoteFile& file,
                const fs::path& blob, const std::function<void(std::uintmax_t, std::uintmax_t)>& advance) {
  make_folders(blob.parent_path());
  const fs::path path = partial_file(blob);
  bool whole = false;
  {
    PartialFile part(path);
    advance(part.bytes(), file.bytes);
    for (int attempt = 0; attempt < kMostAttempts && !whole; ++attempt)
      whole = fetch_rest(settings, spec, name, file, part, advance);
    part.sync();
    check(whole, ErrorKind::kRuntime, "{}: '{}' broke off after {} of {} bytes; run pull again, it goes on from there",
          spec.text(), printable(name), part.bytes(), file.bytes);
  }
  if (!has_its_hash(path, file.etag)) {
    remove_tree(path);
    fail(ErrorKind::kRuntime,
         "{}: '{}' does not have the hash {} the server announced; it was thrown away, run pull again", spec.text(),
         printable(name), file.etag);
  }
  rename_path(path, blob);
  sync_directory(blob.parent_path());
}

}  // namespace

void fail_with_answer(const Settings& settings, const Spec& spec, const std::string& what, const HttpResponse& answer) {
  const std::string code = answer.header("x-error-code");
  const std::string page = fmt::format("{}/{}", settings.endpoint, spec.repository);
  const char* token_hint = settings.token.empty() ? "set HF_TOKEN" : "the token in use has no access";
  if (code == "GatedRepo" || (answer.status == 403 && code.empty()))
    fail(ErrorKind::kBadInput, "{}: is gated (HTTP {}); ask for access at {} and {}", spec.repository, answer.status,
         page, token_hint);
  if (code == "RevisionNotFound")
    fail(ErrorKind::kBadInput, "{}: has no revision '{}' (HTTP {}); see {}/tree/main", spec.repository,
         printable(spec.revision), answer.status, page);
  if (code == "EntryNotFound")
    fail(ErrorKind::kBadInput, "{}: has no file '{}' (HTTP {}); see {}/tree/main", spec.repository, printable(what),
         answer.status, page);
  if (answer.status == 401 && code != "RepoNotFound" && !settings.token.empty())
    fail(ErrorKind::kBadInput, "{}: the server refuses the token (HTTP 401); renew HF_TOKEN", spec.repository);
  if (answer.status == 401)  // the Hub does not distinguish a private repository from a missing one
    fail(ErrorKind::kBadInput, "{}: does not exist, or is private (HTTP 401){}; if it is private, {}", spec.repository,
         did_you_mean(settings, spec.repository), token_hint);
  if (answer.status == 404)
    fail(ErrorKind::kBadInput, "{}: not found at {} (HTTP 404){}", spec.repository, settings.endpoint,
         did_you_mean(settings, spec.repository));
  fail(ErrorKind::kRuntime, "{}: the server answers HTTP {} for '{}'; try again later", spec.repository, answer.status,
       printable(what));
}

HttpResponse hub_request(const Settings& settings, HttpRequest request, bool stop_at_other_host) {
  const std::vector<std::string> headers = request.headers;
  for (int hop = 0; hop < kMostRedirects; ++hop) {
    const bool home = same_origin(request.url, settings.endpoint);
    request.headers = headers;
    if (home && !settings.token.empty()) request.headers.push_back("Authorization: Bearer " + settings.token);
    HttpResponse answer = http_request(request);
    const std::string location = answer.header("location");
    if (answer.status < 300 || answer.status >= 400 || location.empty()) return answer;
    const std::string next = resolve_url(request.url, location);
    check(is_secure(next) || !is_secure(request.url), ErrorKind::kRuntime,
          "{}: sends on from https to {}; not followed", printable(request.url), printable(next));
    if (stop_at_other_host && !same_origin(next, settings.endpoint)) return answer;
    request.url = next;
  }
  fail(ErrorKind::kRuntime, "{}: is redirected more than {} times", printable(request.url), kMostRedirects);
}

void download_file(const Settings& settings, const Spec& spec, const std::string& commit, const std::string& name,
                   const std::function<void(std::uintmax_t, std::uintmax_t)>& advance) {
  const fs::path folder = repository_folder(settings, spec.repository);
  const fs::path target = folder / "snapshots" / commit / name;
  if (is_readable(target)) return;
  const RemoteFile file = ask(settings, spec, commit, name);
  const fs::path blob = folder / "blobs" / file.etag;
  const Lock lock(settings.cache / ".locks" / folder.filename() / (file.etag + ".lock"));
  if (!is_readable(blob)) fetch_blob(settings, spec, name, file, blob, advance);
  make_folders(target.parent_path());
  remove_tree(target);  // a link to a missing blob
  if (!settings.symlinks) return rename_path(blob, target);
  std::error_code error;
  fs::create_symlink(blob.lexically_relative(target.parent_path()), target, error);
  check(!error || is_readable(target), ErrorKind::kRuntime, "{}: cannot be linked ({})", target.string(),
        error.message());
}

std::string git_blob_hash(const fs::path& path) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  LINNET_ASSERT(EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr) == 1);
  const auto file = MappedFile::open(path);
  const std::string head = fmt::format("blob {}", file->bytes().size());
  EVP_DigestUpdate(context.get(), head.c_str(), head.size() + 1);  // with the terminating NUL
  EVP_DigestUpdate(context.get(), file->bytes().data(), file->bytes().size());
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(context.get(), digest, &length);
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

}  // namespace linnet::hub
