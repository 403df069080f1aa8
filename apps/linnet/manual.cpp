#include "manual.h"

#include <fmt/format.h>

#include <cctype>

#include "linnet/base/utf8.h"

namespace linnet::app {

namespace {

// Escapes text for roff: no line starts a request, hyphens can be copied, other letters are by number.
std::string roff(std::string_view text) {
  std::string out;
  if (text.starts_with('.') || text.starts_with('\'')) out += "\\&";
  while (!text.empty()) {
    const auto [code, length] = utf8::decode(text);
    if (code == '\\')
      out += "\\e";
    else if (code == '-')
      out += "\\-";
    else if (code == '\'')
      out += "\\(aq";
    else if (code >= 0x80 && code != utf8::kInvalid)
      out += fmt::format("\\[u{:04X}]", code);
    else
      out += code == '\n' ? " " : std::string(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out;
}

std::string heading(const std::string& name) {
  std::string upper;
  for (const char c : name) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return fmt::format(".TH {} 1 \"\" \"linnet {}\" \"Linnet\"\n", roff(upper), LINNET_VERSION);
}

std::string option_entry(const OptionInfo& option) {
  std::string names;
  for (const std::string& spelling : option.spellings)
    names += fmt::format("{}\\fB{}\\fR", names.empty() ? "" : ", ", roff(spelling));
  if (!option.positional.empty() && option.spellings.empty())
    names = fmt::format("\\fI{}\\fR", roff(option.positional));
  if (!option.value.empty() && !option.spellings.empty()) names += fmt::format(" \\fI{}\\fR", roff(option.value));
  return fmt::format(".TP\n{}\n{}\n", names, roff(option.help));
}

constexpr std::string_view kCommon =
    ".SH ENVIRONMENT\n"
    "Every long option \\fB\\-\\-foo\\-bar\\fR can also be given as \\fBLINNET_FOO_BAR\\fR; the command line wins.\n"
    ".SH EXIT STATUS\n"
    ".TP\n0\ndone\n.TP\n1\nfailed while running: memory, disk, network\n.TP\n2\nwrong usage\n"
    ".TP\n3\nbad input: a model, data or template file that is broken, missing or unsupported\n"
    ".TP\n130\ninterrupted\n";

}  // namespace

std::string manual_page(const CommandInfo& command) {
  const std::string title = "linnet-" + command.name;
  std::string page = heading(title);
  page += fmt::format(".SH NAME\n{} \\- {}\n", roff(title), roff(command.purpose));
  page += fmt::format(".SH SYNOPSIS\n.B linnet {}\n[\\fIoptions\\fR]", roff(command.name));
  for (const OptionInfo& option : command.options)
    if (!option.positional.empty())
      page += fmt::format(" [\\fI{}\\fR{}]", roff(option.positional), option.repeats ? " ..." : "");
  page += "\n.SH OPTIONS\n";
  for (const std::string& group : groups_of(command)) {
    page += fmt::format(".SS {}\n", roff(group));
    for (const OptionInfo& option : command.options)
      if (option.group == group) page += option_entry(option);
  }
  page += ".SH EXAMPLES\n.nf\n";
  for (const std::string& line : command.examples) page += roff(line) + "\n";
  page += ".fi\n";
  return page + std::string(kCommon) + ".SH SEE ALSO\n.BR linnet (1)\n";
}

std::string overview_page(std::span<const CommandInfo> commands) {
  std::string page = heading("linnet");
  page +=
      ".SH NAME\nlinnet \\- runs, prompts and fine\\-tunes pretrained language models\n"
      ".SH SYNOPSIS\n.B linnet\n\\fIverb\\fR [\\fIoptions\\fR]\n"
      ".SH DESCRIPTION\nReads models from Hugging Face folders and GGUF files as they are. Each verb has a manual page "
      "of\n"
      "its own, and \\fBlinnet\\fR \\fIverb\\fR \\fB\\-\\-help\\fR shows its options.\n.SH VERBS\n";
  std::string also;
  for (const CommandInfo& command : commands) {
    page += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(command.name), roff(command.purpose));
    also += fmt::format("{}.BR {} (1)", also.empty() ? "" : ",\n", roff("linnet-" + command.name));
  }
  return page + std::string(kCommon) + ".SH SEE ALSO\n" + also + "\n";
}

}  // namespace linnet::app
