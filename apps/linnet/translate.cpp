// linnet translate: texts in another language.
#include "verbs.h"
#include "write_flags.h"

namespace linnet::app {

void run_translate(Arguments arguments) {
  WriteFlags flags;
  std::string from, to;
  Command command("translate", "texts in another language");
  command.example("linnet translate -m google-t5/t5-small --from en --to de 'The house is small.'");
  command.example("linnet translate --from English --to French --input texts.txt --json");
  command.option("--from", from).required();
  command.option("--to", to).required();
  add_write_options(command, flags);
  command.parse(arguments);
  write_rows(command, flags, tasks::translation_options(from, to), "translating", "translation_text");
}

}  // namespace linnet::app
