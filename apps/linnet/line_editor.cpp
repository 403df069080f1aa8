#include "line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <signal.h>  // NOLINT: pthread_sigmask is POSIX, not in <csignal>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <cwctype>
#include <optional>
#include <utility>
#include <vector>

#include "interrupt.h"
#include "line_history.h"
#include "linnet/base/error.h"
#include "linnet/base/utf8.h"
#include "terminal_state.h"

namespace linnet::app {

struct LineEditor::State {
  std::filesystem::path history_file;
  FILE* out = nullptr;  // the terminal
  EditLine* editor = nullptr;
  History* history = nullptr;
  std::string prompt;
  std::optional<LineEditor::Result> interrupted;
  std::pair<int, int> size{0, 0};  // columns and rows known to the editor
};

namespace {

using State = LineEditor::State;
using Result = LineEditor::Result;

constexpr int kCheckMs = 250;  // the signal thread only sets a flag, so the editor polls

State& state_of(EditLine* editor) {
  State* state = nullptr;
  el_get(editor, EL_CLIENTDATA, &state);
  return *state;
}

std::pair<int, int> terminal_size() {
  winsize size{};
  if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) return {0, 0};
  return {size.ws_col, size.ws_row};
}

// Number of cells that libedit uses for a character at a column of a row of `columns`.
std::size_t cells_of(wchar_t c, std::size_t column, std::size_t columns) {
  const auto code = static_cast<std::uint32_t>(c);
  if (c == L'\t') return std::min(8 - column % 8, columns - column);
  if (code < 0x100 && std::iswcntrl(static_cast<std::wint_t>(c)) != 0) return 2;      // ^X
  if (std::iswprint(static_cast<std::wint_t>(c)) == 0) return code > 0xFFFF ? 8 : 7;  // \U+XXXX
  return static_cast<std::size_t>(std::max(1, ::wcwidth(c)));
}

// Number of cells that libedit has filled in each row from the prompt to the cursor, whose row is the last.
std::vector<std::size_t> rows_to_cursor(const LineInfoW& line, std::size_t prompt, std::size_t columns) {
  std::vector<std::size_t> rows{prompt};
  for (const wchar_t* c = line.buffer; c != line.cursor; ++c) {
    if (*c == L'\n') {
      rows.push_back(0);
      continue;
    }
    std::size_t cells = cells_of(*c, rows.back(), columns);
    const bool wide = cells == 2 && ::wcwidth(*c) == 2;
    if (wide && rows.back() + 1 == columns) cells = 3;  // a space: a wide character is not split
    for (rows.back() += cells; rows.back() >= columns; rows.push_back(cells)) {
      cells = rows.back() - columns;
      rows.back() = columns;
    }
  }
  return rows;
}

// Redraws the line after a resize. Rows on the screen have the old width, and each has its own end: a wider terminal
// keeps them, a narrower one truncates or wraps each.
void follow_size(EditLine* editor, State& state) {
  const auto now = terminal_size();
  const bool continued = program_continued();  // below the output of the shell
  if (now == state.size && !continued) return;
  std::size_t above = 0;
  if (!continued && now.first > 0 && state.size.first > 0) {
    const auto width = static_cast<std::size_t>(now.first);
    const auto rows =
        rows_to_cursor(*el_wline(editor), state.prompt.size(), static_cast<std::size_t>(state.size.first));
    above = rows.size() - 1;
    if (terminal_breaks_lines()) {
      for (std::size_t i = 0; i + 1 < rows.size(); ++i) above += rows[i] == 0 ? 0 : (rows[i] - 1) / width;
      above += rows.back() / width;
    }
  }
  state.size = now;
  el_resize(editor);
  if (above > 0) std::fprintf(state.out, "\033[%zuA", above);
  std::fputs("\r\033[J", state.out);
  el_set(editor, EL_REFRESH);
}

// The next byte of standard input; negative at the end.
int next_byte(EditLine* editor, State& state) {
  for (;;) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = poll(&input, 1, kCheckMs);
    if ((ready < 0 && errno != EINTR) || PoliteInterrupt::asked()) return -1;
    follow_size(editor, state);
    if (ready <= 0) continue;
    unsigned char byte = 0;
    const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
    if (got == 1) return byte;
    if (got == 0 || (errno != EINTR && errno != EAGAIN)) return -1;
  }
}

// libedit's reader skips invalid bytes and stops at interruptions.
int read_character(EditLine* editor, wchar_t* character) {
  State& state = state_of(editor);
  std::string bytes;
  do {
    const int byte = next_byte(editor, state);
    if (byte < 0) return 0;
    bytes += static_cast<char>(byte);
  } while (utf8::complete_prefix(bytes) < bytes.size());
  const auto [code, length] = utf8::decode(bytes);
  *character = static_cast<wchar_t>(code == utf8::kInvalid ? 0xFFFD : code);
  return 1;
}

// A paste is between two marks; everything in it is text, also line ends and keys.
unsigned char insert_paste(EditLine* editor, int) {
  constexpr std::wstring_view kEnd = L"\033[201~";
  std::wstring text;
  for (wchar_t c = 0; !text.ends_with(kEnd) && el_wgetc(editor, &c) == 1;)
    if (c != 0 && !(c == L'\n' && text.ends_with(L'\r'))) text += c;
  if (text.ends_with(kEnd)) text.resize(text.size() - kEnd.size());
  std::ranges::replace(text, L'\r', L'\n');
  return el_winsertstr(editor, text.c_str()) == 0 || text.empty() ? CC_REFRESH : CC_ERROR;
}

unsigned char insert_line_end(EditLine* editor, int) {
  return el_winsertstr(editor, L"\n") == 0 ? CC_REFRESH : CC_ERROR;
}

unsigned char interrupt(EditLine* editor, int) {
  State& state = state_of(editor);
  const LineInfoW* const line = el_wline(editor);
  state.interrupted = line->lastchar == line->buffer ? Result::kInterrupted : Result::kDropped;
  el_cursor(editor, static_cast<int>(line->lastchar - line->cursor));
  el_winsertstr(editor, L"^C");
  el_wpush(editor, L"\n");  // the key that moves below a line of several rows
  return CC_REFRESH;
}

unsigned char end_or_delete(EditLine* editor, int) {
  const LineInfoW* const line = el_wline(editor);
  if (line->lastchar == line->buffer) return CC_EOF;
  if (line->cursor == line->lastchar) return CC_ERROR;
  el_cursor(editor, 1);
  el_deletestr(editor, 1);
  return CC_REFRESH;
}

// Ctrl-Z. Uses the default action, which has no effect without a shell.
unsigned char suspend(EditLine* editor, int) {
  el_set(editor, EL_PREP_TERM, 0);
  sigset_t stop, before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  const auto handler = signal(SIGTSTP, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &stop, &before);
  raise(SIGTSTP);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  signal(SIGTSTP, handler);
  el_set(editor, EL_PREP_TERM, 1);
  return CC_NORM;  // follow_size redraws the line, unless nothing was stopped
}

char* prompt_of(EditLine* editor) { return state_of(editor).prompt.data(); }

void bind_keys(EditLine* editor) {
  const auto bind = [&](const char* name, const char* help, auto* function, std::initializer_list<const char*> keys) {
    el_set(editor, EL_ADDFN, name, help, function);
    for (const char* key : keys) el_set(editor, EL_BIND, key, name, nullptr);
  };
  bind("linnet-paste", "insert a paste", &insert_paste, {"\\e[200~"});
  bind("linnet-line-end", "insert a line end", &insert_line_end, {"\\e\\r", "\\e\\n"});
  bind("linnet-interrupt", "drop the line", &interrupt, {"^C"});
  bind("linnet-end", "end, or delete a character", &end_or_delete,
       {"^D", "^@"});  // ^@: a Ctrl-D typed before the editor was ready
  bind("linnet-suspend", "stop until fg", &suspend, {"^Z"});
  for (const auto& [key, function] : {std::pair("\\e[1~", "ed-move-to-beg"), std::pair("\\e[4~", "ed-move-to-end"),
                                      std::pair("\\e[H", "ed-move-to-beg"), std::pair("\\e[F", "ed-move-to-end"),
                                      std::pair("\\e[3~", "ed-delete-next-char"), std::pair("\\e[1;5C", "em-next-word"),
                                      std::pair("\\e[1;5D", "ed-prev-word"), std::pair("^R", "em-inc-search-prev")})
    el_set(editor, EL_BIND, key, function, nullptr);
}

}  // namespace

LineEditor::LineEditor(const std::filesystem::path& history) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.history_file = history;
  remember_terminal();
  std::setlocale(LC_CTYPE, "C.UTF-8");  // libedit's characters have the locale's encoding; text is UTF-8 everywhere
  const char* const terminal = isatty(STDERR_FILENO) == 1 ? ttyname(STDERR_FILENO) : ttyname(STDIN_FILENO);
  s.out = terminal == nullptr ? nullptr : std::fopen(terminal, "we");
  check(s.out != nullptr, ErrorKind::kRuntime, "the terminal cannot be opened; give the prompt as an argument");
  s.editor = el_init("linnet", stdin, s.out, s.out);
  check(s.editor != nullptr, ErrorKind::kRuntime, "the terminal cannot be set up; give the prompt as an argument");
  s.size = terminal_size();
  el_set(s.editor, EL_SETTC, "am", "no", nullptr);  // libedit must end each row explicitly: follow_size
  el_set(s.editor, EL_CLIENTDATA, &s);
  el_set(s.editor, EL_EDITOR, "emacs");
  el_set(s.editor, EL_PROMPT, &prompt_of);
  el_wset(s.editor, EL_GETCFN, &read_character);
  el_set(s.editor, EL_SETTY, "-d", "-isig", nullptr);
  el_set(s.editor, EL_SETTY, "-x", "-icanon", "-echo", "-isig", nullptr);
  bind_keys(s.editor);
  HistEvent event;
  s.history = history_init();
  ::history(s.history, &event, H_SETSIZE, static_cast<int>(kHistoryLines));
  ::history(s.history, &event, H_SETUNIQUE, 1);
  for (const std::string& line : load_history(history)) ::history(s.history, &event, H_ENTER, line.c_str());
  el_set(s.editor, EL_HIST, &::history, s.history);
  el_set(s.editor, EL_PREP_TERM, 1);  // from now on the terminal neither truncates nor echoes
  std::fputs("\033[?2004h", s.out);   // enables bracketed paste
  std::fflush(s.out);
}

LineEditor::~LineEditor() {
  if (state_->editor != nullptr) el_end(state_->editor);
  if (state_->history != nullptr) history_end(state_->history);
  if (state_->out != nullptr) std::fclose(state_->out);
  restore_terminal();
}

LineEditor::Result LineEditor::read(const std::string& prompt, std::string& line) {
  State& s = *state_;
  s.prompt = prompt;
  s.interrupted.reset();
  int count = 0;
  const char* const text = el_gets(s.editor, &count);
  if (s.interrupted) return *s.interrupted;
  if (text == nullptr || count <= 0) return Result::kEnd;
  line.assign(text, static_cast<std::size_t>(count));
  if (line.ends_with('\n')) line.pop_back();
  if (line.find_first_not_of(" \t\n") == line.npos) return Result::kLine;
  HistEvent event;
  if (line.size() <= kHistoryBytes) ::history(s.history, &event, H_ENTER, line.c_str());
  add_to_history(s.history_file, line);
  return Result::kLine;
}

}  // namespace linnet::app
