#include "chat_session.h"

#include <fmt/format.h>

#include <random>

#include "interrupt.h"
#include "line_editor.h"
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "model_argument.h"
#include "output.h"
#include "suggestions.h"
#include "terminal_state.h"

namespace linnet::app {
namespace {

constexpr std::int64_t kAnswerRoom = 256;  // tokens of the context reserved for an answer
constexpr double kTemperature = 0.7, kTopP = 0.9;

constexpr char kHelp[] =
    "  /help              this list\n"
    "  /system TEXT       the system text of the conversation; no TEXT removes it\n"
    "  /regenerate        another answer to the last question\n"
    "  /clear             forget the conversation\n"
    "  /save FILE         write it as JSON for `run --input` and `train --data`\n"
    "  /exit, /quit       end (also Ctrl-D)\n"
    "Ctrl-C stops an answer, or drops the line. Alt-Enter begins a new line.\n"
    "A paste of several lines is one turn. A line that begins with a blank is\n"
    "never a command.";

class Conversation {
 public:
  Conversation(const Loaded& loaded, Completer& completer, const ConversationOptions& options)
      : loaded_(loaded), completer_(completer), chats_(loaded.tokenizer().chat_template().has_value()) {
    set_system(options.system);
    settle_sampling(options.seed);
  }

  void hold() {
    LineEditor editor(linnet_cache() / "chat_history");
    print_note(chats_ ? Printable("Type a question; /help lists the commands, Ctrl-D ends.")
                      : Printable("This model has no chat template: each line is completed by itself. /help lists the "
                                  "commands, Ctrl-D ends."));
    print_note(how_sampled());
    const PoliteInterrupt polite;
    bool interrupted = false;  // at the last prompt
    for (std::string line;;) {
      PoliteInterrupt::clear();
      const auto result = editor.read("> ", line);
      if (PoliteInterrupt::asked()) throw Exit{130};
      if (result == LineEditor::Result::kEnd) return print_requested("");
      if (result == LineEditor::Result::kInterrupted) {
        if (std::exchange(interrupted, true)) throw Exit{130};
        print_note("[Ctrl-C once more, or Ctrl-D, ends]");
        continue;
      }
      interrupted = false;
      if (result == LineEditor::Result::kDropped) continue;
      if (line.find_first_not_of(" \t\n") == line.npos) continue;
      if (!line.starts_with('/'))
        say(line);
      else if (!obey(line))
        return;
    }
  }

 private:
  // The checkpoint's sampling setting applies. Without one, answers are sampled, since greedy answers of a small model
  // soon repeat themselves.
  void settle_sampling(SeedFrom seed) {
    generate::Overrides& r = completer_.overrides();
    const GenerationConfig& checkpoint = loaded_.generation();
    const bool asked = r.do_sample || r.temperature || r.top_k || r.top_p || r.min_p || r.typical_p;
    if (!asked) {
      const bool has_values = checkpoint.temperature || checkpoint.top_k || checkpoint.top_p;
      r.do_sample = checkpoint.do_sample.value_or(true);
      if (!checkpoint.do_sample && !has_values) {
        r.temperature = kTemperature;
        r.top_p = kTopP;
      }
    }
    if (seed == SeedFrom::kChance) r.seed = std::random_device{}() % 1'000'000;
  }

  Printable how_sampled() const {
    const auto o = generate::resolve(completer_.overrides(), loaded_.generation()).sampling;
    if (!o.do_sample) return "[greedy: a question has the same answer each time; --temperature 0.7 samples]";
    return format_printable(
        "[sampled: temperature {:.3g}, top-k {}, top-p {:.3g}; --seed {} gives this conversation again]", o.temperature,
        o.top_k, o.top_p, completer_.overrides().seed);
  }

  void set_system(const std::string& text) {
    if (has_system()) turns_.erase(turns_.begin());
    if (!text.empty()) turns_.insert(turns_.begin(), Json{{"role", "system"}, {"content", text}});
  }
  bool has_system() const { return !turns_.empty() && turns_.front()["role"] == "system"; }

  // The conversation as a prompt; drops the oldest turns while there is too little room.
  Prompt fitted() {
    const std::int64_t context = loaded_.model->context();
    const int oldest = has_system() ? 1 : 0;
    for (;;) {
      Prompt prompt = completer_.chat(turns_);
      const auto tokens = static_cast<std::int64_t>(prompt.ids.size());
      const bool fits = context == 0 || tokens + std::min(kAnswerRoom, context / 2) <= context;
      if (fits || static_cast<int>(turns_.size()) <= oldest + 2) return prompt;
      print_note("[the oldest turns no longer fit the context and are left out]");
      turns_.erase(turns_.begin() + oldest, turns_.begin() + oldest + 2);  // a question and its answer
    }
  }

  // Returns false if there is no answer (the question does not fit the context, or was interrupted before the first
  // word); then the conversation is unchanged.
  bool say(const std::string& line) {
    const SignalKeys keys;  // Ctrl-C is a key at the prompt, and a signal during an answer
    const Json before = turns_;
    bool answered = true;
    try {
      if (!chats_) {
        completer_.complete(completer_.plain(line));
      } else {
        turns_.push_back({{"role", "user"}, {"content", line}});
        Answer answer = completer_.complete(fitted());
        answered = answer.ending != Ending::kStopped || !answer.text.empty();
        if (!answered) print_note("[the question is not kept in the conversation]");
        turns_.push_back({{"role", "assistant"}, {"content", std::move(answer.text)}});
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInvalidArgument && error.kind() != ErrorKind::kBadInput) throw;
      print_error(format_printable("{}", error.what()));
      answered = false;
    }
    if (!answered) turns_ = before;
    ++completer_.overrides().seed;  // the next answer has another seed, also for the same question
    return answered;
  }

  // Returns false if the conversation ends.
  bool obey(const std::string& line) {
    const auto blank = std::min(line.find_first_of(" \t\n"), line.size());
    const std::string name = line.substr(0, blank);
    const auto from = line.find_first_not_of(" \t\n", blank);
    const std::string rest = from == line.npos ? "" : line.substr(from);
    if (name == "/exit" || name == "/quit") return false;
    if (name == "/help")
      print_requested(kHelp);
    else if (name == "/clear")
      clear();
    else if (name == "/system")
      change_system(rest);
    else if (name == "/regenerate")
      regenerate();
    else if (name == "/save")
      save(rest);
    else
      refuse(name);
    return true;
  }

  void refuse(const std::string& name) const {
    static const std::vector<std::string> known{"help", "exit", "quit", "clear", "system", "regenerate", "save"};
    static constexpr Meaning kMeanings[] = {
        {"bye", "exit"},         {"q", "quit"},          {"reset", "clear"}, {"new", "clear"},
        {"retry", "regenerate"}, {"redo", "regenerate"}, {"write", "save"},  {"?", "help"}};
    auto near = suggestions(std::string_view(name).substr(1), known, kMeanings);
    for (std::string& command : near) command = fmt::format("/{}", command);
    print_requested(format_printable(
        "[there is no {}{}; a blank in front makes it a question]", printable(name, 40),
        near.empty() ? "; /help lists the commands" : fmt::format("; the nearest: {}", fmt::join(near, ", "))));
  }

  void clear() {
    while (turns_.size() > (has_system() ? 1u : 0u)) turns_.erase(turns_.size() - 1);
    print_note("[the conversation is forgotten]");
  }

  void change_system(const std::string& text) {
    if (!chats_) return print_requested("[this model has no chat template and takes no system text]");
    set_system(text);
    print_note(text.empty() ? Printable("[no system text]") : Printable("[the system text is changed]"));
  }

  void regenerate() {
    if (turns_.empty() || turns_.back()["role"] != "assistant") return print_requested("[there is no answer yet]");
    const Json before = turns_;
    turns_.erase(turns_.size() - 1);
    const std::string question = turns_.back()["content"];
    turns_.erase(turns_.size() - 1);
    if (!say(question)) turns_ = before;
  }

  void save(const std::string& file) {
    if (file.empty()) return print_requested("[/save FILE: the name of a file is missing]");
    if (turns_.empty()) return print_requested("[there is nothing to save yet]");
    try {
      if (file != saved_) check(presence(file) == Presence::kAbsent, "{}: is there already; give another name", file);
      write_file(file, dump_json(Json{{"messages", turns_}}) + "\n");
      saved_ = file;
      print_note(format_printable("[saved: {}]", file));
    } catch (const Error& error) {
      print_error(format_printable("{}", error.what()));
    }
  }

  const Loaded& loaded_;
  Completer& completer_;
  const bool chats_;
  Json turns_ = Json::array();
  std::string saved_;  // the file of this conversation, which /save may overwrite
};

}  // namespace

void hold_conversation(const Loaded& loaded, Completer& completer, const ConversationOptions& options) {
  Conversation(loaded, completer, options).hold();
}

}  // namespace linnet::app
