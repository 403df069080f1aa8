#include "linnet/base/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <vector>

#include "linnet/base/error.h"

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

std::string sha256_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  check(in.good(), ErrorKind::kBadInput, "{}: cannot be read", file.string());
  std::vector<char> buffer(std::size_t{1} << 20);
  Sha256 digest;
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    digest.update(buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  check(!in.bad(), ErrorKind::kBadInput, "{}: reading failed", file.string());
  return digest.finish();
}

}  // namespace linnet
