#include "linnet/data/record.h"

#include <algorithm>
#include <cstring>

namespace linnet {
namespace {

// A record is the row's line, the difference of its index, the number of cells, and the cells: column, length, bytes.
// Numbers have seven bits per byte: most columns and lengths take one byte.
void put(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

std::uint64_t take(const char*& at) {
  std::uint64_t number = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    number |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return number;
  }
}

// Zigzag encoding of small differences. Columns of a row are usually consecutive, so their distance from that is
// stored.
std::uint64_t folded(std::int64_t step) {
  return (static_cast<std::uint64_t>(step) << 1) ^ static_cast<std::uint64_t>(step >> 63);
}
std::int64_t unfolded(std::uint64_t number) {
  return static_cast<std::int64_t>(number >> 1) ^ -static_cast<std::int64_t>(number & 1);
}

std::int64_t take_line(const char*& at) { return static_cast<std::int64_t>(take(at)); }

template <class Visit>
void each_cell(const char* at, const Visit& visit) {
  if (at == nullptr) return;
  take_line(at);
  take(at);  // the index
  std::size_t previous = 0;
  for (std::uint64_t count = take(at); count > 0; --count) {
    Cell cell;
    previous = cell.column = static_cast<std::size_t>(static_cast<std::int64_t>(previous) + unfolded(take(at)) + 1);
    const std::uint64_t length = take(at);
    cell.kind = (length & 1) != 0 ? CellKind::kJson : CellKind::kText;
    cell.text = std::string_view(at, length >> 1);
    at += length >> 1;
    if (!visit(cell)) return;
  }
}

}  // namespace

std::size_t ColumnNames::add(std::string name) {
  ids_.emplace(name, names_.size());
  names_.push_back(std::move(name));
  return names_.size() - 1;
}

std::size_t ColumnNames::id(std::string_view name) {
  if (const auto found = ids_.find(name); found != ids_.end()) return found->second;
  return add(std::string(name));
}

std::optional<std::size_t> ColumnNames::find(std::string_view name) const {
  const auto found = ids_.find(name);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

const char* Arena::add(std::string_view bytes) {
  if (bytes.size() > room_) {
    room_ = std::max(bytes.size(), next_);
    next_ = std::min<std::size_t>(next_ * 2, 1 << 20);
    at_ = chunks_.emplace_back(new char[room_]).get();
  }
  std::memcpy(at_, bytes.data(), bytes.size());
  const char* const begin = at_;
  at_ += bytes.size();
  room_ -= bytes.size();
  return begin;
}

Json Cell::json() const {
  if (kind == CellKind::kText) return std::string(text);
  return kind == CellKind::kJson ? parse_json(text, "a cell") : Json();
}

bool Cell::reads_as_text() const {
  return kind == CellKind::kText || (kind == CellKind::kJson && text != "null" && text.find_first_of("[{") != 0);
}

std::int64_t Record::line() const {
  const char* at = bytes_;
  return at == nullptr ? 0 : take_line(at);
}

std::int64_t Record::index() const {
  const char* at = bytes_;
  if (at == nullptr) return 0;
  const std::int64_t line = take_line(at);
  return line + unfolded(take(at));
}

std::vector<Cell> Record::cells() const {
  std::vector<Cell> all;
  each_cell(bytes_, [&](const Cell& cell) {
    all.push_back(cell);
    return true;
  });
  return all;
}

Cell Record::find(std::size_t column) const {
  Cell found;
  each_cell(bytes_, [&](const Cell& cell) {
    if (cell.column == column) found = cell;
    return cell.column != column;
  });
  return found;
}

Cell Record::find(std::string_view name) const {
  const auto column = names_ == nullptr ? std::nullopt : names_->find(name);
  return column ? find(*column) : Cell();
}

Json Record::json() const {
  Json object = Json::object();
  for (const Cell& cell : cells()) object[std::string(name(cell))] = cell.json();
  return object;
}

void RecordWriter::add(std::size_t column, CellKind kind, std::string_view text) {
  // The first column of a row counts from -1, as in `each_cell`: 0 + step + 1.
  put(cells_, folded(static_cast<std::int64_t>(column) - static_cast<std::int64_t>(previous_) - 1));
  put(cells_, (static_cast<std::uint64_t>(text.size()) << 1) | (kind == CellKind::kJson ? 1 : 0));
  cells_ += text;
  previous_ = column;
  ++count_;
}

void RecordWriter::add(std::size_t column, const Json& value) {
  if (value.is_string())
    add(column, CellKind::kText, value.get_ref<const std::string&>());
  else
    add(column, CellKind::kJson, dump_json(value));
}

Record RecordWriter::finish(Arena& arena, const ColumnNames& names) const {
  std::string bytes;
  put(bytes, static_cast<std::uint64_t>(line_));
  put(bytes, folded(index_ - line_));
  put(bytes, count_);
  bytes += cells_;
  return {arena.add(bytes), &names};
}

}  // namespace linnet
