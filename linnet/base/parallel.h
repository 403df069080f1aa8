// One thread runtime for everything: OpenMP (libgomp), std::jthread under ThreadSanitizer. Signals: docs/design.md.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace linnet {

// A reference to a callable: no allocation, valid while the callable lives.
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>) FunctionRef(F&& f)
  noexcept  // NOLINT: implicit by purpose
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(static_cast<Args&&>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, static_cast<Args&&>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

// Physical cores this process may use.
int default_threads();
int threads();
void set_threads(int count);  // kRuntime if the system cannot start that many

// Splits [0, n) into one contiguous range per thread, none smaller than `grain`, and runs body(begin, end) on each.
// Nested calls run inline. An exception of a body is rethrown when all have ended. The split depends on n, grain and
// threads() only: same bits each run.
void parallel_for(std::int64_t n, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body);

// Splits [0, n) into one part per thread and each part into pieces of at most `piece`, and runs body(begin, end) on
// each piece. A thread takes the pieces of its own part, then steals from others, so that a slow core does not delay
// the rest. The thread of a piece differs from run to run: results must not depend on it.
void parallel_pieces(std::int64_t n, std::int64_t piece, FunctionRef<void(std::int64_t, std::int64_t)> body);

// `hook` runs once on each thread of a team before its next work (a stack for signal handlers, a name, …); null: no
// hook.
void on_thread_start(void (*hook)());

// Runs body(thread, count) once on each of threads() threads (count may be 1 when nested).
void parallel_region(FunctionRef<void(int, int)> body);

}  // namespace linnet
