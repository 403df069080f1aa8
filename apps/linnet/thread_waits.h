// Limits how long threads spin while they wait, since other programs share the machine.
#pragma once

#include <string>

namespace linnet::app {

// libgomp's threads spin for milliseconds before they sleep. If other programs need the same cores, spinning takes the
// time of the thread that they wait for, many times per token. libgomp reads GOMP_SPINCOUNT when it is loaded, so the
// program restarts itself with a short one: as fast alone (docs/performance.md), several times faster next to others.
// Returns if the user has set it (GOMP_SPINCOUNT, OMP_WAIT_POLICY), or on failure.
void shorten_thread_waits(char** argv);

// The value of GOMP_SPINCOUNT, or "".
std::string thread_spin_count();

}  // namespace linnet::app
