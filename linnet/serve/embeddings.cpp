// POST /v1/embeddings
#include <fmt/format.h>

#include <algorithm>

#include "linnet/base/base64.h"
#include "linnet/serve/generation_fields.h"
#include "linnet/serve/list_job.h"
#include "linnet/serve/routes.h"
#include "linnet/tasks/embed.h"

namespace linnet::serve {
namespace {

using Ids = std::vector<std::int32_t>;

Ids ids_of(Fields& fields, const Json& list) {
  Ids ids;
  for (const Json& entry : list) {
    if (!entry.is_number_unsigned() || entry.get<std::uint64_t>() > INT32_MAX)
      fields.wrong("input", "has an entry that is no token id");
    ids.push_back(entry.get<std::int32_t>());
  }
  return ids;
}

bool is_numbers(const Json& list) { return list.is_array() && !list.empty() && list.front().is_number(); }

// A text, token ids, or a list of one of them.
std::vector<Ids> read_embedded(Fields& fields, tasks::Embedder& embedder) {
  const Json& input = fields.required("input");
  if (is_numbers(input)) return {ids_of(fields, input)};
  std::vector<Ids> texts;
  if (input.is_array() && !input.empty() && is_numbers(input.front())) {
    if (input.size() > kMostTexts) fields.wrong("input", fmt::format("has more than {} entries", kMostTexts));
    for (const Json& list : input) {
      if (!is_numbers(list)) fields.wrong("input", "has an entry that is no list of token ids");
      texts.push_back(ids_of(fields, list));
    }
    return texts;
  }
  const auto inputs = read_inputs(fields, "input");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    with_place("input", i, inputs.size(), [&] { texts.push_back(embedder.ids(inputs[i])); });
    const TextCutter& cutter = embedder.cutter();
    if (cutter.cut_texts() > 0)
      throw ApiError(400,
                     fmt::format("a text of 'input' has {} tokens, at most {} are read; shorten it",
                                 cutter.full_length(), cutter.max_length()),
                     "input", "context_length_exceeded");
  }
  return texts;
}

tasks::EmbedOptions embedding_options(Fields& fields, const ServedModel& model) {
  const auto& adapter = model.loaded.files.adapter;
  const bool own = adapter && !adapter->companions().modules_json().is_null();
  tasks::EmbedOptions options = tasks::embed_defaults(own ? adapter->companions() : model.loaded.files.model);
  const std::int64_t width = tasks::embedding_width(*model.loaded.model, options);
  if (const auto dimensions = fields.integer("dimensions", 1, width)) {
    options.truncate_dim = *dimensions;
    // Vectors of length 1 keep it.
    options.unit = options.unit || std::ranges::any_of(options.modules, [](const auto& m) { return m->normalizes(); });
  }
  return options;
}

Json vectors_json(const std::vector<std::vector<float>>& vectors, bool encoded) {
  Json data = Json::array();
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    Json entry{{"object", "embedding"}, {"index", i}};
    entry["embedding"] = encoded ? Json(base64_floats(vectors[i])) : numbers_json(vectors[i]);
    data.push_back(std::move(entry));
  }
  return data;
}

}  // namespace

std::shared_ptr<Job> embeddings(const Json& body, const std::shared_ptr<Call>& call) {
  ServedModel& model = call->model();
  Fields fields(body);
  read_model(fields, model);
  const bool encoded = fields.choice("encoding_format", {"float", "base64"}) == "base64";
  const auto embedder = std::make_shared<tasks::Embedder>(model.loaded, embedding_options(fields, model));
  const auto texts = std::make_shared<std::vector<Ids>>(read_embedded(fields, *embedder));
  fields.ignore({"user"});
  fields.finish();
  for (const Ids& ids : *texts) generate::EncodeQueue::check_request(*model.loaded.model, {.ids = ids});
  const auto vectors = std::make_shared<std::vector<std::vector<float>>>(texts->size());
  ListWork work;
  std::int64_t all = 0;
  for (const Ids& ids : *texts) {
    work.tokens.push_back(std::ssize(ids));
    all += std::ssize(ids);
  }
  work.begin = [embedder, texts, vectors](std::size_t i, const std::shared_ptr<Sequence>& sequence) {
    sequence->submit(generate::EncodeRequest{
        .ids = (*texts)[i], .on_end = sequence->guarded([embedder, vectors, i, sequence](const Tensor& hidden) {
          (*vectors)[i] = embedder->vector_of(hidden);
          sequence->done();
        })});
  };
  work.answer = [vectors, encoded, all, name = model.name]() -> Json {
    return {
        {"object", "list"}, {"data", vectors_json(*vectors, encoded)}, {"model", name}, {"usage", input_usage(all)}};
  };
  return std::make_shared<ListJob>(call, std::move(work));
}

}  // namespace linnet::serve
