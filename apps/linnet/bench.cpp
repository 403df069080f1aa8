// linnet bench: the speed of a model on this machine, and what limits it.
#include "linnet/tasks/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "interrupt.h"
#include "linnet/backend/cpu/cpu.h"
#include "linnet/base/memory.h"
#include "linnet/base/parallel.h"
#include "model_options.h"
#include "output.h"
#include "progress.h"
#include "verbs.h"

namespace linnet::app {

namespace {

using Clock = std::chrono::steady_clock;

struct Rate {
  double median, least, most;
};

Rate rate_of(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t n = values.size();
  return {(values[(n - 1) / 2] + values[n / 2]) / 2, values.front(), values.back()};
}

// The rate of the products that the model's weights take.
struct Products {
  const char* type;
  double gflops;
};
Products products_of(const models::Model& model, const CpuSpeed& machine) {
  const bool blocks = info(model.token_table().dtype()).quantized;
  if (model.pass().precision == Precision::kF32 || (!blocks && model.token_table().dtype() != DType::kBF16))
    return {"f32", machine.f32_gflops};
  if (blocks && model.pass().precision == Precision::kByWeight) return {"8-bit", machine.int8_gflops};
  return machine.bf16_gflops > 0 ? Products{"bf16", machine.bf16_gflops} : Products{"f32", machine.f32_gflops};
}

struct Measured {
  tasks::SpeedOptions options;
  double load_seconds, peak_bytes;
  Rate prefill, decode;
  tasks::TokenWork work;
  CpuSpeed machine;
  Products products;

  double prefill_share() const { return prefill.median * work.layer_flops * 1e-9 / products.gflops; }
  double decode_share() const { return decode.median * work.bytes * 1e-9 / machine.read_gb_per_s; }
};

Json json_of(const Measured& m) {
  const auto rate = [](const Rate& r) { return Json{{"median", r.median}, {"min", r.least}, {"max", r.most}}; };
  return {{"threads", threads()},
          {"prompt_tokens", m.options.prompt_tokens},
          {"new_tokens", m.options.new_tokens},
          {"repetitions", m.options.repetitions},
          {"load_s", m.load_seconds},
          {"prefill_tokens_per_s", rate(m.prefill)},
          {"decode_tokens_per_s", rate(m.decode)},
          {"bytes_per_token", m.work.bytes},
          {"flops_per_token", m.work.flops},
          {"machine",
           {{"read_bytes_per_s", m.machine.read_gb_per_s * 1e9},
            {"products", m.products.type},
            {"gflops", m.products.gflops}}},
          {"prefill_share", m.prefill_share()},
          {"decode_share", m.decode_share()},
          {"peak_bytes", m.peak_bytes}};
}

void print_table(const Measured& m) {
  const auto row = [](const Rate& r, const Printable& work, double share, const std::string& of) {
    return std::vector<Printable>{format_printable("{:.0f}", r.median),
                                  format_printable("{:.0f} to {:.0f}", r.least, r.most), work,
                                  format_printable("{:.0f} % of {}", 100 * share, of)};
  };
  Table table{{"", "tokens/s", "range", "work", "of this machine's"}};
  const auto add = [&](Printable name, std::vector<Printable> cells) {
    cells.insert(cells.begin(), std::move(name));
    table.push_back(std::move(cells));
  };
  add(format_printable("prompt of {}", m.options.prompt_tokens),
      row(m.prefill, format_printable("{:.0f} GFLOP/s", m.prefill.median * m.work.layer_flops * 1e-9),
          m.prefill_share(), fmt::format("{:.0f} GFLOP/s ({} products)", m.products.gflops, m.products.type)));
  add(format_printable("text of {}", m.options.new_tokens),
      row(m.decode, format_printable("{:.1f} GB/s", m.decode.median * m.work.bytes * 1e-9), m.decode_share(),
          fmt::format("{:.1f} GB/s (memory)", m.machine.read_gb_per_s)));
  print_result(format_table(table).text());
  print_result(fmt::format("{} threads, loaded in {:.2f} s, {} at most\n", threads(), m.load_seconds,
                           format_bytes(m.peak_bytes).text()));
}

}  // namespace

void run_bench(Arguments arguments) {
  ModelOptions options;
  tasks::SpeedOptions speed;
  bool json = false;
  Command command("bench", "how fast a model is here, and what limits it");
  command.example("linnet bench");
  command.example("linnet bench -m my-model --dtype bf16 --prompt-tokens 2048 --new-tokens 32");
  command.option("--prompt-tokens", speed.prompt_tokens);
  command.option("--new-tokens", speed.new_tokens);
  command.option("--repetitions", speed.repetitions);
  command.flag("--json", json);
  add_model_options(command, options);
  command.parse(arguments);

  const auto start = Clock::now();
  const Loaded loaded = load_pretrained(command, options, {}, WithTokenizer::kIfThere);
  loaded.model->prepack();
  const double load_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const PoliteInterrupt interrupt;
  speed.interrupted = &PoliteInterrupt::asked;
  tasks::Speed found;
  {
    Progress bar("measuring", speed.repetitions + 1, "repetitions");
    speed.progress = [&](std::int64_t done) { bar.set(done + 1); };
    found = tasks::measure_speed(*loaded.model, speed);
  }
  const auto peak = static_cast<double>(peak_memory());
  const CpuSpeed machine = measure_cpu();  // takes memory of its own
  const Measured measured{.options = speed,
                          .load_seconds = load_seconds,
                          .peak_bytes = peak,
                          .prefill = rate_of(found.prefill),
                          .decode = rate_of(found.decode),
                          .work = tasks::work_of_token(*loaded.model),
                          .machine = machine,
                          .products = products_of(*loaded.model, machine)};
  json ? print_json(json_of(measured)) : print_table(measured);
}

}  // namespace linnet::app
