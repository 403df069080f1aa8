// Lines that a person types: arrow keys, history, pastes of several lines and of any length. Standard input must be a
// terminal.
//
//   LineEditor editor(linnet_cache() / "chat_history");
//   for (std::string line; editor.read("> ", line) == LineEditor::Result::kLine;) …
//
// Between two reads the terminal neither echoes nor collects lines, so that nothing of what is typed or pasted
// meanwhile is cut, and Ctrl-C waits for the next read like any key; SignalKeys makes it a signal. The destructor, or
// restore_terminal(), gives the terminal back as it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace linnet::app {

class LineEditor {
 public:
  // kDropped: Ctrl-C in a line that had text. kInterrupted: Ctrl-C in an empty line. kEnd: Ctrl-D, or a signal while a
  // PoliteInterrupt lives.
  enum class Result : std::uint8_t { kLine, kDropped, kInterrupted, kEnd };

  // `history`: earlier lines are read from there and new ones added, readable by their owner only. A file that cannot
  // be read or written is left alone.
  explicit LineEditor(const std::filesystem::path& history);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // A line without its end; it has several lines where they were pasted, or entered with Alt-Enter.
  Result read(const std::string& prompt, std::string& line);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace linnet::app
