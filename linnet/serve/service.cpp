#include "linnet/serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "linnet/serve/fields.h"
#include "linnet/serve/list_job.h"
#include "linnet/serve/routes.h"
#include "linnet/tasks/prompt_ids.h"

namespace linnet::serve {

using Answer = HttpReply (Server::*)() const;
using MakeJob = std::shared_ptr<Job> (*)(const Json& body, const std::shared_ptr<Call>& call);

// A route has an answer, or makes a job.
struct Server::Route {
  const char* method;
  const char* path;
  HttpReply (Server::*answer)() const = nullptr;
  MakeJob job = nullptr;
  bool open = false;  // needs no key
  ApiShape shape = ApiShape::kOpenAi;
};

std::vector<Server::Route> Server::routes() {
  return {
      {.method = "GET", .path = "/", .answer = &Server::index},
      {.method = "GET", .path = "/health", .answer = &Server::health, .open = true},
      {.method = "GET", .path = "/metrics", .answer = &Server::metrics},
      {.method = "GET", .path = "/v1/models", .answer = &Server::models},
      {.method = "POST", .path = "/v1/completions", .job = completions},
      {.method = "POST", .path = "/v1/chat/completions", .job = chat_completions},
      {.method = "POST", .path = "/v1/embeddings", .job = embeddings},
      {.method = "POST", .path = "/v1/classify", .job = classify},
      {.method = "POST", .path = "/v1/score", .job = score},
      {.method = "GET", .path = "/info", .answer = &Server::info, .shape = ApiShape::kTei},
      {.method = "POST", .path = "/predict", .job = tei_predict, .shape = ApiShape::kTei},
      {.method = "POST", .path = "/embed", .job = tei_embed, .shape = ApiShape::kTei},
      {.method = "POST", .path = "/rerank", .job = tei_rerank, .shape = ApiShape::kTei},
      {.method = "POST", .path = "/decode", .job = tei_decode, .shape = ApiShape::kTei},
      {.method = "POST", .path = "/tokenize", .job = tokenize, .shape = ApiShape::kTei},
      {.method = "POST", .path = "/detokenize", .job = llama_detokenize},
      {.method = "POST", .path = "/apply-template", .job = llama_apply_template},
  };
}

namespace {

constexpr std::size_t kWorkers = 2;
constexpr std::string_view kModelPath = "/v1/models/";

// "application/json", with or without parameters.
bool is_json(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return std::ranges::equal(type, std::string_view("application/json"), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// HEAD is answered like GET, without the body.
bool same_method(std::string_view sent, std::string_view route) {
  return sent == route || (sent == "HEAD" && route == "GET");
}

}  // namespace

Server::Server(const Loaded& loaded, ServerOptions options)
    : options_(std::move(options)),
      access_(options_.access),
      model_(options_.name, loaded, options_.scheduler),
      routes_(routes()),
      work_(std::make_unique<WorkQueue>(kWorkers)) {
  http_ = std::make_unique<HttpServer>(options_.http, *this);
}

// Requests hold connections, so they end first.
Server::~Server() {
  draining_ = true;
  work_.reset();
  model_.scheduler.stop();
  http_->close_after_answers();
  http_->wait_idle(std::chrono::seconds(2));
  http_.reset();
}

void Server::drain() {
  draining_ = true;
  constexpr std::chrono::milliseconds kLook{10};
  while (model_.scheduler.admitted() > 0) std::this_thread::sleep_for(kLook);
  http_->close_after_answers();
  http_->wait_idle(std::chrono::seconds(10));
}

HttpReply Server::fault(int status, const std::string& why) { return error_reply(ApiError(status, why)); }

const Server::Route* Server::find(const HttpHead& head) const {
  const auto found = std::ranges::find_if(
      routes_, [&](const Route& route) { return route.path == head.path && same_method(head.method, route.method); });
  return found == routes_.end() ? nullptr : &*found;
}

HttpReply Server::with_cors(HttpReply reply, const HttpHead& head) const {
  for (auto& header : access_.cors(head)) reply.headers.push_back(std::move(header));
  return reply;
}

std::optional<HttpReply> Server::refuse(const HttpHead& head) {
  const Route* route = find(head);
  const bool preflight = head.method == "OPTIONS" && !access_.cors(head).empty();
  const ApiShape shape = route != nullptr ? route->shape : ApiShape::kOpenAi;
  const auto error = [&](int status, const std::string& message) {
    metrics_.count_request(route != nullptr ? route->path : "other", status);
    return with_cors(error_reply(ApiError(status, message), shape), head);
  };
  if (const auto denied = access_.check(head, preflight || (route != nullptr && route->open)))
    return error(denied->status, denied->message);
  if (preflight) return std::nullopt;
  const bool known = std::ranges::any_of(routes_, [&](const Route& r) { return r.path == head.path; });
  const bool one_model = head.path.starts_with(kModelPath) && same_method(head.method, "GET");
  if (route == nullptr && !one_model)
    return error(known ? 405 : 404, known ? "this path takes another method" : "there is no such path");
  if (head.method == "POST" && !is_json(head.content_type))
    return error(415, "send the body as Content-Type: application/json");
  return std::nullopt;
}

void Server::handle(HttpRequest request, std::shared_ptr<Exchange> exchange) {
  const HttpHead& head = request.head;
  const Route* route = find(head);
  if (head.method == "OPTIONS") {
    HttpReply reply{.status = 204, .content_type = ""};
    reply.headers = {{"Access-Control-Allow-Methods", "GET, POST"},
                     {"Access-Control-Allow-Headers", "authorization, content-type"},
                     {"Access-Control-Max-Age", "600"}};
    return exchange->answer(with_cors(std::move(reply), head));
  }
  if (route == nullptr) return exchange->answer(with_cors(model_named(head.path.substr(kModelPath.size())), head));
  if (route->answer != nullptr) {
    HttpReply reply = (this->*route->answer)();
    metrics_.count_request(route->path, reply.status);
    return exchange->answer(with_cors(std::move(reply), head));
  }
  admit(*route, std::move(request), exchange);
}

// Takes the request if there is a place, and makes its job on another thread.
void Server::admit(const Route& route, HttpRequest request, const std::shared_ptr<Exchange>& exchange) {
  const auto refuse = [&](const ApiError& error) {
    metrics_.count_request(route.path, error.status());
    exchange->answer(with_cors(error_reply(error, route.shape), request.head));
  };
  if (draining_) return refuse(ApiError(503, "the server is shutting down"));
  auto ticket = model_.scheduler.admit();
  if (!ticket) return refuse(ApiError(429, "all slots and places in the queue are taken; try again later"));
  const auto call = std::make_shared<Call>(exchange, std::move(*ticket), model_, metrics_, route.path, route.shape);
  call->set_headers(access_.cors(request.head));
  work_->post([this, make = route.job, call, body = std::move(request.body)] {
    try {
      if (const auto job = make(parse_body(body), call)) call->start(job, options_.request_time);
    } catch (...) {
      call->fail(std::current_exception());
    }
  });
}

HttpReply Server::health() const {
  if (draining_) return error_reply(ApiError(503, "the server is shutting down"));
  return {.body = R"({"status":"ok"})"};
}

// The routes.
HttpReply Server::index() const {
  std::string text = fmt::format("linnet: {}\n\n", std::string(printable(model_.name)));
  for (const Route& route : routes_) text += fmt::format("{:<4} {}\n", route.method, route.path);
  return {.body = std::move(text), .content_type = "text/plain; charset=utf-8"};
}

// Of TEI.
HttpReply Server::info() const {
  const models::Model& model = *model_.loaded.model;
  const Json info{{"model_id", model_.name},
                  {"model_type", model.family().model_type},
                  {"max_input_length", tasks::length_limit(model, model_.loaded.tokenizer())},
                  {"max_concurrent_requests", options_.scheduler.slots + options_.scheduler.queue},
                  {"max_batch_tokens", options_.scheduler.engine.batch_tokens},
                  {"max_client_batch_size", kMostTexts}};
  return {.body = dump_json(info)};
}

HttpReply Server::metrics() const {
  return {.body = metrics_.text(model_.scheduler.gauges()), .content_type = "text/plain; version=0.0.4; charset=utf-8"};
}

Json Server::model_json() const {
  return {{"id", model_.name}, {"object", "model"}, {"created", model_.created}, {"owned_by", "linnet"}};
}

HttpReply Server::models() const {
  return {.body = dump_json(Json{{"object", "list"}, {"data", Json::array({model_json()})}})};
}

HttpReply Server::model_named(const std::string& name) const {
  if (name == model_.name) return {.body = dump_json(model_json())};
  return error_reply(
      ApiError(404, "this model does not exist; /v1/models lists what there is", "model", "model_not_found"));
}

}  // namespace linnet::serve
