#!/bin/sh
# Writes Mosquitto's password file from one secret file per account, then becomes the broker: the entry point of the
# mosquitto container. The secrets are the files mqtt_collector, mqtt_device and mqtt_simulator in /run/secrets.
#
#   passwords.sh COMMAND…       e.g. passwords.sh mosquitto -c /mosquitto/config/mosquitto.conf
set -eu

secrets=${MQTT_SECRETS:-/run/secrets}
passwords=${MQTT_PASSWORDS:-/mosquitto/data/passwords}

umask 077
: > "$passwords.new"
for account in collector device simulator; do
    file=$secrets/mqtt_$account
    [ -r "$file" ] || continue      # an account without a secret does not exist
    printf '%s:%s\n' "$account" "$(cat "$file")" >> "$passwords.new"
done
[ -s "$passwords.new" ] || { echo "passwords.sh: no secret mqtt_collector, mqtt_device or mqtt_simulator in $secrets" >&2; exit 1; }
mosquitto_passwd -U "$passwords.new"      # hashes in place: no password on a command line
mv "$passwords.new" "$passwords"
[ "$(id -u)" != 0 ] || chown mosquitto "$passwords"
exec "$@"
