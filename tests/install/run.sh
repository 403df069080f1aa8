#!/usr/bin/env bash
# run.sh BUILD_DIR SOURCE_DIR: installs BUILD_DIR below a temporary prefix, builds tests/install against it and runs it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$1" --prefix "$work/prefix" >"$work/log" || { cat "$work/log" >&2; exit 1; }
cmake -G Ninja -S "$2/tests/install" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Release
cmake --build "$work/build"
"$work/build/user"
"$work/prefix/bin/linnet" --version
for file in man/man1/linnet.1 man/man1/linnet-classify.1 bash-completion/completions/linnet zsh/site-functions/_linnet \
  fish/vendor_completions.d/linnet.fish; do
  [ -s "$work/prefix/share/$file" ] || { echo "not installed: share/$file" >&2; exit 1; }
done
