#include "linnet/tasks/complete.h"

#include "linnet/base/error.h"
#include "linnet/generate/stop_text.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::tasks {

Completion complete(const Loaded& loaded, std::span<const std::int32_t> prompt, const CompleteOptions& options,
                    const OnText& on_text) {
  generate::Engine engine(*loaded.model, {.interrupted = options.interrupted});
  return complete(engine, loaded, prompt, options, on_text);
}

Completion complete(generate::Engine& engine, const Loaded& loaded, std::span<const std::int32_t> prompt,
                    const CompleteOptions& options, const OnText& on_text) {
  const GenerationConfig& checkpoint = loaded.generation();
  const generate::GenerateOptions o = generate::resolve(options.overrides, checkpoint);
  std::vector<std::string> stops = options.stop;
  stops.insert(stops.end(), checkpoint.stop_strings.begin(), checkpoint.stop_strings.end());
  check_option(o.beams.num_beams == 1 || stops.empty(), "stop", "texts that end a text do not end beams; use {} 1",
               option("num_beams"));
  generate::StopText stop(std::move(stops));
  StreamDecoder decoder(loaded.tokenizer());
  Completion result;
  const auto show = [&](const std::string& text) {
    result.text += text;
    return text.empty() || !on_text || on_text(text);
  };
  result.generation = generate::generate(
      engine, prompt, o, [&](std::int32_t id) { return show(stop.push(decoder.push(id))) && !stop.found(); });
  std::string rest = stop.push(decoder.finish());
  show(rest += stop.finish());
  if (stop.found()) result.generation.finish = generate::FinishReason::kStop;
  for (const generate::ScoredSequence& sequence : result.generation.sequences)
    result.texts.push_back(loaded.tokenizer().decode(sequence.ids));
  return result;
}

Completion complete(const Loaded& loaded, std::string_view prompt, const CompleteOptions& options,
                    const OnText& on_text) {
  return complete(loaded, input_ids(*loaded.model, loaded.tokenizer(), prompt), options, on_text);
}

}  // namespace linnet::tasks
