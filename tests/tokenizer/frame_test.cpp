#include "linnet/tokenizer/frame.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "linnet/tokenizer/tokenizer.h"
#include "tests/tokenizer/reference.h"

namespace linnet {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

const fs::path kFixtures = fs::path(LINNET_SOURCE_DIR) / "tests/fixtures";

EncodeOptions without_special_tokens() {
  EncodeOptions options;
  options.add_special_tokens = false;
  return options;
}

// The ids and type ids of a frame with the tokens of two texts in it.
void expect_framed(const Tokenizer& tokenizer, Texts texts, const std::string& first, const std::string& second) {
  const auto a = tokenizer.encode_ids(first, without_special_tokens());
  const auto b = tokenizer.encode_ids(second, without_special_tokens());
  std::vector<std::int32_t> ids, types;
  for (const Frame::Piece& piece : tokenizer.frame(texts).pieces) {
    const auto put = [&](const std::vector<std::int32_t>& more) {
      ids.insert(ids.end(), more.begin(), more.end());
      types.insert(types.end(), more.size(), piece.type_id);
    };
    put(piece.what == TemplatePiece::What::kFirst    ? a
        : piece.what == TemplatePiece::What::kSecond ? b
                                                     : std::vector{piece.id});
  }
  const Encoding whole = texts == Texts::kPair ? tokenizer.encode(first, second) : tokenizer.encode(first);
  EXPECT_EQ(ids, whole.ids);
  EXPECT_EQ(types, whole.type_ids);
}

void expect_frames(const Tokenizer& tokenizer) {
  for (const char* text : {"a", "the cat sat on 3 mats", " w5 w6", "Straße 你好", "", "  "}) {
    SCOPED_TRACE(text);
    expect_framed(tokenizer, Texts::kOne, text, "");
    expect_framed(tokenizer, Texts::kPair, text, "hello");
    expect_framed(tokenizer, Texts::kPair, "hello", text);
  }
}

TEST(Frame, WithTheTokensOfTheTextsItIsTheEncodingOfEveryFixture) {
  int tokenizers = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kFixtures)) {
    const fs::path name = entry.path().filename();
    if (name != "tokenizer.json" && name != "tokenizer.model") continue;
    if (entry.path().string().find("/hostile/") != std::string::npos) continue;
    SCOPED_TRACE(entry.path());
    expect_frames(Tokenizer::from_pretrained(entry.path().parent_path()));
    ++tokenizers;
  }
  EXPECT_GT(tokenizers, 12);
}

TEST(Frame, WithTheTokensOfTheTextsItIsTheEncodingOfEveryPostProcessor) {
  for (const Json& entry : tokenizer_reference()["postprocessors"]) {
    SCOPED_TRACE(dump_json(entry["json"]));
    Json json = tokenizer_reference()["models"]["wordpiece"][0]["json"];
    json["post_processor"] = entry["json"];
    expect_frames(tokenizer_of(json));
  }
}

TEST(Frame, BeforeAndAfterAreTheIdsAtTheEnds) {
  const auto token = [](std::vector<std::int32_t> ids) {
    const std::vector<std::string> names(ids.size());
    return TemplatePiece{TemplatePiece::What::kToken, 0, std::move(ids), names};
  };
  const TemplatePiece a, b{TemplatePiece::What::kSecond, 1, {}, {}};
  const auto processor = template_processor({token({7, 8}), a, token({9}), a}, {a, token({9}), b, token({6})});
  const Frame one = frame_of(processor.get(), Texts::kOne), pair = frame_of(processor.get(), Texts::kPair);
  EXPECT_THAT(one.before(), ElementsAre(7, 8));
  EXPECT_THAT(one.after(), ElementsAre());
  EXPECT_THAT(pair.before(), ElementsAre());
  EXPECT_THAT(pair.after(), ElementsAre(6));
  ASSERT_EQ(pair.pieces.size(), 4U);
  EXPECT_EQ(pair.pieces[2].type_id, 1);
  EXPECT_EQ(frame_of(nullptr, Texts::kPair).pieces.size(), 2U);
}

}  // namespace
}  // namespace linnet
