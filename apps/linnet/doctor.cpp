// linnet doctor: describes this machine, in under a second.
#include <fmt/format.h>
#include <sys/utsname.h>

#include <cstdlib>
#include <fstream>

#include "linnet/backend/cpu/cpu.h"
#include "linnet/base/memory.h"
#include "linnet/base/parallel.h"
#include "model_argument.h"
#include "output.h"
#include "thread_waits.h"
#include "verbs.h"

namespace linnet::app {

namespace {

// The value of the first line "key : value" in a file of /proc, or "".
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
    if (flags.find(format_printable(" {} ", name)) != std::string::npos) found.push_back(name);
  }
  return found;
}

std::int64_t total_memory() { return std::atoll(proc_value("/proc/meminfo", "MemTotal").c_str()) * 1024; }

Json library_versions() {
  Json versions = {
      {"linnet", LINNET_VERSION},
      {"fmt", format_printable("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100)},
      {"nlohmann_json", format_printable("{}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                                         NLOHMANN_JSON_VERSION_PATCH)},
      {"compiler", __VERSION__}};
  for (const NamedFact& library : cpu_libraries()) versions[library.name] = library.value;
  return versions;
}

Json kernels() {
  Json names;
  for (const NamedFact& kernel : cpu_kernels()) names[kernel.name] = kernel.value;
  return names;
}

Json speed() {
  const CpuSpeed measured = measure_cpu();
  return {{"read_bytes_per_s", measured.read_gb_per_s * 1e9},
          {"f32_gflops", measured.f32_gflops},
          {"bf16_gflops", measured.bf16_gflops},
          {"int8_gflops", measured.int8_gflops}};
}

Json examine(bool bench) {
  utsname system = {};
  uname(&system);
  Json result = {
      {"system", format_printable("{} {} {}", system.sysname, system.release, system.machine)},
      {"cpu", {{"model", proc_value("/proc/cpuinfo", "model name")}, {"features", cpu_features()}}},
      {"threads", default_threads()},
      {"gomp_spincount", thread_spin_count()},
      {"device", "cpu"},
      {"memory", {{"total_bytes", total_memory()}, {"free_bytes", available_memory()}}},
      {"kernels", kernels()},
      {"libraries", library_versions()},
      {"cache",
       {{"linnet", linnet_cache().string()},
        {"default_model", default_model_path().string()},
        {"default_model_present", default_model_is_there()}}},
  };
  if (bench) result["bench"] = speed();
  return result;
}

void print_for_people(const Json& r) {
  const auto number = [](const Json& value) { return value.get<double>(); };
  std::vector<std::string> features = r["cpu"]["features"];
  const auto cell = [](const Json& value) { return printable(value.get_ref<const std::string&>()); };
  Table rows = {
      {"system", cell(r["system"])},
      {"processor", cell(r["cpu"]["model"])},
      {"features", format_printable("{}", fmt::join(features, " "))},
      {"threads", format_printable("{} (physical cores this process may use)", r["threads"].get<int>())},
      {"GOMP_SPINCOUNT", cell(r["gomp_spincount"])},
      {"device", cell(r["device"])},
      {"memory", format_bytes(number(r["memory"]["free_bytes"])) + " free of " +
                     format_bytes(number(r["memory"]["total_bytes"]))},
  };
  for (const auto& [name, kernel] : r["kernels"].items())
    rows.push_back({format_printable("{} products", name), cell(kernel)});
  for (const auto& [name, version] : r["libraries"].items()) rows.push_back({printable(name), cell(version)});
  rows.push_back({"cache", cell(r["cache"]["linnet"])});
  rows.push_back({"default model", r["cache"]["default_model_present"].get<bool>()
                                       ? cell(r["cache"]["default_model"])
                                       : Printable("not there; script/fetch-models smollm2 gets it")});
  if (r.contains("bench")) {
    rows.push_back({"memory reads", format_bytes(number(r["bench"]["read_bytes_per_s"])) + "/s"});
    rows.push_back({"f32 products", format_printable("{:.0f} GFLOP/s", number(r["bench"]["f32_gflops"]))});
    if (number(r["bench"]["bf16_gflops"]) > 0)
      rows.push_back({"bf16 products", format_printable("{:.0f} GFLOP/s", number(r["bench"]["bf16_gflops"]))});
    rows.push_back({"8-bit products", format_printable("{:.0f} GOP/s", number(r["bench"]["int8_gflops"]))});
  }
  print_result(format_table(rows).text());
}

}  // namespace

void run_doctor(Arguments arguments) {
  Command command("doctor", "Shows what this machine offers and what Linnet will use of it.");
  command.example("linnet doctor");
  command.example("linnet doctor --bench --json");
  bool json = false, bench = false;
  command.flag("--json", json);
  command.flag("--bench", bench);
  command.parse(arguments);
  const Json result = examine(bench);
  json ? print_json(result) : print_for_people(result);
}

}  // namespace linnet::app
