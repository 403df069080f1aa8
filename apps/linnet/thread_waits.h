// How threads wait for each other: briefly, so that a machine that others use too goes on.
#pragma once

#include <string>

namespace linnet::app {

// libgomp's threads spin for milliseconds before they sleep. Where other programs want the same cores, that takes the
// very time that the thread they wait for needs, many times a token. It reads how long from GOMP_SPINCOUNT as it is
// loaded, so the program starts itself again with a short one: as quick alone (docs/performance.md), several times
// quicker in company. Comes back where the user chose (GOMP_SPINCOUNT, OMP_WAIT_POLICY), or where it cannot be done.
void shorten_thread_waits(char** argv);

// What GOMP_SPINCOUNT is; "" where nothing was chosen.
std::string thread_spin_count();

}  // namespace linnet::app
