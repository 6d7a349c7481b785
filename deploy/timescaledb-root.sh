#!/bin/sh
# Makes a TimescaleDB server that needs no container engine: PostgreSQL 17 with TimescaleDB (Apache edition) from
# Debian's next release, in a folder of its own, because their libc is newer than this system's. `park demo` and the
# tests start it by chroot. Nothing outside the folder changes. About 10 s and 420 MB; run again, it does nothing.
#
#   deploy/timescaledb-root.sh [PARK_HOME]      needs root and the Debian package mmdebstrap
set -eu

home=${1:-${PARK_HOME:-$(dirname "$0")/../.park}}
suite=trixie
# Change this word when the recipe changes: an older root is then made anew, and its databases move over.
recipe="1 $suite postgresql-17-timescaledb"

mkdir -p "$home/timescaledb"
base=$(cd "$home/timescaledb" && pwd)
root=$base/root

# The stamp is written into the new root before its rename, so a root with the right stamp is a whole root.
whole() { [ "$(cat "$root/.made" 2>/dev/null)" = "$recipe" ]; }

whole && exit 0
[ "$(id -u)" = 0 ] || { echo "timescaledb-root: needs root (chroot). Or set PARK_DATABASE_URL to a TimescaleDB of yours." >&2; exit 1; }
command -v mmdebstrap >/dev/null || { echo "timescaledb-root: the package mmdebstrap is missing: apt-get install mmdebstrap" >&2; exit 1; }

# Two runs at once (make demo beside make test): the second waits, then finds the work done.
exec 9>"$base/.lock"
flock 9
whole && exit 0

for server in "$root"/srv/*/data/postmaster.pid; do
    [ -e "$server" ] && kill -0 "$(head -n 1 "$server")" 2>/dev/null &&
        { echo "timescaledb-root: a server still runs in the old root ($server): stop it first" >&2; exit 1; }
done

rm -rf "$base"/new.*
new=$(mktemp -d "$base/new.XXXXXX")
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$new"   # mktemp gives 700; PostgreSQL's own user has to get in

echo "timescaledb-root: making $root from Debian $suite (about 420 MB)"
mmdebstrap --quiet --variant=extract \
    --include=base-files,dash,postgresql-17,postgresql-17-timescaledb "$suite" "$new"

# Packages are unpacked, not configured, so what their scripts would do is done here: one user, whose number is this
# machine's own where it has that user, so that `ls` and `ps` tell the truth outside the root too.
if line=$(getent passwd postgres); then
    uid=$(echo "$line" | cut -d: -f3) gid=$(echo "$line" | cut -d: -f4)
else
    uid=64017 gid=64017   # in the range that Debian keeps for fixed numbers on request, above what it hands out
fi
printf 'root:x:0:0:root:/:/bin/sh\npostgres:x:%s:%s::/srv:/bin/sh\n' "$uid" "$gid" > "$new/etc/passwd"
printf 'root:x:0:\npostgres:x:%s:\n' "$gid" > "$new/etc/group"
chmod 1777 "$new/tmp" "$new/dev/shm"
# Where device nodes may not be made (some containers), plain files do: initdb's shell only redirects into the one,
# and OpenSSL asks the kernel, not the other.
[ -c "$new/dev/null" ] || { rm -f "$new/dev/null"; : > "$new/dev/null"; chmod 666 "$new/dev/null"; }
mkdir -p "$new/srv"
chmod 711 "$new/srv"
chroot "$new" /usr/lib/postgresql/17/bin/postgres --version
[ -e "$new/usr/lib/postgresql/17/lib/timescaledb.so" ]
echo "$recipe" > "$new/.made"

if [ -d "$root" ]; then
    if [ -d "$root/srv" ]; then rm -rf "$new/srv"; mv "$root/srv" "$new/srv"; fi
    mv "$root" "$new.old"
fi
mv "$new" "$root"
rm -rf "$new.old"
echo "timescaledb-root: $root is ready"
