// linnet summarize: shortens texts.
#include "verbs.h"
#include "write_flags.h"

namespace linnet::app {

void run_summarize(Arguments arguments) {
  WriteFlags flags;
  std::int64_t stride = 0;
  tasks::WriteOptions options = tasks::summary_options();
  stride = *options.stride;
  Command command("summarize", "short texts from long ones");
  command.example("linnet summarize -m facebook/bart-large-cnn --input articles.jsonl --json");
  command.example("linnet summarize 'The ferry left before the sun was up.' --max-new-tokens 40");
  add_write_options(command, flags);
  command.option("--stride", stride);
  command.parse(arguments);
  options.stride = stride;
  write_rows(command, flags, std::move(options), "summarizing", "summary_text");
}

}  // namespace linnet::app
