// SHA-256 of bytes and of files, as lower-case hexadecimal: manifests of checkpoints, names of downloads.
//
//   sha256_hex("abc");           // "ba7816bf…"
//   sha256_file("a.safetensors");
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace linnet {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(const void* data, std::size_t bytes);
  std::string finish();  // 64 hexadecimal digits; nothing may follow

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(std::string_view bytes);
std::string sha256_file(const std::filesystem::path& file);  // kBadInput when it cannot be read

}  // namespace linnet
