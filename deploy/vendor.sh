#!/bin/sh
# Fetches the screens' third-party files again, as api/static/vendor/VENDOR.md lists them, and verifies each checksum.
# A file that differs stops the run before anything is replaced. Needs npm; nothing is installed.
#
#   deploy/vendor.sh            fetch, verify, put in place
#   deploy/vendor.sh --accept   after a change of version: fetch, put in place, print the checksums for VENDOR.md
set -eu

vendor=$(cd "$(dirname "$0")/../api/static/vendor" && pwd)
accept=${1:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# file, package, path and checksum of every row, without the table's bars and back-ticks
sed -n 's/^| `\(.*\)` | `\(.*\)` | `\(.*\)` | [^|]* | `\(.*\)` |$/\1 \2 \3 \4/p' "$vendor/VENDOR.md" > "$work/rows"
[ -s "$work/rows" ] || { echo "vendor: no rows in $vendor/VENDOR.md" >&2; exit 1; }

mkdir "$work/new"
while read -r file package path sha; do
    unpacked=$work/$(echo "$package" | tr '/@' '__')
    if [ ! -d "$unpacked" ]; then
        mkdir "$unpacked"
        archive=$(cd "$unpacked" && npm pack --silent "$package" < /dev/null)
        tar -xzf "$unpacked/$archive" -C "$unpacked"
    fi
    cp "$unpacked/package/$path" "$work/new/$file"
    got=$(sha256sum "$work/new/$file" | cut -d ' ' -f 1)
    if [ "$accept" = --accept ]; then
        echo "$file $got"
    elif [ "$got" != "$sha" ]; then
        echo "vendor: $file of $package has sha256 $got, VENDOR.md says $sha" >&2
        exit 1
    fi
done < "$work/rows"

chmod 644 "$work"/new/*
mv "$work"/new/* "$vendor"/
echo "vendor: $(wc -l < "$work/rows") files are as VENDOR.md says"
