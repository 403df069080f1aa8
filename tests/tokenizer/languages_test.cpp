#include "linnet/tokenizer/languages.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "linnet/base/error.h"
#include "linnet/tokenizer/tokenizer.h"
#include "tests/scratch.h"

namespace linnet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::filesystem::path kTrained = std::filesystem::path(LINNET_SOURCE_DIR) / "tests/fixtures/trained";

// The message of the refusal of an argument.
template <class Body>
std::string wrong_argument(Body body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

std::vector<std::int32_t> marks(const Tokenizer& tokenizer) { return tokenizer.encode_ids(""); }

TEST(Languages, CodesComeBeforeOrAfterTheText) {
  const Tokenizer before = Tokenizer::from_pretrained(kTrained / "class-mbart50");
  const auto id = [&](const char* code) { return before.token_to_id(code).value(); };
  EXPECT_EQ(before.languages().size(), 52U);
  EXPECT_THAT(marks(before), ElementsAre(id("en_XX"), 2));  // the default
  EXPECT_THAT(marks(before.target()), ElementsAre(id("sl_SI"), 2));
  const Tokenizer chosen = before.with_languages("fr", "ro_RO");
  EXPECT_THAT(marks(chosen), ElementsAre(id("fr_XX"), 2));
  EXPECT_THAT(marks(chosen.target()), ElementsAre(id("ro_RO"), 2));
  EXPECT_EQ(chosen.target_language_id(), id("ro_RO"));
  EXPECT_THAT(marks(before.with_languages("", "ro").target()), ElementsAre(id("ro_RO"), 2));

  const Tokenizer after = Tokenizer::from_pretrained(kTrained / "class-mbart");
  EXPECT_THAT(marks(after), ElementsAre(2, after.token_to_id("de_DE").value()));
  EXPECT_THAT(marks(after.with_languages("it_IT", "")), ElementsAre(2, after.token_to_id("it_IT").value()));
  EXPECT_EQ(after.languages().size(), 25U);
}

TEST(Languages, AreMarkedInTheSourceTextToo) {
  const Tokenizer tokenizer = Tokenizer::from_pretrained(kTrained / "class-marian");
  EXPECT_THAT(tokenizer.languages(), ElementsAre(">>deu<<", ">>fra<<"));
  EXPECT_EQ(tokenizer.with_languages("en", "fra").encode_ids("The ferry"), tokenizer.encode_ids(">>fra<< The ferry"));
  EXPECT_EQ(tokenizer.with_languages("en", "fra").target().encode_ids("x"), tokenizer.target().encode_ids("x"));
  EXPECT_EQ(tokenizer.with_languages("", "fra").target_language_id(), std::nullopt);
}

TEST(Languages, UnknownOnesAreRefused) {
  const Tokenizer tokenizer = Tokenizer::from_pretrained(kTrained / "class-mbart");
  EXPECT_THAT(wrong_argument([&] { tokenizer.with_languages("", "xx"); }),
              AllOf(HasSubstr("'xx'"), HasSubstr("ro_RO")));
  EXPECT_THAT(wrong_argument([&] { tokenizer.with_languages("e", ""); }), HasSubstr("'e'"));
  const Tokenizer none = Tokenizer::from_pretrained(kTrained / "class-t5");
  EXPECT_THAT(none.languages(), IsEmpty());
  EXPECT_THAT(wrong_argument([&] { none.with_languages("de", ""); }), HasSubstr("'de'"));
  EXPECT_EQ(none.with_languages("", "").encode_ids("a"), none.target().encode_ids("a"));
  EXPECT_EQ(none.target_language_id(), std::nullopt);
}

// A tokenizer.json of such a class, as Transformers writes it, is framed by the configuration.
TEST(Languages, OfATokenizerJsonAreThoseOfItsClass) {
  Scratch scratch;
  put(scratch / "tokenizer.json",
      R"({"model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<unk>": 0, "</s>": 1, "en_XX": 2, "ro_RO": 3}}})");
  put(scratch / "config.json", R"({"model_type": "mbart"})");
  const auto config = [&](const char* more) {
    put(scratch / "tokenizer_config.json", fmt::format(R"({{"eos_token": "</s>"{}}})", more));
    return Tokenizer::from_pretrained(scratch.path());
  };
  EXPECT_THAT(marks(config("")), ElementsAre(1, 2));
  EXPECT_THAT(config("").languages(), ElementsAre("en_XX", "ro_RO"));
  EXPECT_THAT(marks(config(R"(, "src_lang": "ro_RO")")), ElementsAre(1, 3));
  EXPECT_THAT(refusal([&] { config(R"(, "tgt_lang": "fr_XX")"); }),
              AllOf(HasSubstr("tokenizer_config.json"), HasSubstr("tgt_lang 'fr_XX'")));
}

}  // namespace
}  // namespace linnet
