#include "linnet/base/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "linnet/base/error.h"
#include "linnet/base/file.h"

namespace linnet {

struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(evp); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  check(context_->evp != nullptr && EVP_DigestInit_ex(context_->evp, EVP_sha256(), nullptr) == 1, ErrorKind::kRuntime,
        "[sha256] cannot start a digest");
}
Sha256::~Sha256() = default;

void Sha256::update(const void* data, std::size_t bytes) {
  check(EVP_DigestUpdate(context_->evp, data, bytes) == 1, ErrorKind::kRuntime, "[sha256] digest failed");
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest;
  check(EVP_DigestFinal_ex(context_->evp, digest.data(), nullptr) == 1, ErrorKind::kRuntime, "[sha256] digest failed");
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes.data(), bytes.size());
  return digest.finish();
}

// Mapped, not streamed: a stream that is out of memory only sets badbit, which looks like an error of the file.
std::string sha256_file(const std::filesystem::path& file) {
  constexpr std::size_t kChunk = std::size_t{1} << 20;
  const auto mapped = MappedFile::open(file);
  Sha256 digest;
  for (auto left = mapped->bytes(); !left.empty(); left = left.subspan(std::min(kChunk, left.size()))) {
    const auto chunk = left.first(std::min(kChunk, left.size()));
    digest.update(chunk.data(), chunk.size());
    release_pages(chunk.data(), chunk.size());
  }
  return digest.finish();
}

}  // namespace linnet
