// `linnet train --resume -o DIR`: the options of the run whose checkpoint is there, without giving them again.
#pragma once

#include <string>
#include <vector>

#include "command.h"
#include "linnet/train/options.h"

namespace linnet::app {

// What a checkpoint records of a command line: every option that makes the run what it is, paths made absolute.
RecordedOptions options_to_record(const Command& command);

// The arguments of a resumed run: those given, and the recorded ones that were not. kBadInput naming `file` for a
// recorded name that is no option of `command`.
std::vector<std::string> resumed_arguments(const Command& command, Arguments given, const RecordedOptions& recorded,
                                           const std::string& file);

// Was nothing given that a recorded option could be at odds with?
bool only_resumes(const Command& command);

}  // namespace linnet::app
