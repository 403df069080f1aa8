// The routes that need the model: each reads the fields of a request and makes its job, or throws an ApiError.
#pragma once

#include <memory>

#include "linnet/serve/call.h"

namespace linnet::serve {

std::shared_ptr<Job> completions(const Json& body, const std::shared_ptr<Call>& call);       // OpenAI's, legacy
std::shared_ptr<Job> chat_completions(const Json& body, const std::shared_ptr<Call>& call);  // OpenAI's
std::shared_ptr<Job> embeddings(const Json& body, const std::shared_ptr<Call>& call);        // OpenAI's
std::shared_ptr<Job> classify(const Json& body, const std::shared_ptr<Call>& call);          // ours
std::shared_ptr<Job> score(const Json& body, const std::shared_ptr<Call>& call);             // ours

// Of Hugging Face's text-embeddings-inference.
std::shared_ptr<Job> tei_predict(const Json& body, const std::shared_ptr<Call>& call);
std::shared_ptr<Job> tei_embed(const Json& body, const std::shared_ptr<Call>& call);
std::shared_ptr<Job> tei_rerank(const Json& body, const std::shared_ptr<Call>& call);
std::shared_ptr<Job> tei_decode(const Json& body, const std::shared_ptr<Call>& call);
// Of llama.cpp's server; `tokenize` takes {"inputs"} of TEI, too. These answer at once and make no job.
std::shared_ptr<Job> tokenize(const Json& body, const std::shared_ptr<Call>& call);
std::shared_ptr<Job> llama_detokenize(const Json& body, const std::shared_ptr<Call>& call);
std::shared_ptr<Job> llama_apply_template(const Json& body, const std::shared_ptr<Call>& call);

}  // namespace linnet::serve
