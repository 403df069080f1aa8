#include <gmock/gmock.h>

#include <filesystem>

#include "linnet/tokenizer/tokenizer.h"
#include "linnet/tokenizer/tokenizer_files.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::filesystem::path kFolder = std::filesystem::path(LINNET_SOURCE_DIR) / "tests/fixtures/trained/class-marian";

class SourceTargetPieces : public testing::Test {
 protected:
  SourceTargetPieces() {
    for (const char* name : {kSourceFile, kTargetFile, kVocabFile, "tokenizer_config.json"})
      std::filesystem::copy(kFolder / name, scratch_.path());
  }
  std::string refused() const {
    return refusal([&] { Tokenizer::from_pretrained(scratch_.path()); });
  }
  Scratch scratch_;
};

TEST_F(SourceTargetPieces, AMissingFileIsNamed) {
  for (const char* name : {kSourceFile, kTargetFile, kVocabFile}) {
    std::filesystem::remove(scratch_ / name);
    EXPECT_TRUE(has_tokenizer(scratch_.path()));
    EXPECT_THAT(refused(), HasSubstr((scratch_ / name).string()));
    std::filesystem::copy(kFolder / name, scratch_.path());
  }
}

TEST_F(SourceTargetPieces, BadFilesAreNamed) {
  put(scratch_ / "vocab.json", R"({"</s>": 0})");
  EXPECT_THAT(refused(), AllOf(HasSubstr("vocab.json"), HasSubstr("<unk>")));
  std::filesystem::copy(kFolder / "vocab.json", scratch_.path(), std::filesystem::copy_options::overwrite_existing);
  put(scratch_ / "tokenizer_config.json", R"({"separate_vocabs": true})");
  EXPECT_THAT(refused(), AllOf(HasSubstr("tokenizer_config.json"), HasSubstr("separate_vocabs")));
  put(scratch_ / "tokenizer_config.json", "{}");
  put(scratch_ / "target.spm", "text");
  EXPECT_THAT(refused(), HasSubstr("target.spm"));
}

TEST_F(SourceTargetPieces, ACodeIsOneTokenOnlyAtTheBeginning) {
  const Tokenizer tokenizer = Tokenizer::from_pretrained(kFolder);
  const std::int32_t code = tokenizer.token_to_id(">>fra<<").value(), unk = tokenizer.unk_id().value();
  const Encoding e = tokenizer.encode(">>fra<< The");
  EXPECT_EQ(e.ids.front(), code);
  EXPECT_EQ(e.tokens.front(), ">>fra<<");
  EXPECT_EQ(e.offsets.front(), std::pair(std::int64_t{0}, std::int64_t{7}));
  EXPECT_EQ(tokenizer.encode_ids(">>no such<<The").front(), unk);
  EXPECT_THAT(tokenizer.encode_ids("The >>fra<<"), ::testing::Not(::testing::Contains(code)));
  EXPECT_EQ(tokenizer.model_max_length(), 512);
}

// A text that only the other file has as a piece.
TEST_F(SourceTargetPieces, UnknownTextMayHaveAnId) {
  const Tokenizer tokenizer = Tokenizer::from_pretrained(kFolder);
  EXPECT_THAT(tokenizer.encode_ids("ß"), ::testing::Contains(tokenizer.token_to_id("ß").value()));
  EXPECT_THAT(tokenizer.encode_ids("🎉"), ::testing::Contains(tokenizer.unk_id().value()));
}

}  // namespace
}  // namespace linnet
