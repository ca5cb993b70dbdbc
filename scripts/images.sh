#!/usr/bin/env bash
# `make images`: lays out in target/images what the Dockerfiles copy, and makes the secrets that docker-compose.yml
# names (in ATTENDANCE_SECRETS, docker/secrets otherwise). Building the images is docker-compose's part.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
read_env_file
readonly attendance_uid=10001 postgres_uid=10002 prometheus_uid=65534 grafana_uid=472
images=$root/target/images
secrets=${ATTENDANCE_SECRETS:-$root/docker/secrets}
[[ $secrets == /* ]] || secrets=$root/$secrets

"$root/scripts/setup.sh" demo
step "Laying out the images in $images"
rm -rf "$images"
mkdir -p "$images"/{api,recognizer,proxy,demo/program}
cp "$root/docker/api/Dockerfile" "$target/release/attendance" "$images/api"
cp "$root/docker/recognizer/Dockerfile" "$target/release/recognizer" \
    "$cache/onnxruntime/libonnxruntime.so.1.31.1" "$images/recognizer"
cp -rL "$target/packs/default" "$images/recognizer/pack"
cp "$root"/docker/proxy/{Dockerfile,Caddyfile,healthcheck} "$root/deploy/attendance.caddy" "$images/proxy"
cp -rL "$root/frontend/dist" "$images/proxy/page"
cp "$root/docker/demo/Dockerfile" "$images/demo"
cp -r "$root"/scripts/demo/{*.mjs,package.json,node_modules} "$images/demo/program"
cp -rL "$cache/photos" "$images/demo/photos"
chmod -R go+rX "$images"

# Names of secrets by the user who reads them.
owned_by_attendance=(owner_pgpass app_pgpass recognizer_secret recognizer_cert recognizer_key)
owned_by_postgres=(role_passwords postgres_cert postgres_key)
owned_by_prometheus=(metrics_secret alertmanager)
owned_by_grafana=(grafana_password)

if [[ -d $secrets ]]; then
    for name in "${owned_by_attendance[@]}" "${owned_by_postgres[@]}" "${owned_by_prometheus[@]}" \
        "${owned_by_grafana[@]}" private_ca api.env; do
        [[ -e $secrets/$name ]] || fail "$secrets lacks $name: it was made by an earlier release, whose passwords the
  database has. Back up, then remove that folder and the volumes ('docker-compose down --volumes'), and start again"
    done
    exit 0
fi
step "Making secrets in $secrets"
umask 077
rm -rf "$secrets.new"
mkdir -p "$secrets.new"
cd "$secrets.new"
owner=$(random_password)
app=$(random_password)
printf 'attendance_owner=%s\nattendance_app=%s\n' "$owner" "$app" >role_passwords
printf 'postgres:5432:*:attendance_owner:%s\n' "$owner" >owner_pgpass
printf 'postgres:5432:*:attendance_app:%s\n' "$app" >app_pgpass
random_password >recognizer_secret
cp recognizer_secret metrics_secret
random_password >grafana_password
cat >api.env <<'END'
# More settings of the API, NAME=value as in docs/OPERATIONS.md: e-mail, SMS, sign-in by a provider.
END
# Alarms go nowhere until somebody says where: docs/OPERATIONS.md, Alarms.
cp "$root/deploy/monitoring/notify.yml" alertmanager

# An authority that signs two certificates and is then forgotten. What it needs to be a server's is in the extensions.
key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
certify() {
    local name=$1
    openssl req "${key[@]}" -subj "/CN=$name" -keyout "${name}_key" -out request &&
        openssl x509 -req -in request -CA private_ca -CAkey ca_key -CAcreateserial -days 3650 -out "${name}_cert" \
            -extfile <(printf 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1\n' "$name")
}
{
    openssl req -x509 "${key[@]}" -days 3650 -subj /CN=attendance-private-ca \
        -addext keyUsage=critical,keyCertSign -keyout ca_key -out private_ca &&
        certify recognizer && certify postgres
} 2>openssl.log || fail "openssl could not make the certificates; see $secrets.new/openssl.log"
rm -f ca_key request ./*.srl openssl.log

# Each container's user reads its own files and nobody else does; PostgreSQL insists on that.
chmod 400 ./*
chmod 444 private_ca
chmod 600 api.env
as_root chown "$attendance_uid" "${owned_by_attendance[@]}"
as_root chown "$postgres_uid" "${owned_by_postgres[@]}"
as_root chown "$prometheus_uid" "${owned_by_prometheus[@]}"
as_root chown "$grafana_uid" "${owned_by_grafana[@]}"
mv "$secrets.new" "$secrets"
