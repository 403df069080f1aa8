#include "linnet/train/checkpoint/run_state.h"

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/io/checkpoint.h"
#include "linnet/train/checkpoint/checkpointing.h"
#include "linnet/train/checkpoint/run_identity.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;
constexpr const char* kStateName = "linnet_state.json";
constexpr const char* kTrainerStateName = "trainer_state.json";
constexpr const char* kOptimizerStem = "optimizer";
constexpr std::int64_t kVersion = 2;

// A configuration and a line per weight: the limits of a model's own files.
constexpr JsonLimits kStateLimits{.bytes = std::size_t{64} << 20, .values = 2'000'000};

Json read_state(const fs::path& folder) {
  const std::string place = state_file(folder).string();
  Json state = read_json(state_file(folder), kStateLimits);
  const std::int64_t version = get_integer(require(state, "version", place), "version", place);
  check(version == kVersion, ErrorKind::kBadInput,
        "{}: is of version {}, this program reads {}; go on with the program that wrote it", place, version, kVersion);
  return state;
}

std::int64_t planned_steps(const Json& state, const std::string& place) {
  const std::int64_t planned = get_integer(require(state, "planned_steps", place), "planned_steps", place);
  check(planned >= 1, ErrorKind::kBadInput,
        "{}: 'planned_steps' is {}; the file was changed: go on from an older "
        "checkpoint",
        place, planned);
  return planned;
}

// The batch after `steps` updates. Every epoch has at least one.
SamplerState position_after(Sampler sampler, std::int64_t steps, std::int64_t grad_accumulation) {
  for (std::int64_t epoch = 0;; ++epoch) {
    sampler.start_epoch(epoch);
    const std::int64_t in_epoch = (sampler.batches() + grad_accumulation - 1) / grad_accumulation;
    LINNET_ASSERT(in_epoch > 0);
    if (steps <= in_epoch) return {epoch, std::min(steps * grad_accumulation, sampler.batches())};
    steps -= in_epoch;
  }
}

History read_history(const fs::path& folder, const ThisRun& run, std::int64_t step) {
  const fs::path file = folder / kTrainerStateName;
  // A record has six numbers; each step may have an evaluation.
  const auto records = 2 * static_cast<std::size_t>(run.steps) + 100;
  const Json state = read_json(file, {.bytes = 400 * records, .values = 16 * records});
  const std::string place = file.string();
  const std::int64_t global_step = get_integer(require(state, "global_step", place), "global_step", place);
  check(global_step == step, ErrorKind::kBadInput,
        "{}: 'global_step' is {}, the checkpoint's step is {}; the file was changed: go on from an older checkpoint",
        place, global_step, step);
  return History::from_trainer_state(state, step, run.best, place);
}

// The step of a state, if this run can have written it.
std::int64_t checked_step(const fs::path& folder, const Json& state, const ThisRun& run) {
  const std::string place = state_file(folder).string();
  const std::int64_t step = get_integer(require(state, "step", place), "step", place);
  check(step >= 1 && checkpoint_path(folder.parent_path(), step).filename() == folder.filename(), ErrorKind::kBadInput,
        "{}: 'step' is {}, which is not the step of the folder's name; the file was changed: go on from an older "
        "checkpoint",
        place, step);
  const std::int64_t planned = planned_steps(state, place);
  check(step <= planned, ErrorKind::kBadInput,
        "{}: 'planned_steps' is {}, the checkpoint's step is {}; the file was changed: go on from an older checkpoint",
        place, planned, step);
  check(planned <= run.steps, ErrorKind::kBadInput,
        "{}: cannot go on from it: {} steps were planned, {} are asked for; {} and {} may only grow", folder.string(),
        planned, run.steps, option("epochs"), option("max_steps"));
  return step;
}

}  // namespace

fs::path state_file(const fs::path& folder) { return folder / kStateName; }

std::int64_t planned_steps(const fs::path& folder) {
  return planned_steps(read_state(folder), state_file(folder).string());
}

RecordedOptions recorded_options(const fs::path& folder) {
  const std::string place = state_file(folder).string();
  const Json state = read_state(folder);
  const Json& recorded = require(state, "recorded", place);
  check(recorded.is_object(), ErrorKind::kBadInput, "{}: 'recorded' is not an object; give every option again", place);
  RecordedOptions all;
  for (const auto& [name, values] : recorded.items()) {
    check(values.is_array(), ErrorKind::kBadInput, "{}: 'recorded' has no list for {}; give every option again", place,
          printable(name, 60));
    for (const Json& value : values) all[name].push_back(get_string(value, name, place));
  }
  return all;
}

void save_checkpoint(const CheckpointParts& parts, const RunState& state) {
  CheckpointFolder folder(parts.options.output, state.step);
  parts.learner.save_trained(folder.path());
  CheckpointWriter out(folder.path(), kOptimizerStem);
  for (const auto& [name, value] : parts.optimizer.state()) out.add(name, value);
  out.finish();
  write_file(folder.path() / kTrainerStateName, dump_json(state.history.trainer_state(parts.facts), 2) + "\n");
  Json recorded = Json::object();
  for (const auto& [name, values] : parts.options.recorded) recorded[name] = values;
  const Json own{{"version", kVersion},
                 {"step", state.step},
                 {"planned_steps", parts.facts.max_steps},
                 {"recorded", std::move(recorded)},
                 {"identity", parts.identity}};
  write_file(state_file(folder.path()), dump_json(own, 2) + "\n");
  folder.commit();
}

RunState load_checkpoint(const fs::path& folder, Learner& learner, Optimizer& optimizer, const ThisRun& run) {
  const std::string place = state_file(folder).string();
  const Json saved = read_state(folder);
  const std::string changed = identity_differences(require(saved, "identity", place), run.identity);
  check(changed.empty(), ErrorKind::kBadInput,
        "{}: cannot go on from it, the run is another one: {}; give the same options and data, or another folder",
        folder.string(), changed);
  RunState state;
  state.step = checked_step(folder, saved, run);
  state.history = read_history(folder, run, state.step);
  state.data = position_after(run.sampler, state.step, run.grad_accumulation);
  state.best = state.history.best(run.best);
  if (state.best.step > 0 && state.best.step != state.step) {
    const fs::path best = checkpoint_path(folder.parent_path(), state.best.step);
    const std::string fault = manifest_fault(best);
    check(fault.empty(), ErrorKind::kBadInput,
          "{}: the weights that did best are broken ({}); put them back, or train into another folder", best.string(),
          fault);
  }
  const fs::path file = folder / fmt::format("{}.safetensors", kOptimizerStem);
  std::map<std::string, Tensor> tensors;
  const auto reader = CheckpointReader::open(file);
  for (const std::string& name : reader->names()) tensors[name] = reader->read(name);
  optimizer.load(tensors, state.step, file.string());
  learner.load_trained(folder);
  return state;
}

}  // namespace linnet
