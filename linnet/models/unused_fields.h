// Fields of a configuration that no code reads. Most do not affect the results; those that do must have the value that
// disables them.
//
//   check_unused_fields(fields, family);   // after read_config's look-ups: kBadInput names the field
//   warn_unknown_fields(fields, family);
#pragma once

#include "linnet/models/family.h"

namespace linnet::models {

// kBadInput naming a field that requests a computation that is not implemented.
void check_unused_fields(const ConfigFields& fields, const Family& family);

// Warns about fields in no list: they may affect the computation.
void warn_unknown_fields(const ConfigFields& fields, const Family& family);

}  // namespace linnet::models
