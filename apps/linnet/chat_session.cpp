#include "chat_session.h"

#include <fmt/format.h>

#include <iostream>

#include "interrupt.h"
#include "output.h"

namespace linnet::app {
namespace {

constexpr std::int64_t kAnswerRoom = 256;  // tokens of the context that are kept free for an answer

// The conversation as a prompt; its oldest turns go while it leaves too little room.
Prompt fitted(const LoadedModel& loaded, const Completer& completer, Json& turns, bool has_system) {
  const std::int64_t context = loaded.model->context();
  const int oldest = has_system ? 1 : 0;
  for (;;) {
    Prompt prompt = completer.chat(turns);
    const auto tokens = static_cast<std::int64_t>(prompt.ids.size());
    const bool fits = context == 0 || tokens + std::min(kAnswerRoom, context / 2) <= context;
    if (fits || static_cast<int>(turns.size()) <= oldest + 2) return prompt;
    print_note("[the oldest turns no longer fit the context and are left out]");
    turns.erase(turns.begin() + oldest, turns.begin() + oldest + 2);  // a question and its answer
  }
}

}  // namespace

void hold_conversation(const LoadedModel& loaded, Completer& completer, const std::string& system) {
  const bool chats = loaded.tokenizer().chat_template().has_value();
  Json turns = Json::array();
  if (!system.empty()) turns.push_back({{"role", "system"}, {"content", system}});
  print_note(chats ? Printable("A line is a turn; Ctrl-D ends.") : Printable("No chat template: each line is completed; Ctrl-D ends."));
  for (std::string line;;) {
    std::cerr << "> " << std::flush;
    if (!std::getline(std::cin, line)) break;
    if (line.empty()) continue;
    const PoliteInterrupt interruptible;
    if (!chats) {
      completer.complete(completer.plain(line));
      continue;
    }
    turns.push_back({{"role", "user"}, {"content", line}});
    const std::string answer = completer.complete(fitted(loaded, completer, turns, !system.empty()));
    turns.push_back({{"role", "assistant"}, {"content", answer}});
  }
  std::cerr << "\n";
}

}  // namespace linnet::app
