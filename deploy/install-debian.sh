#!/bin/sh
# Installs the Debian packages that `make demo` or `make test` needs, and starts none of them: the demo and the tests
# run their own servers on private ports. Asks nothing; does nothing when everything is there.
#
#   deploy/install-debian.sh demo|test [PYTHON]      needs root
set -eu

what=${1:?demo or test}
python=${2:-python3}
home=${PARK_HOME:-$(dirname "$0")/../.park}
export DEBIAN_FRONTEND=noninteractive

elsewhere() {
    cat >&2 <<TEXT
smartpark: $1
  The set-up goes on with what can be done without Debian packages. For the whole:
    - Docker:  docker compose --profile demo up      TimescaleDB, Mosquitto and everything else in containers
    - your own servers:  PARK_DATABASE_URL=postgresql://… PARK_MQTT_URL=mqtt://…  before make demo or make test
    - macOS:   brew install mosquitto node; and a TimescaleDB of yours in PARK_DATABASE_URL
    - another Linux: Mosquitto from its own packages, a TimescaleDB of yours in PARK_DATABASE_URL
  Without a TimescaleDB, make demo falls back on a plain PostgreSQL and says so; make test fails, and says so.
TEXT
    exit 0
}

command -v apt-get >/dev/null && [ -r /etc/debian_version ] || elsewhere "this is not Debian, so no packages are installed."

# One name per line: the command or file that proves a package is there, and the package.
missing=""
need() { command -v "$1" >/dev/null || [ -e "$1" ] || missing="$missing $2"; }

"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
PATH=$PATH:/usr/sbin:/sbin
need mosquitto mosquitto
need mmdebstrap mmdebstrap
need /usr/share/keyrings/debian-archive-trixie-stable.gpg debian-archive-keyring
if [ "$what" = test ]; then
    need mosquitto_pub mosquitto-clients
    need chromium chromium
    need /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc fonts-noto-cjk
    need node nodejs
    need npm npm
    set -- /usr/lib/*/libatomic.so.1
    need "$1" libatomic1   # the browser driver's own Node wants it
fi
promtool=$home/bin/promtool
[ "$what" = test ] && [ ! -x "$promtool" ] && ! command -v promtool >/dev/null && fetch_promtool=yes || fetch_promtool=no
[ -n "$missing" ] || [ $fetch_promtool = yes ] || exit 0

[ "$(id -u)" = 0 ] || elsewhere "not root, so these packages are not installed:$missing (apt-get install them, and run make again)."

if [ -n "$missing" ]; then
    echo "smartpark: installing$missing"
    # A package's script asks policy-rc.d before it starts a daemon; 101 is "don't". One that is there is left alone.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f $policy' EXIT
        trap 'exit 1' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' > $policy
        chmod 755 $policy
    fi
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 $missing >/dev/null
    case " $missing " in
        *" mosquitto "*)
            # Nor at the next boot: a broker that we brought must not sit on port 1883.
            deb-systemd-helper disable mosquitto.service >/dev/null 2>&1 || true
            update-rc.d mosquitto disable >/dev/null 2>&1 || true ;;
    esac
fi

if [ $fetch_promtool = yes ]; then
    # Only the checker is wanted: installing the package would make a user and enable a daemon.
    echo "smartpark: fetching promtool"
    tmp=$(mktemp -d)
    [ -n "$missing" ] || apt-get update -qq
    (cd "$tmp" && apt-get download -qq prometheus 2>/dev/null && dpkg-deb --fsys-tarfile ./*.deb | tar -x ./usr/bin/promtool)
    mkdir -p "$home/bin"
    mv "$tmp/usr/bin/promtool" "$promtool.new" && mv "$promtool.new" "$promtool"
    rm -rf "$tmp"
fi
