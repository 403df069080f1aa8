#include "linnet/serve/scheduler.h"

#include <algorithm>

#include "linnet/base/error.h"
#include "linnet/serve/api_error.h"

namespace linnet::serve {
namespace {

// Steps of texts that only read which the engine has in advance.
constexpr std::int64_t kReadingSteps = 2;

}  // namespace

generate::Engine& Sequence::engine() const { return scheduler_.engine_; }
void Sequence::done() {
  if (!ended_) scheduler_.sequence_done(*this);
}
void Sequence::fail(const std::exception_ptr& why) { scheduler_.fail(*job_, why); }

Scheduler::Scheduler(const models::Model& model, SchedulerOptions options)
    : options_(std::move(options)), engine_(model, options_.engine) {
  check_option(options_.slots >= 1, "slots", "{} is not 1 or more", options_.slots);
  check_option(options_.queue >= 0, "queue", "{} is not 0 or more", options_.queue);
  publish();
  thread_ = std::jthread([this] { loop(); });
}

Scheduler::~Scheduler() { stop(); }

std::optional<Ticket> Scheduler::admit() {
  const std::int64_t most = options_.slots + options_.queue;
  for (std::int64_t now = *admitted_; now < most;)
    if (admitted_->compare_exchange_weak(now, now + 1)) return Ticket(admitted_);
  return std::nullopt;
}

void Scheduler::run(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(work));
  }
  changed_.notify_one();
}

void Scheduler::start(std::shared_ptr<Job> job, std::chrono::steady_clock::time_point deadline) {
  run([this, active = std::make_shared<ActiveJob>(ActiveJob{.job = std::move(job), .deadline = deadline})] {
    if (active->job->sequences() == 0) return active->job->finish();
    jobs_.push_back(active);
  });
}

void Scheduler::cancel(const std::shared_ptr<Job>& job) {
  run([this, job] {
    for (const auto& active : Jobs(jobs_))
      if (active->job == job) end(*active);
  });
}

void Scheduler::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// Returns false if the thread has to end.
bool Scheduler::take_commands() {
  std::vector<std::function<void()>> commands;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return false;
    commands.swap(commands_);
  }
  for (const auto& command : commands) command();
  return true;
}

void Scheduler::loop() {
  while (take_commands()) {
    expire();
    fill();
    step();
    publish();
  }
  std::vector<std::function<void()>> late;
  {
    const std::lock_guard lock(mutex_);
    late.swap(commands_);
  }
  for (const auto& command : late) command();
  fail_all(std::make_exception_ptr(ApiError(503, "the server is shutting down")));
}

// One step of the engine; without work, waits for commands.
void Scheduler::step() {
  try {
    if (engine_.step()) return;
  } catch (...) {
    // It is not known whose text it was; without this the step would be repeated for ever.
    return fail_all(std::current_exception());
  }
  constexpr std::chrono::milliseconds kLongestWait{100};  // for deadlines
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kLongestWait, [this] { return stopped_ || !commands_.empty(); });
}

void Scheduler::expire() {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& active : Jobs(jobs_))
    if (active->deadline <= now) fail(*active, std::make_exception_ptr(ApiError(504, "the request took too long")));
}

bool Scheduler::has_room(std::int64_t tokens) const {
  if (tokens == 0) return generating_ < options_.slots;
  return reading_ == 0 || reading_ + tokens <= kReadingSteps * options_.engine.batch_tokens;
}

// Gives each job one sequence in turn, as long as there is room.
void Scheduler::fill() {
  for (bool any = true; any;) {
    any = false;
    for (const auto& active : Jobs(jobs_))
      if (!active->ended) any = begin_next(*active, active) || any;
  }
  // Who waited goes first.
  if (jobs_.size() > 1) jobs_.splice(jobs_.end(), jobs_, jobs_.begin());
}

bool Scheduler::begin_next(ActiveJob& active, const std::shared_ptr<ActiveJob>& shared) {
  if (active.begun == active.job->sequences()) return false;
  const std::int64_t tokens = active.job->tokens(active.begun);
  if (!has_room(tokens)) return false;
  const auto sequence = std::make_shared<Sequence>(*this, shared, tokens);
  (tokens == 0 ? generating_ : reading_) += std::max<std::int64_t>(1, tokens);
  ++sequences_;
  active.running.push_back(sequence);
  try {
    active.job->begin(active.begun++, sequence);
  } catch (...) {
    fail(active, std::current_exception());
  }
  return true;
}

void Scheduler::sequence_done(Sequence& sequence) {
  sequence.ended_ = true;
  (sequence.tokens_ == 0 ? generating_ : reading_) -= std::max<std::int64_t>(1, sequence.tokens_);
  --sequences_;
  const auto active = sequence.job_;
  std::erase_if(active->running, [&](const auto& other) { return other.get() == &sequence; });
  if (active->ended || ++active->done < active->job->sequences()) return;
  active->ended = true;
  jobs_.remove(active);
  active->job->finish();
}

void Scheduler::end(ActiveJob& active) {
  if (std::exchange(active.ended, true)) return;
  for (const auto& sequence : active.running) {
    for (const generate::RequestId id : sequence->ids_) engine_.cancel(id);
    sequence->ended_ = true;
    (sequence->tokens_ == 0 ? generating_ : reading_) -= std::max<std::int64_t>(1, sequence->tokens_);
    --sequences_;
  }
  active.running.clear();
  jobs_.remove_if([&](const auto& other) { return other.get() == &active; });
}

void Scheduler::fail(ActiveJob& active, const std::exception_ptr& why) {
  if (active.ended) return;
  end(active);
  active.job->fail(why);
}

void Scheduler::fail_all(const std::exception_ptr& why) {
  for (const auto& active : Jobs(jobs_)) fail(*active, why);
}

void Scheduler::publish() {
  const generate::EngineFigures figures = engine_.figures();
  Gauges now{.sequences = sequences_,
             .blocks_used = figures.blocks_used,
             .blocks_all = figures.blocks_all,
             .computed = figures.computed,
             .found = figures.found,
             .preempted = figures.waits};
  for (const auto& active : jobs_) ++(active->begun > 0 ? now.running : now.waiting);
  const std::lock_guard lock(mutex_);
  gauges_ = now;
}

Gauges Scheduler::gauges() const {
  const std::lock_guard lock(mutex_);
  Gauges now = gauges_;
  now.waiting =
      static_cast<std::size_t>(std::max<std::int64_t>(0, *admitted_ - static_cast<std::int64_t>(now.running)));
  return now;
}

}  // namespace linnet::serve
