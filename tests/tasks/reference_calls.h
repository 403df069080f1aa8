// The calls of tests/fixtures/tasks/<name>/expected.json, with their results by the reference pipelines.
#pragma once

#include <string>

#include "linnet/base/json.h"
#include "tests/models/fixture.h"

namespace linnet::tasks {

inline Json reference_calls(const std::string& name) {
  return read_json(fixtures() / "tasks" / name / "expected.json");
}

// The value of a call's argument, or the default.
template <class T>
T argument(const Json& call, const char* name, T otherwise) {
  return call.contains(name) ? call.at(name).get<T>() : otherwise;
}

}  // namespace linnet::tasks
