// linnet serve: an HTTP server of one model.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "byte_size.h"
#include "interrupt.h"
#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "linnet/base/log.h"
#include "linnet/base/memory.h"
#include "linnet/serve/service.h"
#include "model_options.h"
#include "output.h"
#include "verbs.h"

namespace linnet::app {
namespace {

struct ServeFlags {
  ModelOptions model;
  std::string host = "127.0.0.1", key_file, cache_memory;
  std::int64_t port = 8080, slots = 8, queue = 128, request_time = 600;
  std::vector<std::string> hosts, origins;
  bool no_auth = false;
};

void add_options(Command& command, ServeFlags& o) {
  command.example("linnet serve -m SmolLM2-135M-Instruct.gguf --port 8080");
  command.example("linnet serve -m smollm2=SmolLM2-135M-Instruct.gguf --host 0.0.0.0 --api-key-file key.txt");
  command.option("--host", o.host);
  command.option("--port", o.port);
  command.option("--api-key-file", o.key_file);
  command.flag("--no-auth", o.no_auth);
  command.option("--allow-host", o.hosts);
  command.option("--allow-origin", o.origins);
  command.option("--slots", o.slots);
  command.option("--queue", o.queue);
  command.option("--request-time", o.request_time);
  command.option("--cache-memory", o.cache_memory);
  add_model_options(command, o.model);
}

// Takes NAME= from -m NAME=MODEL. Returns the name, "" if there is none.
std::string take_name(ModelOptions& model) {
  const auto sign = model.model.find('=');
  if (sign == std::string::npos || sign == 0 || model.model.find('/') < sign ||
      presence(model.model) != Presence::kAbsent)
    return "";
  const std::string name = model.model.substr(0, sign);
  model.model.erase(0, sign + 1);
  return name;
}

// The folder's or the file's name, without ".gguf".
std::string name_of(const std::filesystem::path& place) {
  const std::filesystem::path name = place.has_filename() ? place.filename() : place.parent_path().filename();
  return name.extension() == ".gguf" ? name.stem().string() : name.string();
}

std::string read_key(const std::string& file) {
  std::string key = read_file(file);
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r' || key.back() == ' ')) key.pop_back();
  check(!key.empty() && key.find_first_of(" \t\r\n") == key.npos, ErrorKind::kBadInput,
        "{}: has no key; write one word into it", file);
  return key;
}

// Every slot can have a whole context, if there is enough memory.
std::size_t default_cache(const models::Model& model, std::int64_t slots) {
  constexpr std::int64_t kWithoutContext = 8192;
  const std::int64_t context = model.context() > 0 ? model.context() : kWithoutContext;
  const std::size_t one = model.make_cache().bytes_per_position() * static_cast<std::size_t>(context + 2 * 64);
  const std::size_t most = static_cast<std::size_t>(available_memory()) / 4;
  return std::max(one, std::min(most, one * static_cast<std::size_t>(slots)));
}

void say_where(const serve::Server& server, const ServeFlags& o, const std::string& name) {
  const bool v6 = o.host.find(':') != std::string::npos;
  print_note(format_printable("linnet: {} at http://{}{}{}:{} ({} slots, {} places in the queue)", name, v6 ? "[" : "",
                              o.host, v6 ? "]" : "", server.port(), o.slots, o.queue));
}

}  // namespace

void run_serve(Arguments arguments) {
  ServeFlags o;
  Command command("serve", "a server with the HTTP interfaces of OpenAI and others");
  add_options(command, o);
  command.parse(arguments);
  if (!serve::is_loopback(o.host) && o.key_file.empty() && !o.no_auth)
    command.wrong_usage("others can reach --host " + std::string(printable(o.host, 60)) +
                        "; give --api-key-file, or --no-auth to serve everybody");
  if (o.no_auth && !o.key_file.empty()) command.wrong_usage("--no-auth and --api-key-file: one of them");
  std::string name = take_name(o.model);
  serve::ServerOptions options;
  options.http.host = o.host;
  options.http.port = static_cast<std::uint16_t>(o.port);
  options.access = {
      .host = o.host, .key = o.key_file.empty() ? "" : read_key(o.key_file), .hosts = o.hosts, .origins = o.origins};
  options.request_time = std::chrono::seconds(o.request_time);
  const Loaded loaded = load_pretrained(command, o.model);
  options.name = name.empty() ? name_of(loaded.files.place()) : name;
  options.scheduler = {.slots = o.slots, .queue = o.queue};
  if (command.given("--seed")) options.scheduler.seed = o.model.seed;
  options.scheduler.engine.memory = o.cache_memory.empty() ? default_cache(*loaded.model, o.slots)
                                                           : parse_bytes(command, "--cache-memory", o.cache_memory);
  // Replies name fields, not flags; notes about single requests are not for the log.
  set_option_spelling(nullptr);
  set_log_level(LogLevel::kWarning);
  const PoliteInterrupt interrupt;
  serve::Server server(loaded, options);
  say_where(server, o, options.name);
  constexpr std::chrono::milliseconds kLook{50};
  while (!PoliteInterrupt::asked()) std::this_thread::sleep_for(kLook);
  print_note("linnet: finishing the running requests; a second signal ends at once");
  server.drain();
}

}  // namespace linnet::app
