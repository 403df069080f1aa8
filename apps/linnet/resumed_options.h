// `linnet train --resume -o DIR`: the options of the run whose checkpoint is there, without giving them again.
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "linnet/train/options.h"

namespace linnet::app {

// The options of a command line that a checkpoint records: all that define the run, with absolute paths.
RecordedOptions options_to_record(const Command& command);

// The arguments of a resumed run: the given ones and other recorded ones. kBadInput naming `file` for a recorded name
// that is not an option of `command`.
std::vector<std::string> resumed_arguments(const Command& command, Arguments given, const RecordedOptions& recorded,
                                           const std::string& file);

// True if no given option can contradict a recorded one.
bool only_resumes(const Command& command);

}  // namespace linnet::app
