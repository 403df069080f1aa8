#include "linnet/serve/generation_fields.h"

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <random>

#include "linnet/base/error.h"
#include "linnet/generate/overrides.h"

namespace linnet::serve {
namespace {

std::uint64_t chance() {
  static std::mutex mutex;
  static std::random_device device;
  const std::lock_guard lock(mutex);
  return (std::uint64_t{device()} << 32) | device();
}

void refuse_others(Fields& fields) {
  for (const char* name : {"frequency_penalty", "presence_penalty"})
    if (fields.number(name, -2, 2).value_or(0) != 0)
      fields.wrong(name, "is not supported; leave it out, or use repetition_penalty");
  if (const Json* bias = fields.value("logit_bias"); bias != nullptr && !(bias->is_object() && bias->empty()))
    fields.wrong("logit_bias", "is not supported; leave it out");
  fields.ignore({"user", "metadata", "service_tier", "safety_identifier", "prompt_cache_key"});
}

}  // namespace

void read_generation(Fields& fields, const ServedModel& model, std::int64_t new_tokens, TextRequest& request) {
  request.n = fields.integer("n", 1, kMostChoices).value_or(1);
  request.stops = fields.texts("stop", kMostStops);
  generate::Overrides o{.max_new_tokens = new_tokens, .num_beams = 1, .num_return_sequences = 1};
  const auto seed = fields.seed("seed");
  const auto& otherwise = model.scheduler.options().seed;
  o.seed = seed ? *seed : otherwise ? *otherwise : chance();
  o.temperature = fields.number("temperature", 0, 2);
  o.top_p = fields.number("top_p", 0, 1);
  o.top_k = fields.integer("top_k", 0, INT32_MAX);
  o.min_p = fields.number("min_p", 0, 1);
  o.repetition_penalty = fields.number("repetition_penalty", 0.01, 100);
  o.min_new_tokens = fields.integer("min_tokens", 0, kMostNewTokens);
  o.do_sample = o.temperature != 0.0;
  const GenerationConfig& checkpoint = model.loaded.generation();
  if (!o.top_k && !checkpoint.top_k) o.top_k = 0;
  if (o.top_p == 0.0) {  // the most likely token alone
    o.top_p = std::nullopt;
    o.top_k = 1;
  }
  refuse_others(fields);
  request.options = generate::resolve(o, checkpoint);
  request.stops.insert(request.stops.end(), checkpoint.stop_strings.begin(), checkpoint.stop_strings.end());
  const auto sequences = static_cast<std::int64_t>(request.prompts.size()) * request.n;
  if (sequences > kMostSequences)
    throw ApiError(400,
                   fmt::format("{} choices of {} prompts are more than {}; send fewer at once", request.n,
                               request.prompts.size(), kMostSequences),
                   "n");
}

StreamWish read_stream(Fields& fields) {
  StreamWish wish{.stream = fields.flag("stream").value_or(false)};
  const Json* options = fields.value("stream_options");
  if (options == nullptr) return wish;
  if (!wish.stream) fields.wrong("stream_options", "needs 'stream'");
  Fields inner(*options, "stream_options.");
  wish.usage = inner.flag("include_usage").value_or(false);
  inner.ignore({"include_obfuscation"});
  inner.finish();
  return wish;
}

void read_model(Fields& fields, const ServedModel& model) {
  const auto name = fields.text("model");
  if (!name || *name == model.name) return;
  if (name->empty()) fields.wrong("model", "is empty");
  throw ApiError(
      404,
      fmt::format("the model '{}' does not exist; /v1/models lists what there is", std::string(printable(*name, 60))),
      "model", "model_not_found");
}

std::string random_id(const char* prefix) {
  return fmt::format("{}{:016x}{:08x}", prefix, chance(), static_cast<std::uint32_t>(chance()));
}

}  // namespace linnet::serve
