// linnet doctor: what this machine offers, in under a second.
#include <fmt/format.h>
#include <sys/utsname.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include "linnet/base/memory.h"
#include "linnet/base/parallel.h"
#include "model_argument.h"
#include "output.h"
#include "verbs.h"

namespace linnet::app {

namespace {

// The value of the first line "key : value" of a file of /proc; empty without one.
std::string proc_value(const char* file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

Json cpu_features() {
  static constexpr const char* kWanted[] = {
      "sse4_2",   "avx",      "avx2",     "fma",      "f16c",  "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16",
      "avx_vnni", "amx_tile", "amx_bf16", "amx_int8", "asimd", "asimddp", "bf16",     "i8mm",        "sve"};
  std::string flags = proc_value("/proc/cpuinfo", "flags");
  if (flags.empty()) flags = proc_value("/proc/cpuinfo", "Features");
  flags = " " + flags + " ";
  Json found = Json::array();
  for (const char* name : kWanted) {
    if (flags.find(fmt::format(" {} ", name)) != std::string::npos) found.push_back(name);
  }
  return found;
}

std::int64_t total_memory() { return std::atoll(proc_value("/proc/meminfo", "MemTotal").c_str()) * 1024; }

Json library_versions() {
  return {{"linnet", LINNET_VERSION},
          {"fmt", fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
          {"nlohmann_json", fmt::format("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                        NLOHMANN_JSON_VERSION_PATCH)},
          {"compiler", __VERSION__}};
}

// Bytes a second that all threads together read from memory: what decoding is bound by.
double read_bandwidth() {
  std::vector<std::uint64_t> data(std::size_t{64} << 20 >> 3, 1);
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads()), 0);
  const auto start = std::chrono::steady_clock::now();
  constexpr int kRounds = 8;
  for (int round = 0; round < kRounds; ++round) {
    parallel_region([&](int thread, int count) {
      const std::size_t begin = data.size() * thread / count, end = data.size() * (thread + 1) / count;
      std::uint64_t a = 0, b = 0, c = 0, d = 0;
      for (std::size_t i = begin; i + 4 <= end; i += 4)
        a += data[i], b += data[i + 1], c += data[i + 2], d += data[i + 3];
      sums[thread] += a + b + c + d;
    });
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return sums[0] == 0 ? 0 : static_cast<double>(data.size() * 8) * kRounds / seconds;
}

Json examine(bool bench) {
  utsname system = {};
  uname(&system);
  Json result = {
      {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
      {"cpu", {{"model", proc_value("/proc/cpuinfo", "model name")}, {"features", cpu_features()}}},
      {"threads", default_threads()},
      {"device", "cpu"},
      {"memory", {{"total_bytes", total_memory()}, {"free_bytes", available_memory()}}},
      {"libraries", library_versions()},
      {"cache",
       {{"linnet", linnet_cache().string()},
        {"default_model", default_model_path().string()},
        {"default_model_present", std::filesystem::exists(default_model_path())}}},
  };
  if (bench) result["bench"] = {{"read_bytes_per_s", read_bandwidth()}};
  return result;
}

void print_for_people(const Json& r) {
  const auto number = [](const Json& value) { return value.get<double>(); };
  std::vector<std::string> features = r["cpu"]["features"];
  std::vector<std::vector<std::string>> rows = {
      {"system", r["system"]},
      {"processor", r["cpu"]["model"]},
      {"features", fmt::format("{}", fmt::join(features, " "))},
      {"threads", fmt::format("{} (physical cores this process may use)", r["threads"].get<int>())},
      {"device", r["device"]},
      {"memory", format_bytes(number(r["memory"]["free_bytes"])) + " free of " +
                     format_bytes(number(r["memory"]["total_bytes"]))},
  };
  for (const auto& [name, version] : r["libraries"].items()) rows.push_back({name, version});
  if (r.contains("kernels")) rows.push_back({"kernels", r["kernels"]});
  rows.push_back({"cache", r["cache"]["linnet"]});
  rows.push_back({"default model", r["cache"]["default_model_present"].get<bool>()
                                       ? r["cache"]["default_model"].get<std::string>()
                                       : "not there; script/fetch-models smollm2 gets it"});
  if (r.contains("bench"))
    rows.push_back({"memory reads", format_bytes(number(r["bench"]["read_bytes_per_s"])) + "/s"});
  print_result(format_table(rows));
}

}  // namespace

void run_doctor(Arguments arguments) {
  Command command("doctor", "Shows what this machine offers and what Linnet will use of it.");
  command.example("linnet doctor");
  command.example("linnet doctor --bench --json");
  bool json = false, bench = false;
  command.flag("--json", json, "one JSON object");
  command.flag("--bench", bench, "also measure memory bandwidth and arithmetic");
  command.parse(arguments);
  const Json result = examine(bench);
  json ? print_json(result) : print_for_people(result);
}

}  // namespace linnet::app
