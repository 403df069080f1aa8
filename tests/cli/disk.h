// The state of the disk after a power loss: the changes of a recorded run (tests/cli/shim); changes without a sync may
// be missing, in any combination.
//
//   const std::vector<Change> changes = read_changes(record);
//   Disk disk(changes, 57, root);          // power loss after the 57th
//   disk.write(root, Disk::Survives::kSome, rng);
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "linnet/base/rng.h"

namespace linnet::test {

struct Change {
  long allocations = 0;   // of the process until then
  std::string what = {};  // create, empty, write, sync, rename, mkdir, remove; nothing: a failed one
  std::filesystem::path path = {}, to = {};
  std::size_t offset = 0;  // of `bytes`
  std::string bytes = {};
};
std::vector<Change> read_changes(const std::filesystem::path& record);

class Disk {
 public:
  enum class Survives { kNothing, kSome, kEverything };  // fate of changes without a sync

  // The first `count` changes; paths are below `root`, which exists before.
  Disk(const std::vector<Change>& changes, std::size_t count, const std::filesystem::path& root);
  // Recreates the folder `root` in the state after the loss.
  void write(const std::filesystem::path& root, Survives survives, Rng& rng) const;

 private:
  struct Write {
    std::size_t offset = 0;
    std::string bytes = {};
    bool empties = false;
  };
  using Entries = std::map<std::string, int>;                 // name to node
  using Renaming = std::vector<std::pair<std::string, int>>;  // changes of one folder at once; node -1: the name is
                                                              // removed
  struct Node {
    bool folder = false;
    std::string bytes = {};          // with sync
    std::vector<Write> writes = {};  // since then
    Entries entries = {};            // with sync
    std::vector<Renaming> changed = {};
    Entries live = {};  // as seen by the running process
  };

  void apply(const Change& change);
  int find(const std::filesystem::path& path) const;  // -1: absent
  void enter(const std::filesystem::path& path, int node);
  void rename(const Change& change);
  void sync(Node& node);
  void write_node(int node, const std::filesystem::path& at, Survives survives, Rng& rng) const;
  static void apply(std::string& bytes, const Write& write);
  static void apply(Entries& entries, const Renaming& renaming);

  std::filesystem::path root_;
  std::vector<Node> nodes_;
};

}  // namespace linnet::test
