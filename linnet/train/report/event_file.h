// TensorBoard's event file: scalars over steps.
//
//   EventFile events(out / "runs" / run_folder_name());
//   events.scalar("train/loss", 0.7, step);
//
// Format: TFRecord frames (length, masked CRC-32C, payload, masked CRC-32C) of tensorflow.Event messages.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace linnet {

std::uint32_t crc32c(std::string_view bytes);         // Castagnoli, as in RFC 3720
std::uint32_t masked_crc32c(std::string_view bytes);  // TFRecord's rotation and offset
std::string tf_record(std::string_view payload);
std::string scalar_event(std::string_view tag, double value, std::int64_t step, double wall_time);
std::string run_folder_name();  // "Nov24_04-12-00_host"

class EventFile {
 public:
  explicit EventFile(const std::filesystem::path& folder);
  void scalar(std::string_view tag, double value, std::int64_t step);
  void flush() { out_.flush(); }

 private:
  std::ofstream out_;
};

}  // namespace linnet
