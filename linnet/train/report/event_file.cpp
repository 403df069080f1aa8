#include "linnet/train/report/event_file.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <ctime>
#include <protozero/pbf_writer.hpp>

#include "linnet/base/error.h"
#include "linnet/base/log.h"

namespace linnet {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
    table[i] = crc;
  }
  return table;
}
constexpr auto kTable = make_table();

void put_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string host() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 && name[0] != 0 ? name : "localhost";
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~crc;
}

std::uint32_t masked_crc32c(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

std::string tf_record(std::string_view payload) {
  std::string length, record;
  put_little_endian(length, payload.size(), 8);
  record = length;
  put_little_endian(record, masked_crc32c(length), 4);
  record += payload;
  put_little_endian(record, masked_crc32c(payload), 4);
  return record;
}

// Event {wall_time = 1, step = 2, summary = 5 {value = 1 {tag = 1, simple_value = 2}}}
std::string scalar_event(std::string_view tag, double value, std::int64_t step, double wall_time) {
  std::string value_bytes, summary_bytes, event_bytes;
  protozero::pbf_writer value_writer(value_bytes);
  value_writer.add_string(1, tag.data(), tag.size());
  value_writer.add_float(2, static_cast<float>(value));
  protozero::pbf_writer summary(summary_bytes);
  summary.add_message(1, value_bytes);
  protozero::pbf_writer event(event_bytes);
  event.add_double(1, wall_time);
  event.add_int64(2, step);
  event.add_message(5, summary_bytes);
  return event_bytes;
}

std::string run_folder_name() {
  const std::time_t seconds = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  char text[64];
  std::strftime(text, sizeof text, "%b%d_%H-%M-%S_", &local);
  return text + host();
}

EventFile::EventFile(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const double time = now();
  const auto file =
      folder / fmt::format("events.out.tfevents.{}.{}.{}.0", static_cast<std::int64_t>(time), host(), ::getpid());
  out_.open(file, std::ios::binary);
  if (!out_) warn("{}: cannot be written; TensorBoard will see nothing of this run", file.string());
  std::string first;
  protozero::pbf_writer event(first);
  event.add_double(1, time);
  event.add_string(3, "brain.Event:2");
  out_ << tf_record(first);
}

void EventFile::scalar(std::string_view tag, double value, std::int64_t step) {
  out_ << tf_record(scalar_event(tag, value, step, now()));
}

}  // namespace linnet
