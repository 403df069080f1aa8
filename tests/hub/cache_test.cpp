#include "linnet/hub/cache.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "linnet/base/error.h"
#include "linnet/base/file.h"
#include "tests/scratch.h"

namespace linnet::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kA(40, 'a'), kB(40, 'b');

// A repository with one blob of `bytes` letters for each snapshot, and one blob that both use.
void plant(const hub::Settings& settings, const std::string& repository) {
  const fs::path folder = hub::repository_folder(settings, repository);
  for (const char* part : {"refs", "blobs"}) fs::create_directories(folder / part);
  write_file(folder / "refs/main", kA + "\n");
  for (const std::string& commit : {kA, kB}) {
    fs::create_directories(folder / "snapshots" / commit);
    write_file(folder / "blobs" / commit.substr(0, 4), "1234");
    fs::create_symlink("../../blobs/" + commit.substr(0, 4), folder / "snapshots" / commit / "config.json");
    fs::create_symlink("../../blobs/both", folder / "snapshots" / commit / "vocab.txt");
  }
  write_file(folder / "blobs/both", "12345678");
}

TEST(Cache, SpecGrammar) {
  const auto spec = hub::parse_spec("org/name@v1:sub/x.gguf");
  ASSERT_TRUE(spec);
  EXPECT_EQ(spec->repository, "org/name");
  EXPECT_EQ(spec->revision, "v1");
  EXPECT_EQ(spec->file, "sub/x.gguf");
  EXPECT_EQ(spec->text(), "org/name@v1:sub/x.gguf");
  EXPECT_EQ(hub::parse_spec("gpt2")->revision, "main");
  EXPECT_EQ(hub::parse_spec("hf://gpt2")->repository, "gpt2");
  for (const char* bad :
       {"", "/abs", "../x", "a/../b", "a/b/c", "a/b@../c", "a/b:../c", "a b", "a/b@", "./x", "a//b", "a/b:"})
    EXPECT_FALSE(hub::parse_spec(bad)) << bad;
}

TEST(Cache, EnvironmentAsHuggingfaceHubReadsIt) {
  Scratch scratch;
  for (const char* name : {"HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN",
                           "HF_TOKEN_PATH", "HF_ENDPOINT", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "XDG_CACHE_HOME"})
    ::unsetenv(name);
  ::setenv("HOME", scratch.path().c_str(), 1);
  EXPECT_EQ(hub::settings_from_environment().cache, scratch / ".cache/huggingface/hub");
  ::setenv("XDG_CACHE_HOME", "/x", 1);
  EXPECT_EQ(hub::settings_from_environment().cache, "/x/huggingface/hub");
  ::setenv("HF_HOME", "~/h", 1);
  EXPECT_EQ(hub::settings_from_environment().cache, scratch / "h/hub");
  fs::create_directories(scratch / "h");
  write_file(scratch / "h/token", " hf_file\n");
  EXPECT_EQ(hub::settings_from_environment().token, "hf_file");
  ::setenv("HF_TOKEN", "hf_env", 1);
  EXPECT_EQ(hub::settings_from_environment().token, "hf_env");
  ::setenv("HF_HUB_CACHE", "$HF_HOME/other", 1);
  EXPECT_EQ(hub::settings_from_environment().cache, "~/h/other");
  ::setenv("HF_ENDPOINT", "https://mirror/", 1);
  EXPECT_EQ(hub::settings_from_environment().endpoint, "https://mirror");
  EXPECT_FALSE(hub::settings_from_environment().offline);
  ::setenv("TRANSFORMERS_OFFLINE", "yes", 1);
  EXPECT_TRUE(hub::settings_from_environment().offline);
  for (const char* name :
       {"HF_HOME", "HF_HUB_CACHE", "HF_TOKEN", "HF_ENDPOINT", "TRANSFORMERS_OFFLINE", "XDG_CACHE_HOME"})
    ::unsetenv(name);
}

TEST(Cache, FindsAndLists) {
  Scratch scratch;
  hub::Settings settings;
  settings.cache = scratch.path();
  plant(settings, "org/name");
  const fs::path folder = hub::repository_folder(settings, "org/name");
  EXPECT_EQ(folder.filename(), "models--org--name");
  EXPECT_EQ(hub::find_cached(settings, *hub::parse_spec("org/name")), folder / "snapshots" / kA);
  EXPECT_EQ(hub::find_cached(settings, *hub::parse_spec("org/name@" + kB)), folder / "snapshots" / kB);
  EXPECT_FALSE(hub::find_cached(settings, *hub::parse_spec("org/name@v2")));
  EXPECT_FALSE(hub::find_cached(settings, *hub::parse_spec("org/none")));
  const auto list = hub::list_cached(settings);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].repository, "org/name");
  EXPECT_THAT(list[0].revisions, ElementsAre("main", kB));
  EXPECT_GE(list[0].bytes, 16u);
  EXPECT_EQ(hub::did_you_mean(settings, "org/nam"), "; did you mean org/name?");
  EXPECT_EQ(hub::did_you_mean(settings, "somebody/else"), "");
}

TEST(Cache, RemovesOneRevisionOrAll) {
  Scratch scratch;
  hub::Settings settings;
  settings.cache = scratch.path();
  plant(settings, "org/name");
  const fs::path folder = hub::repository_folder(settings, "org/name");
  EXPECT_EQ(hub::remove_cached(settings, *hub::parse_spec("org/name@" + kB), false), 4u);
  EXPECT_TRUE(fs::exists(folder / "blobs/both"));
  EXPECT_FALSE(fs::exists(folder / "blobs/bbbb"));
  EXPECT_TRUE(fs::exists(folder / "snapshots" / kA / "config.json"));
  hub::remove_cached(settings, *hub::parse_spec("org/name"), true);
  EXPECT_FALSE(fs::exists(folder));
  try {
    hub::remove_cached(settings, *hub::parse_spec("org/name"), true);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("not in the cache"));
  }
}

// Links in the cache point outside; nothing there is removed.
TEST(Cache, RemovingNeverFollowsALink) {
  for (const char* linked : {"blobs", "snapshots", "refs", "."}) {
    Scratch scratch, outside;
    hub::Settings settings;
    settings.cache = scratch.path();
    plant(settings, "org/name");
    const fs::path folder = hub::repository_folder(settings, "org/name");
    const fs::path moved = outside / "theirs", place = std::string(linked) == "." ? folder : folder / linked;
    fs::rename(place, moved);
    fs::create_directory_symlink(moved, place);
    write_file(moved / "thesis", "mine");
    std::size_t before = 0, after = 0;
    for (const auto& entry : fs::recursive_directory_iterator(outside.path())) before += entry.exists() || true;
    const std::string why = refusal([&] { hub::remove_cached(settings, *hub::parse_spec("org/name@" + kB), false); });
    EXPECT_THAT(why, HasSubstr("is a link; nothing behind it is removed")) << linked;
    hub::remove_cached(settings, *hub::parse_spec("org/name"), true);
    for (const auto& entry : fs::recursive_directory_iterator(outside.path())) after += entry.exists() || true;
    EXPECT_EQ(before, after) << linked;
    EXPECT_FALSE(fs::exists(fs::symlink_status(folder))) << linked;
  }
}

TEST(Cache, ASnapshotThatIsALinkGoesAlone) {
  Scratch scratch, outside;
  hub::Settings settings;
  settings.cache = scratch.path();
  plant(settings, "org/name");
  const fs::path folder = hub::repository_folder(settings, "org/name");
  fs::rename(folder / "snapshots" / kB, outside / "theirs");
  fs::create_directory_symlink(outside / "theirs", folder / "snapshots" / kB);
  hub::remove_cached(settings, *hub::parse_spec("org/name@" + kB), false);
  EXPECT_TRUE(fs::exists(fs::symlink_status(outside / "theirs/config.json")));
  EXPECT_FALSE(fs::exists(fs::symlink_status(folder / "snapshots" / kB)));
  EXPECT_TRUE(fs::exists(folder / "snapshots" / kA / "config.json"));
}

// One broken repository does not hide the others.
TEST(Cache, ListsWhatCanBeLookedAt) {
  Scratch scratch;
  hub::Settings settings;
  settings.cache = scratch.path();
  plant(settings, "org/name");
  plant(settings, "org/other");
  const fs::path other = hub::repository_folder(settings, "org/other");
  fs::remove(other / "refs/main");
  ASSERT_EQ(::mkfifo((other / "refs/main").c_str(), 0600), 0);
  fs::create_symlink("models--org--loop", hub::repository_folder(settings, "org/loop"));
  EXPECT_EQ(hub::list_cached(settings).size(), 2u);
}

}  // namespace
}  // namespace linnet::test
