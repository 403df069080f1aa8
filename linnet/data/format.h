// The format of a data file: from the options, else by its name, else by its beginning.
//
//   TextBuffer text(open_bytes("-"), "stdin");
//   const DataFormat format = find_format("-", text, options);  // "title,text\n…" is csv; a guess prints a note
#pragma once

#include <filesystem>

#include "linnet/data/dataset.h"
#include "linnet/data/rows.h"

namespace linnet {

// Does not consume `text`. kBadInput for unsupported formats (Parquet, spreadsheets, UTF-16, …), for an unknown ending,
// and for text on a pipe that looks like cells but has no known text column.
DataFormat find_format(const std::filesystem::path& file, TextBuffer& text, const ReadOptions& options);

// The format by name: txt, jsonl or ndjson, json, csv, tsv. `place` names the file in errors.
DataFormat format_named(std::string_view name, std::string_view place, const ReadOptions& options);

}  // namespace linnet
