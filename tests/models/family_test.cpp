// The name tables, for every family at once: each parameter of each fixture has a name in the file that maps back to
// it.
#include "linnet/models/family.h"

#include <gmock/gmock.h>

#include <set>

#include "linnet/io/checkpoint.h"
#include "linnet/models/loader.h"
#include "tests/models/fixture.h"
#include "tests/scratch.h"

namespace linnet::models {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class Names : public ::testing::TestWithParam<std::string> {};

// One name in files may be for parameters of several heads ("classifier", "score"): these are found by all their names.
bool of_several_heads(const std::string& ours) {
  return ours.starts_with("head.token_classifier") || ours == "head.output.bias";
}

TEST_P(Names, GoThereAndBack) {
  const auto model = load_model(fixtures() / GetParam());
  std::set<std::string> theirs;
  for (const nn::Parameter& p : model->parameters()) {
    const std::string name = model->checkpoint_name(p.name);
    EXPECT_TRUE(theirs.insert(name).second) << name << " twice";
    EXPECT_THAT(spellings(model->family(), p.name), Contains(name));
    EXPECT_TRUE(to_ours(model->family(), name, "test") == p.name || of_several_heads(p.name)) << name;
  }
  for (const nn::NamedLinear& l : model->linears())
    EXPECT_TRUE(to_ours(model->family(), model->checkpoint_name(l.name), "test") == l.name || of_several_heads(l.name))
        << l.name;
}

// The tables write exactly the names of the reference library's file. A tensor of the file that is not written is a
// copy of another.
TEST_P(Names, AreTheFiles) {
  if (GetParam().find("old-spelling") != std::string::npos) GTEST_SKIP() << "written in today's names";
  const auto model = load_model(fixtures() / GetParam());
  const auto reader = CheckpointReader::open(fixtures() / GetParam());
  std::set<std::string> written, spelled, stored(reader->names().begin(), reader->names().end());
  for (const nn::Parameter& p : model->parameters()) {
    written.insert(model->checkpoint_name(p.name));
    for (const std::string& name : spellings(model->family(), p.name)) spelled.insert(name);
  }
  for (const std::string& name : written) EXPECT_TRUE(stored.contains(name)) << name << " is not the reference's";
  for (const std::string& name : stored) EXPECT_TRUE(spelled.contains(name)) << name << " is lost";
  EXPECT_LE(stored.size() - written.size(), 1U);
}

// Every fixture, without those whose files have other names than the tables write.
std::vector<std::string> written_names() {
  const std::set<std::string> other = {"bart/fairseq",            // no final_logits_bias
                                       "deberta-v2/other-names",  // of the authors
                                       "marian/generation",       // computed positions are not in the file
                                       "marian/seq2seq",          // likewise
                                       "modernbert/questions"};   // "classifier" is of three heads
  std::vector<std::string> cases = fixture_cases("expected.safetensors");
  std::erase_if(cases, [&](const std::string& name) { return other.contains(name); });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Names, ::testing::ValuesIn(written_names()), case_name);

const Family& family(const char* name) { return *find_family(name); }

TEST(Family, TheFoldersFilesAreRegistered) {
  for (const char* name :
       {"bert",     "bloom",   "camembert",   "distilbert", "electra", "gpt2",       "llama",       "mistral", "qwen2",
        "qwen3",    "roberta", "xlm-roberta", "mpnet",      "albert",  "deberta-v2", "bart",        "mbart",   "marian",
        "pegasus",  "t5",      "mt5",         "umt5",       "gemma",   "gemma2",     "gemma3_text", "smollm3", "phi3",
        "gpt_neox", "olmo2",   "opt",         "modernbert", "granite", "stablelm"}) {
    ASSERT_NE(find_family(name), nullptr) << name;
    EXPECT_THAT(all_families(), Contains(find_family(name)));
    EXPECT_FALSE(family(name).lora_targets.empty());
  }
  EXPECT_EQ(find_family("t6"), nullptr);
}

TEST(Family, PrefixesAndOldSuffixesAreSeenThrough) {
  EXPECT_EQ(to_ours(family("bert"), "bert.encoder.layer.11.output.LayerNorm.gamma", "f"), "layers.11.ffn_norm.weight");
  EXPECT_EQ(to_ours(family("bert"), "encoder.layer.0.output.LayerNorm.beta", "f"), "layers.0.ffn_norm.bias");
  EXPECT_EQ(to_ours(family("bert"), "cls.predictions.bias", "f"), "head.output_bias");
  EXPECT_EQ(to_ours(family("gpt2"), "h.3.attn.bias", "f"), "");  // a buffer: the causal mask
  EXPECT_EQ(to_ours(family("gpt2"), "transformer.h.3.attn.c_attn.lora_A.weight", "f"),
            "layers.3.attention.qkv.lora_A.weight");
  EXPECT_EQ(to_ours(family("llama"), "model.layers.2.self_attn.rotary_emb.inv_freq", "f"), "");
}

TEST(Family, WhatNothingStandsForIsRefusedByName) {
  const auto message = [&](const char* name) {
    return refusal([&] { to_ours(family("llama"), name, "model.safetensors"); });
  };
  EXPECT_THAT(message("model.layers.0.self_attn.w_proj.weight"),
              HasSubstr("model.safetensors: tensor 'model.layers.0.self_attn.w_proj.weight'"));
  message("model.layers.x.self_attn.q_proj.weight");  // not a number
  message("model.embed_tokensX.weight");              // a name ends where a module's name ends
  message("");
  EXPECT_THROW(to_theirs(family("llama"), "layers.0.nothing", {.head = HeadKind::kCausalLm}), Error);
}

TEST(Family, ArchitecturesOfGgufAreOneFamilys) {
  for (const auto& [architecture, type] : {std::pair("gptneox", "gpt_neox"), std::pair("llama", "llama"),
                                           std::pair("bert", "bert"), std::pair("t5", "t5")}) {
    ASSERT_NE(find_gguf_family(architecture), nullptr) << architecture;
    EXPECT_EQ(find_gguf_family(architecture)->model_type, type);
  }
  for (const char* unknown : {"nomic-bert", "t5encoder", ""}) EXPECT_EQ(find_gguf_family(unknown), nullptr) << unknown;
}

TEST(Family, GgufNamesAreLlamaCpps) {
  EXPECT_EQ(to_gguf(family("llama"), "layers.7.attention.query.weight"), "blk.7.attn_q.weight");
  EXPECT_EQ(to_gguf(family("llama"), "final_norm.weight"), "output_norm.weight");
  EXPECT_EQ(to_gguf(family("llama"), "head.classifier.weight"), "");
}

TEST(Family, ArchitecturesAreFoundByHead) {
  EXPECT_EQ(architecture_of(family("bert"), HeadKind::kPretraining)->name, "BertForPreTraining");
  EXPECT_EQ(architecture_of(family("bert"), HeadKind::kCausalLm), nullptr);
  EXPECT_EQ(architecture_of(family("t5"), HeadKind::kNone)->name, "T5Model");
  EXPECT_EQ(architecture_of(family("t5"), HeadKind::kNone, true)->name, "T5EncoderModel");
  EXPECT_EQ(architecture_of(family("t5"), HeadKind::kTokenClass)->name, "T5ForTokenClassification");
  EXPECT_EQ(architecture_of(family("t5"), HeadKind::kSeq2SeqLm, true)->name, "T5ForConditionalGeneration");
  EXPECT_EQ(to_theirs(family("llama"), "layers.0.ffn.up.weight", {.head = HeadKind::kQuestionAnswering}),
            "transformer.layers.0.mlp.up_proj.weight");
  EXPECT_EQ(to_theirs(family("llama"), "layers.0.ffn.up.weight", {.head = HeadKind::kNone}),
            "layers.0.mlp.up_proj.weight");
}

}  // namespace
}  // namespace linnet::models
