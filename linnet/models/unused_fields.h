// Fields of a configuration that nothing here reads. Most change no number; some do, in the models that have them, and
// must have the value that means "not used".
//
//   check_unused_fields(fields, family);   // after read_config's look-ups: kBadInput names the field
//   warn_unknown_fields(fields, family);
#pragma once

#include "linnet/models/family.h"

namespace linnet::models {

// kBadInput naming a field that changes the computation and asks for something that is not implemented.
void check_unused_fields(const ConfigFields& fields, const Family& family);

// A warning naming the fields that are in no list: they may change the computation.
void warn_unknown_fields(const ConfigFields& fields, const Family& family);

}  // namespace linnet::models
