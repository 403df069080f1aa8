#include "linnet/train/report/history.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>

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

// A number of an untrusted record, within its range.
double number_of(const Json& record, const char* key, double lowest, double highest, const std::string& place) {
  const Json& value = require(record, key, place);
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  check(number >= lowest && number <= highest, ErrorKind::kBadInput,
        "{}: '{}' is {}, not a number from {:g} to {:g}; the file was changed: go on from an older checkpoint", place,
        key, printable(dump_json(value), 60), lowest, highest);
  return number;
}

// Losses are f32; rounding may give one slightly below 0.
constexpr double kLargestLoss = std::numeric_limits<float>::max(), kSmallestLoss = -0.01;
constexpr double kLargest = std::numeric_limits<double>::max();

StepRecord step_of(const Json& record, const std::string& place) {
  StepRecord step;
  step.step = get_integer(require(record, "step", place), "step", place);
  step.epoch = number_of(record, "epoch", 0, static_cast<double>(step.step), place);
  step.loss = number_of(record, "loss", kSmallestLoss, kLargestLoss, place);
  step.grad_norm = number_of(record, "grad_norm", 0, kLargest, place);
  step.learning_rate = number_of(record, "learning_rate", 0, kLargestLoss, place);
  return step;
}

EvalRecord eval_of(const Json& record, const BestRule& rule, const std::string& place) {
  EvalRecord eval;
  eval.step = get_integer(require(record, "step", place), "step", place);
  eval.epoch = number_of(record, "epoch", 0, static_cast<double>(eval.step), place);
  require(record, rule.metric.c_str(), place);
  for (const auto& [key, value] : record.items()) {
    if (key == "step" || key == "epoch") continue;
    const bool share = key == "eval_accuracy" || key == "eval_f1";
    eval.metrics[key] = number_of(record, key.c_str(), kSmallestLoss, share ? 1 : kLargest, place);
  }
  return eval;
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

History History::from_trainer_state(const Json& state, std::int64_t steps, const BestRule& rule,
                                    std::string_view place) {
  const auto refuse = [&](const std::string& fact) {
    fail(ErrorKind::kBadInput, "{}: {}; the file was changed: go on from an older checkpoint", place, fact);
  };
  const Json& log = require(state, "log_history", place);
  if (!log.is_array()) refuse("'log_history' is not a list");
  History history;
  for (std::size_t i = 0; i < log.size(); ++i) {
    const std::string at = fmt::format("{}: log_history[{}]", place, i);
    const auto made = static_cast<std::int64_t>(history.steps.size());
    if (!log[i].is_object()) refuse(fmt::format("log_history[{}] is not an object", i));
    if (log[i].contains("loss")) {
      history.steps.push_back(step_of(log[i], at));
      if (history.steps.back().step != made + 1)
        refuse(fmt::format("log_history[{}] is step {}, not {}", i, history.steps.back().step, made + 1));
      continue;
    }
    if (rule.metric.empty())
      refuse(fmt::format("log_history[{}] is not a step, and the run has no validation rows", i));
    history.evals.push_back(eval_of(log[i], rule, at));
    const bool twice = history.evals.size() > 1 && history.evals[history.evals.size() - 2].step == made;
    if (history.evals.back().step != made || made == 0 || twice)
      refuse(fmt::format("log_history[{}] is an evaluation of step {}, after step {}", i, history.evals.back().step,
                         made));
  }
  const auto made = static_cast<std::int64_t>(history.steps.size());
  if (made != steps) refuse(fmt::format("it has {} steps, the checkpoint was written after {}", made, steps));
  return history;
}

bool BestSoFar::see(const EvalRecord& record, const BestRule& rule) {
  const auto found = record.metrics.find(rule.metric);
  if (found == record.metrics.end()) return false;
  ++evaluations_since;
  if (step > 0 && (rule.more_is_better ? found->second <= value : found->second >= value)) return false;
  *this = {record.step, found->second, 0};
  return true;
}

BestSoFar History::best(const BestRule& rule, std::int64_t until) const {
  BestSoFar best;
  for (const EvalRecord& record : evals)
    if (record.step <= until) best.see(record, rule);
  return best;
}

TrainLog::TrainLog(const std::filesystem::path& file, std::int64_t last_step, std::int64_t last_eval_step)
    : file_(file) {
  std::string kept;
  if (last_step > 0 && is_file(file)) {
    const std::string text = read_file(file);
    for (std::size_t begin = 0; begin < text.size();) {
      const auto end = text.find('\n', begin);
      if (end == text.npos) break;  // a partly written line of a killed run
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
