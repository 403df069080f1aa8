// The thread of the engine, and the requests that wait for it. A request is a job of sequences: texts to complete, to
// score or to encode. All jobs share the engine's steps (continuous batching); free slots go round the jobs, so that a
// job of ten thousand sequences does not delay a job of one.
//
//   Scheduler scheduler(model, {.slots = 8, .queue = 128});
//   if (auto ticket = scheduler.admit()) {         // unset: slots + queue requests are there, answer 429
//     scheduler.start(job, std::move(*ticket), deadline);
//   }
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "linnet/generate/engine.h"
#include "linnet/serve/metrics.h"

namespace linnet::serve {

struct SchedulerOptions {
  std::int64_t slots = 8;                  // generated sequences at once
  std::int64_t queue = 128;                // requests that may wait besides `slots`
  std::optional<std::uint64_t> seed = {};  // of requests without one; unset: another one for each
  generate::EngineOptions engine = {};
};

// The place of a request among `slots + queue`; its end frees the place.
class Ticket {
 public:
  explicit Ticket(std::shared_ptr<std::atomic<std::int64_t>> count) : count_(std::move(count)) {}
  ~Ticket() { release(); }
  Ticket(Ticket&&) = default;
  Ticket& operator=(Ticket&&) = delete;
  void release() {
    if (const auto count = std::exchange(count_, nullptr)) --*count;
  }

 private:
  std::shared_ptr<std::atomic<std::int64_t>> count_;
};

class Scheduler;
class Sequence;

// All functions are called by the engine's thread.
class Job {
 public:
  virtual ~Job() = default;
  virtual std::size_t sequences() const = 0;
  // Tokens of a sequence that generates nothing; 0: it generates, and takes a slot.
  virtual std::int64_t tokens(std::size_t /*sequence*/) const { return 0; }
  // Submits the requests of a sequence; its last callback calls `done`.
  virtual void begin(std::size_t index, const std::shared_ptr<Sequence>& sequence) = 0;
  virtual void finish() = 0;                             // every sequence is done
  virtual void fail(const std::exception_ptr& why) = 0;  // nothing of it runs any longer
};

// A job that the scheduler has.
struct ActiveJob {
  std::shared_ptr<Job> job;
  std::chrono::steady_clock::time_point deadline;
  std::size_t begun = 0, done = 0;
  bool ended = false;
  std::vector<std::shared_ptr<Sequence>> running = {};
};

// A sequence in the engine, for its job.
class Sequence : public std::enable_shared_from_this<Sequence> {
 public:
  Sequence(Scheduler& scheduler, std::shared_ptr<ActiveJob> job, std::int64_t tokens)
      : scheduler_(scheduler), job_(std::move(job)), tokens_(tokens) {}

  generate::Engine& engine() const;
  template <class Request>
  void submit(Request request) {
    ids_.push_back(engine().submit(std::move(request)));
  }
  void add(generate::RequestId id) { ids_.push_back(id); }
  void done();
  bool ended() const { return ended_ || job_->ended; }
  // The callback of a request: not called after the job has ended; its exception is the job's end.
  template <class Callback>
  auto guarded(Callback callback) {
    return [self = shared_from_this(), callback = std::move(callback)](auto&&... arguments) mutable {
      using Result = decltype(callback(std::forward<decltype(arguments)>(arguments)...));
      try {
        if (!self->ended()) return callback(std::forward<decltype(arguments)>(arguments)...);
      } catch (...) {
        self->fail(std::current_exception());
      }
      return Result();
    };
  }

 private:
  friend class Scheduler;
  void fail(const std::exception_ptr& why);
  Scheduler& scheduler_;
  std::shared_ptr<ActiveJob> job_;
  std::int64_t tokens_;
  std::vector<generate::RequestId> ids_;
  bool ended_ = false;
};

class Scheduler {
 public:
  Scheduler(const models::Model& model, SchedulerOptions options);
  ~Scheduler();  // ends like stop()
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Any thread may call these.
  std::optional<Ticket> admit();
  const SchedulerOptions& options() const { return options_; }
  std::int64_t admitted() const { return *admitted_; }
  void start(std::shared_ptr<Job> job, std::chrono::steady_clock::time_point deadline);
  void cancel(const std::shared_ptr<Job>& job);  // without a call of its functions
  void run(std::function<void()> work);          // on the engine's thread, between two steps
  Gauges gauges() const;
  void stop();  // fails all jobs and ends the thread

 private:
  friend class Sequence;
  using Jobs = std::list<std::shared_ptr<ActiveJob>>;

  void loop();
  bool take_commands();
  void expire();
  void fill();
  bool begin_next(ActiveJob& active, const std::shared_ptr<ActiveJob>& shared);
  bool has_room(std::int64_t tokens) const;
  void sequence_done(Sequence& sequence);
  void end(ActiveJob& active);
  void fail(ActiveJob& active, const std::exception_ptr& why);
  void fail_all(const std::exception_ptr& why);
  void step();
  void publish();

  SchedulerOptions options_;
  generate::Engine engine_;
  std::shared_ptr<std::atomic<std::int64_t>> admitted_ = std::make_shared<std::atomic<std::int64_t>>(0);
  Jobs jobs_;                                  // of the engine's thread, like the next ones
  std::int64_t generating_ = 0, reading_ = 0;  // sequences, and tokens of the others
  std::size_t sequences_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> commands_;
  Gauges gauges_;
  bool stopped_ = false;
  std::jthread thread_;
};

}  // namespace linnet::serve
