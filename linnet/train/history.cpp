#include "linnet/train/history.h"

#include <cerrno>
#include <cmath>
#include <cstring>

#include "linnet/base/error.h"
#include "linnet/base/file.h"

namespace linnet {
namespace {

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

bool of_the_test_rows(const Json& record) {
  for (const auto& [key, value] : record.items())
    if (key.starts_with("test_")) return true;
  return false;
}

double get_number(const Json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_number() ? found->get<double>() : std::nan("");
}

}  // namespace

Json StepRecord::json() const {
  return {{"step", step},
          {"epoch", number(epoch)},
          {"loss", number(loss)},
          {"grad_norm", number(grad_norm)},
          {"learning_rate", number(learning_rate)},
          {"tokens_per_s", number(tokens_per_s)}};
}

Json EvalRecord::json() const {
  Json record = Json::object();
  for (const auto& [name, value] : metrics) record[name] = number(value);
  record["epoch"] = number(epoch);
  record["step"] = step;
  return record;
}

Json History::trainer_state(const RunFacts& facts) const {
  Json log = Json::array();
  std::size_t next = 0;
  for (const StepRecord& record : steps) {
    for (; next < evals.size() && evals[next].step < record.step; ++next) log.push_back(evals[next].json());
    Json line = record.json();
    line.erase("tokens_per_s");
    log.push_back(std::move(line));
  }
  for (; next < evals.size(); ++next) log.push_back(evals[next].json());
  const bool has_best = !facts.best_checkpoint.empty();
  return {{"best_metric", has_best ? number(facts.best_metric) : Json(nullptr)},
          {"best_model_checkpoint", has_best ? Json(facts.best_checkpoint) : Json(nullptr)},
          {"epoch", number(facts.epoch)},
          {"global_step", facts.global_step},
          {"is_hyper_param_search", false},
          {"is_local_process_zero", true},
          {"is_world_process_zero", true},
          {"log_history", std::move(log)},
          {"logging_steps", 1},
          {"max_steps", facts.max_steps},
          {"num_train_epochs", facts.num_train_epochs},
          {"train_batch_size", facts.train_batch_size}};
}

History History::from_trainer_state(const Json& state, std::string_view place) {
  History history;
  for (const Json& entry : require(state, "log_history", place)) {
    const std::int64_t step = get_integer(require(entry, "step", place), "step", place);
    if (entry.contains("loss")) {
      history.steps.push_back({step, get_number(entry, "epoch"), get_number(entry, "loss"),
                               get_number(entry, "grad_norm"), get_number(entry, "learning_rate"), 0});
      continue;
    }
    EvalRecord record{step, get_number(entry, "epoch"), {}};
    for (const auto& [key, value] : entry.items())
      if (key != "step" && key != "epoch" && value.is_number()) record.metrics[key] = value.get<double>();
    history.evals.push_back(std::move(record));
  }
  return history;
}

TrainLog::TrainLog(const std::filesystem::path& file, std::int64_t last_step, std::int64_t last_eval_step)
    : file_(file) {
  std::string kept;
  if (last_step > 0 && std::filesystem::exists(file)) {
    const std::string text = read_file(file);
    for (std::size_t begin = 0; begin < text.size();) {
      const auto end = text.find('\n', begin);
      if (end == text.npos) break;  // a line half written by a killed run
      const Json record = Json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                      text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
      const bool known = record.is_object() && record.contains("step") && record["step"].is_number_integer();
      const bool earlier =
          known && record["step"].get<std::int64_t>() <= (record.contains("loss") ? last_step : last_eval_step);
      if (earlier && !of_the_test_rows(record)) kept += text.substr(begin, end - begin + 1);
      begin = end + 1;
    }
  }
  write_file(file, kept);
  out_.open(file, std::ios::binary | std::ios::app);
  check(out_.good(), ErrorKind::kRuntime, "{}: cannot be written", file.string());
}

void TrainLog::write(const Json& record) {
  out_ << dump_json(record) << '\n';
  out_.flush();
  check(out_.good(), ErrorKind::kRuntime, "{}: writing failed ({})", file_.string(), std::strerror(errno));
}

}  // namespace linnet
