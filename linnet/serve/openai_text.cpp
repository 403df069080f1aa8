#include "linnet/serve/openai_text.h"

#include <chrono>

#include "linnet/base/utf8.h"

namespace linnet::serve {
namespace {

using generate::FinishReason;

Json finish_json(const std::optional<FinishReason>& finish) {
  if (!finish) return {};
  return *finish == FinishReason::kStop ? "stop" : "length";
}

Json bytes_json(const std::string& bytes) {
  Json list = Json::array();
  for (const unsigned char byte : bytes) list.push_back(byte);
  return list;
}

Json chat_token(const TokenTexts& texts, std::int32_t id, double logprob) {
  return {{"token", texts.name_of(id)}, {"logprob", logprob}, {"bytes", bytes_json(texts.bytes_of(id))}};
}

Json chat_logprobs(const TokenTexts& texts, const std::vector<TokenChance>& tokens) {
  Json content = Json::array();
  for (const TokenChance& chance : tokens) {
    Json entry = chat_token(texts, chance.id, chance.logprob.value_or(0));
    Json top = Json::array();
    for (const auto& [id, logprob] : chance.top) top.push_back(chat_token(texts, id, logprob));
    entry["top_logprobs"] = std::move(top);
    content.push_back(std::move(entry));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

// A map of texts to log-probabilities, the token itself included, as OpenAI does it.
Json legacy_top(const TokenTexts& texts, const TokenChance& chance) {
  if (!chance.logprob) return {};
  Json top = Json::object();
  for (const auto& [id, logprob] : chance.top) {
    const std::string name = texts.name_of(id);
    if (!top.contains(name)) top[name] = logprob;
  }
  const std::string own = texts.name_of(chance.id);
  if (!top.contains(own)) top[own] = *chance.logprob;
  return top;
}

Json legacy_logprobs(const TokenTexts& texts, const std::vector<TokenChance>& tokens) {
  Json names = Json::array(), values = Json::array(), tops = Json::array(), offsets = Json::array();
  for (const TokenChance& chance : tokens) {
    names.push_back(texts.name_of(chance.id));
    values.push_back(chance.logprob ? Json(*chance.logprob) : Json());
    tops.push_back(legacy_top(texts, chance));
    offsets.push_back(chance.offset);
  }
  return {{"tokens", std::move(names)},
          {"token_logprobs", std::move(values)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

// Both kinds of answers have the same frame.
class OpenAiSink : public TextSink {
 public:
  OpenAiSink(std::shared_ptr<Call> call, TextForm form)
      : call_(std::move(call)),
        form_(form),
        id_(random_id(form.chat ? "chatcmpl-" : "cmpl-")),
        created_(std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
                     .count()) {}

  void fail(const std::exception_ptr& why) override { call_->fail(why); }

 protected:
  Json frame(const char* object) const {
    return {{"id", id_}, {"object", object}, {"created", created_}, {"model", call_->model().name}};
  }
  Json logprobs_of(const std::vector<TokenChance>& tokens) const {
    if (!form_.logprobs) return {};
    const TokenTexts& texts = call_->model().token_texts;
    return form_.chat ? chat_logprobs(texts, tokens) : legacy_logprobs(texts, tokens);
  }

  std::shared_ptr<Call> call_;
  TextForm form_;
  std::string id_;
  std::int64_t created_;
};

class WholeAnswer : public OpenAiSink {
 public:
  WholeAnswer(std::shared_ptr<Call> call, TextForm form)
      : OpenAiSink(std::move(call), form), parts_(static_cast<std::size_t>(form.choices)) {}

  void part(const TextPart& part) override {
    TextPart& whole = parts_[part.choice];
    whole.text += part.text;
    whole.tokens.insert(whole.tokens.end(), part.tokens.begin(), part.tokens.end());
    if (part.finish) whole.finish = part.finish;
  }

  void end(const TextUsage& usage) override {
    Json answer = frame(form_.chat ? "chat.completion" : "text_completion");
    Json choices = Json::array();
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      Json choice{{"index", i}};
      if (form_.chat)
        choice["message"] = {{"role", "assistant"}, {"content", parts_[i].text}, {"refusal", nullptr}};
      else
        choice["text"] = parts_[i].text;
      choice["logprobs"] = logprobs_of(parts_[i].tokens);
      choice["finish_reason"] = finish_json(parts_[i].finish);
      choices.push_back(std::move(choice));
    }
    answer["choices"] = std::move(choices);
    answer["usage"] = usage.json();
    call_->reply(answer);
  }

 private:
  std::vector<TextPart> parts_;
};

class StreamedAnswer : public OpenAiSink {
 public:
  StreamedAnswer(std::shared_ptr<Call> call, TextForm form)
      : OpenAiSink(std::move(call), form), begun_(static_cast<std::size_t>(form.choices)) {}

  void part(const TextPart& part) override {
    if (form_.chat && !begun_[part.choice]) {
      begun_[part.choice] = true;
      send(part.choice, {{"delta", {{"role", "assistant"}, {"content", ""}}}}, {}, {});
    }
    if (!part.text.empty() || !part.tokens.empty()) {
      Json text = form_.chat ? Json{{"delta", {{"content", part.text}}}} : Json{{"text", part.text}};
      send(part.choice, std::move(text), logprobs_of(part.tokens), form_.chat ? std::nullopt : part.finish);
      if (!form_.chat) return;
    }
    if (part.finish)
      send(part.choice, form_.chat ? Json{{"delta", Json::object()}} : Json{{"text", ""}}, {}, part.finish);
  }

  void end(const TextUsage& usage) override {
    if (form_.wish.usage) {
      Json last = frame(object());
      last["choices"] = Json::array();
      last["usage"] = usage.json();
      call_->event(last);
    }
    call_->end_stream();
  }

 private:
  const char* object() const { return form_.chat ? "chat.completion.chunk" : "text_completion"; }
  void send(std::size_t index, Json choice, Json logprobs, const std::optional<FinishReason>& finish) {
    choice["index"] = index;
    choice["logprobs"] = std::move(logprobs);
    choice["finish_reason"] = finish_json(finish);
    Json chunk = frame(object());
    chunk["choices"] = Json::array({std::move(choice)});
    if (form_.wish.usage) chunk["usage"] = nullptr;
    call_->event(chunk);
  }
  std::vector<bool> begun_;
};

}  // namespace

std::unique_ptr<TextSink> openai_sink(std::shared_ptr<Call> call, TextForm form) {
  if (form.wish.stream) return std::make_unique<StreamedAnswer>(std::move(call), form);
  return std::make_unique<WholeAnswer>(std::move(call), form);
}

}  // namespace linnet::serve
