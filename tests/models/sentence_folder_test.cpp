#include "linnet/models/sentence_folder.h"

#include <gmock/gmock.h>

#include "linnet/base/file.h"
#include "linnet/base/json.h"
#include "linnet/models/model_files.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string entry(const std::string& path, const std::string& type) {
  return R"({"path": ")" + path + R"(", "type": ")" + type + R"("})";
}
const std::string kTransformer = entry("", "sentence_transformers.models.Transformer");
const std::string kPooling = entry("pool", "sentence_transformers.models.Pooling");

class Folder : public ::testing::Test {
 protected:
  SentenceFolder listed(const std::string& more = "") {
    put(scratch_ / "modules.json", "[" + kTransformer + ", " + kPooling + more + "]");
    if (!is_file(scratch_ / "pool/config.json")) put(scratch_ / "pool/config.json", R"({"pooling_mode": "cls"})");
    return read_sentence_folder(scratch_.path());
  }
  std::string refused(const std::string& more = "") {
    return refusal([&] { listed(more); });
  }
  Scratch scratch_;
};

TEST_F(Folder, WithoutAListTheUsualFoldersCount) {
  EXPECT_FALSE(read_sentence_folder(scratch_.path()).pooling);
  put(scratch_ / "1_Pooling/config.json", "{}");
  put(scratch_ / "2_Normalize/README.md", "");
  const SentenceFolder folder = read_sentence_folder(scratch_.path());
  EXPECT_THAT(folder.pooling->modes, ElementsAre(EmbedPooling::kMean));
  ASSERT_EQ(folder.modules.size(), 1U);
  EXPECT_TRUE(folder.modules[0]->normalizes());
  // A Dense folder that no list names is not skipped.
  put(scratch_ / "2_Dense/config.json", "{}");
  EXPECT_THAT(refusal([&] { read_sentence_folder(scratch_.path()); }), HasSubstr("2_Dense"));
}

// Unknown modules are rejected by name, at any position.
TEST_F(Folder, ListedModulesAreObeyedOrRefusedByName) {
  EXPECT_THAT(listed().pooling->modes, ElementsAre(EmbedPooling::kCls));
  EXPECT_TRUE(listed(", " + entry("n", "sentence_transformers.models.Normalize")).modules[0]->normalizes());
  EXPECT_TRUE(listed(", " + entry("d", "sentence_transformers.models.Dropout")).modules.empty());
  EXPECT_THAT(refused(", " + entry("x", "sentence_transformers.models.CNN")), HasSubstr("a CNN module"));
  EXPECT_THAT(refused(", " + entry("x", "my_code.Dense")), HasSubstr("'my_code.Dense'"));
  EXPECT_THAT(refused(", " + kPooling), HasSubstr("Pooling module after 'Pooling'"));
  EXPECT_THAT(refused(", " + entry("../..", "sentence_transformers.models.Normalize")),
              HasSubstr("'../..' is not a folder inside it"));
  put(scratch_ / "modules.json", "[" + entry("", "sentence_transformers.models.StaticEmbedding") + "]");
  EXPECT_THAT(refusal([&] { read_sentence_folder(scratch_.path()); }), HasSubstr("StaticEmbedding"));
  put(scratch_ / "modules.json",
      "[" + kTransformer + ", " + entry("n", "sentence_transformers.models.Normalize") + ", " + kPooling + "]");
  EXPECT_THAT(refusal([&] { read_sentence_folder(scratch_.path()); }), HasSubstr("before the Pooling"));
  put(scratch_ / "modules.json", "{}");
  EXPECT_THAT(refusal([&] { read_sentence_folder(scratch_.path()); }), HasSubstr("is not a list"));
  put(scratch_ / "modules.json", "[1]");
  EXPECT_THAT(refusal([&] { read_sentence_folder(scratch_.path()); }), HasSubstr("modules.json"));
}

// prompts, truncate_dim, similarity_fn_name, do_lower_case.
TEST_F(Folder, TheLibrarysOwnConfigurationIsObeyed) {
  put(scratch_ / "config_sentence_transformers.json",
      R"({"__version__": {}, "prompts": {"query": "q: ", "none": null}, "default_prompt_name": "query",
          "similarity_fn_name": "dot", "truncate_dim": 7})");
  put(scratch_ / "sentence_bert_config.json", R"({"max_seq_length": 12, "do_lower_case": true})");
  const SentenceFolder folder = listed();
  EXPECT_EQ(*folder.find_prompt("query"), "q: ");
  EXPECT_EQ(*folder.find_prompt("none"), "");
  EXPECT_EQ(folder.find_prompt("other"), nullptr);
  EXPECT_EQ(folder.default_prompt, "query");
  EXPECT_EQ(folder.similarity, Similarity::kDot);
  EXPECT_EQ(folder.truncate_dim, 7);
  EXPECT_EQ(folder.max_length, 12);
  EXPECT_TRUE(folder.lower_case);
}

TEST_F(Folder, WhatCannotBeObeyedIsNamed) {
  const auto sentences = [&](const char* json) {
    put(scratch_ / "config_sentence_transformers.json", json);
    return refused();
  };
  EXPECT_THAT(sentences(R"({"default_prompt_name": "query"})"), HasSubstr("default_prompt_name is 'query'"));
  EXPECT_THAT(sentences(R"({"similarity_fn_name": "jaccard"})"), HasSubstr("'jaccard'"));
  EXPECT_THAT(sentences(R"({"truncate_dim": 0})"), HasSubstr("truncate_dim is 0"));
  EXPECT_THAT(sentences(R"({"model_type": "SparseEncoder"})"), HasSubstr("is a SparseEncoder"));
  put(scratch_ / "config_sentence_transformers.json", "{}");
  const auto call = [&](const char* json) {
    put(scratch_ / "sentence_bert_config.json", json);
    return refused();
  };
  EXPECT_THAT(call(R"({"transformer_task": "fill-mask"})"), HasSubstr("'transformer_task' is \"fill-mask\""));
  EXPECT_THAT(call(R"({"query_expansion": {"strategy": "fixed"}})"), HasSubstr("query_expansion"));
  EXPECT_THAT(call(R"({"processing_kwargs": {"text": {"truncation": false}}})"), HasSubstr("processing_kwargs"));
  EXPECT_THAT(call(R"({"modality_config": {"image": {}}})"), HasSubstr("modality_config"));
  EXPECT_THAT(call(R"({"tokenizer_args": {"truncation_side": "left"}})"), HasSubstr("'truncation_side'"));
  EXPECT_THAT(call(R"({"new_option": 3})"), HasSubstr("'new_option' is 3"));
  put(scratch_ / "sentence_bert_config.json",
      R"({"tokenizer_args": {"model_max_length": 9, "padding_side": "left", "use_fast": true}, "model_args": {"torch_dtype": "bfloat16"}, "unpad_inputs": true})");
  EXPECT_EQ(listed().max_length, 9);
}

TEST_F(Folder, TheTransformerMayBeInAFolderOfItsOwn) {
  EXPECT_EQ(ModelFiles(scratch_.path()).transformer(), scratch_.path());
  put(scratch_ / "modules.json",
      "[" + entry("0_BERT", "sentence_transformers.models.Transformer") + ", " + kPooling + "]");
  put(scratch_ / "pool/config.json", "{}");
  EXPECT_EQ(ModelFiles(scratch_.path()).transformer(), scratch_ / "0_BERT");
  put(scratch_ / "0_BERT/sentence_bert_config.json", R"({"max_seq_length": 5})");
  EXPECT_EQ(read_sentence_folder(scratch_.path()).max_length, 5);
  put(scratch_ / "config.json", "{}");
  EXPECT_THAT(refusal([&] { read_sentence_folder(scratch_.path()); }), HasSubstr("remove one"));
}

// A saved folder keeps every module, with the new path of the transformer.
TEST_F(Folder, CopiesKeepEveryModule) {
  for (const char* name : {"dense-norm", "old-spelling", "prompts"}) {
    Scratch to;
    const auto from = fixtures() / "sentences" / name;
    copy_sentence_files(from, to.path());
    EXPECT_EQ(read_json(to / "modules.json").size(), read_json(from / "modules.json").size()) << name;
    EXPECT_EQ(read_json(to / "modules.json")[0]["path"], "") << name;
    const SentenceFolder before = read_sentence_folder(from), after = read_sentence_folder(to.path());
    EXPECT_EQ(after.pooling->modes, before.pooling->modes) << name;
    EXPECT_EQ(after.modules.size(), before.modules.size()) << name;
    EXPECT_EQ(after.prompts, before.prompts) << name;
    EXPECT_EQ(after.max_length, before.max_length) << name;
  }
}

}  // namespace
}  // namespace linnet::models
