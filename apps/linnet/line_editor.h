// A line editor: arrow keys, history, pastes of several lines and of any length. Standard input must be a terminal.
//
//   LineEditor editor(linnet_cache() / "chat_history");
//   for (std::string line; editor.read("> ", line) == LineEditor::Result::kLine;) …
//
// Between two reads the terminal neither echoes nor buffers lines, so that typed or pasted text is not truncated, and
// Ctrl-C waits for the next read like any key; SignalKeys makes it a signal. The destructor, or restore_terminal(),
// restores the terminal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace linnet::app {

class LineEditor {
 public:
  // kDropped: Ctrl-C in a line that had text. kInterrupted: Ctrl-C in an empty line. kEnd: Ctrl-D, or a signal during
  // the lifetime of a PoliteInterrupt.
  enum class Result : std::uint8_t { kLine, kDropped, kInterrupted, kEnd };

  // `history`: a file of earlier lines, to which new ones are added; only its owner may read it. Read and write errors
  // are ignored.
  explicit LineEditor(const std::filesystem::path& history);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  // A line without its end; several lines if pasted, or entered with Alt-Enter.
  Result read(const std::string& prompt, std::string& line);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace linnet::app
