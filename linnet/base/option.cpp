#include "linnet/base/option.h"

namespace linnet {
namespace {

OptionSpelling spelling_of_the_program = nullptr;

}  // namespace

void set_option_spelling(OptionSpelling spelling) { spelling_of_the_program = spelling; }

std::string spelled(OptionName option) {
  return spelling_of_the_program == nullptr ? option.field : spelling_of_the_program(option.field);
}

}  // namespace linnet
