#!/usr/bin/env bash
# package.sh BUILD_DIR: the archive of script/package runs from the folder where it is unpacked.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cpack -G TGZ --config "$1/CPackConfig.cmake" -B "$work" >"$work/log" || { cat "$work/log" >&2; exit 1; }
mkdir "$work/unpacked"
tar -xzf "$work"/linnet-*.tar.gz -C "$work/unpacked" --strip-components 1
"$work/unpacked/bin/linnet" --version
for file in man/man1/linnet.1 bash-completion/completions/linnet doc/linnet/copyright; do
  [ -s "$work/unpacked/share/$file" ] || { echo "not packed: share/$file" >&2; exit 1; }
done
if find "$work/unpacked" -name '*.a' -o -name '*.h' | grep -q .; then
  echo "packed: what only developers need" >&2
  exit 1
fi
