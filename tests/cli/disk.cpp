#include "tests/cli/disk.h"

#include <fstream>
#include <sstream>

#include "linnet/base/error.h"
#include "linnet/base/file.h"

namespace linnet::test {

namespace fs = std::filesystem;

std::vector<Change> read_changes(const fs::path& record) {
  std::ifstream in(record, std::ios::binary);
  std::vector<Change> changes;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    Change change;
    words >> change.allocations >> change.what >> change.path;
    if (change.what == "rename") words >> change.to;
    if (change.what == "write") {
      std::size_t n = 0;
      words >> change.offset >> n;
      change.bytes.resize(n);
      in.read(change.bytes.data(), static_cast<std::streamsize>(n));
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

Disk::Disk(const std::vector<Change>& changes, std::size_t count, const fs::path& root) : root_(root) {
  nodes_.push_back({.folder = true});
  for (std::size_t i = 0; i < count; ++i) apply(changes[i]);
}

int Disk::find(const fs::path& path) const {
  int node = 0;
  for (const fs::path& part : path.lexically_relative(root_)) {
    if (part == ".") continue;
    const Entries& entries = nodes_[static_cast<std::size_t>(node)].live;
    const auto found = entries.find(part.string());
    if (found == entries.end()) return -1;
    node = found->second;
  }
  return node;
}

void Disk::enter(const fs::path& path, int node) {
  Node& folder = nodes_[static_cast<std::size_t>(find(path.parent_path()))];
  folder.changed.push_back({{path.filename().string(), node}});
  apply(folder.live, folder.changed.back());
}

void Disk::rename(const Change& change) {
  const int node = find(change.path);
  if (change.path.parent_path() != change.to.parent_path()) {
    enter(change.to, node);  // two folders: each may lose its change
    enter(change.path, -1);
    return;
  }
  Node& folder = nodes_[static_cast<std::size_t>(find(change.path.parent_path()))];
  folder.changed.push_back({{change.path.filename().string(), -1}, {change.to.filename().string(), node}});
  apply(folder.live, folder.changed.back());
}

void Disk::sync(Node& node) {
  for (const Write& write : node.writes) apply(node.bytes, write);
  for (const Renaming& renaming : node.changed) apply(node.entries, renaming);
  node.writes.clear();
  node.changed.clear();
}

void Disk::apply(const Change& change) {
  if (change.what == "nothing") return;
  if (change.what == "create" || change.what == "mkdir") {
    nodes_.push_back({.folder = change.what == "mkdir"});
    return enter(change.path, static_cast<int>(nodes_.size()) - 1);
  }
  if (change.what == "remove") return enter(change.path, -1);
  if (change.what == "rename") return rename(change);
  const int at = find(change.path);
  LINNET_ASSERT(at >= 0);
  Node& node = nodes_[static_cast<std::size_t>(at)];
  if (change.what == "sync") return sync(node);
  node.writes.push_back({change.offset, change.bytes, change.what == "empty"});
}

void Disk::apply(std::string& bytes, const Write& write) {
  if (write.empties) return bytes.clear();
  if (bytes.size() < write.offset + write.bytes.size())
    bytes.resize(write.offset + write.bytes.size());  // a hole is zeros
  bytes.replace(write.offset, write.bytes.size(), write.bytes);
}

void Disk::apply(Entries& entries, const Renaming& renaming) {
  for (const auto& [name, node] : renaming) {
    entries.erase(name);
    if (node >= 0) entries[name] = node;
  }
}

void Disk::write(const fs::path& root, Survives survives, Rng& rng) const {
  fs::remove_all(root);
  write_node(0, root, survives, rng);
}

void Disk::write_node(int index, const fs::path& at, Survives survives, Rng& rng) const {
  const auto kept = [&] {
    return survives == Survives::kEverything || (survives == Survives::kSome && rng.below(2) == 1);
  };
  const Node& node = nodes_[static_cast<std::size_t>(index)];
  if (!node.folder) {
    std::string bytes = node.bytes;
    for (const Write& write : node.writes)
      if (kept()) apply(bytes, write);
    std::ofstream(at, std::ios::binary) << bytes;
    return;
  }
  Entries entries = node.entries;
  for (const Renaming& renaming : node.changed)
    if (kept()) apply(entries, renaming);
  fs::create_directories(at);
  for (const auto& [name, child] : entries) write_node(child, at / name, survives, rng);
}

}  // namespace linnet::test
