#!/usr/bin/env bash
# `make images`: lays out in target/images what the Dockerfiles copy, and makes the secrets that docker-compose.yml
# names. Building the images is docker-compose's part.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
readonly container_uid=10001 # the user of both images
readonly postgres_uid=999    # the user of the PostgreSQL image
images=$root/target/images
secrets=$root/docker/secrets

step "Laying out the images in $images"
rm -rf "$images"
mkdir -p "$images/api" "$images/recognizer"
cp "$root/docker/api/Dockerfile" "$target/release/attendance" "$images/api"
cp -rL "$root/frontend/dist" "$images/api/page"
cp "$root/docker/recognizer/Dockerfile" "$target/release/recognizer" \
    "$cache/onnxruntime/libonnxruntime.so.1.31.1" "$images/recognizer"
cp -rL "$target/packs/default" "$images/recognizer/pack"
chmod -R go+rX "$images"

[[ ! -d $secrets ]] || exit 0
step "Making secrets in $secrets"
umask 077
rm -rf "$secrets.new"
mkdir -p "$secrets.new"
cd "$secrets.new"
owner=$(random_password)
app=$(random_password)
random_password >postgres_password
printf 'attendance_owner=%s\nattendance_app=%s\n' "$owner" "$app" >role_passwords
printf 'postgres:5432:*:attendance_owner:%s\n' "$owner" >owner_pgpass
printf 'postgres:5432:*:attendance_app:%s\n' "$app" >app_pgpass
random_password >recognizer_secret
# An authority that signs one certificate and is then forgotten.
key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
{
    openssl req -x509 "${key[@]}" -days 3650 -subj /CN=attendance-recognizer-ca \
        -addext keyUsage=critical,keyCertSign -keyout ca_key -out recognizer_ca &&
        openssl req "${key[@]}" -subj /CN=recognizer -keyout recognizer_key -out request &&
        openssl x509 -req -in request -CA recognizer_ca -CAkey ca_key -CAcreateserial -days 3650 -out recognizer_cert \
            -extfile <(printf 'basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:recognizer,DNS:localhost,IP:127.0.0.1\n')
} 2>openssl.log || fail "openssl could not make the recognizer's certificate; see $secrets.new/openssl.log"
rm -f ca_key request ./*.srl openssl.log
# Each container's user reads its own files and nobody else does; PostgreSQL insists on that.
chmod 400 ./*
owners=(chown "$container_uid" owner_pgpass app_pgpass recognizer_secret recognizer_ca recognizer_cert recognizer_key)
postgres_owners=(chown "$postgres_uid" postgres_password role_passwords)
as_root "${owners[@]}"
as_root "${postgres_owners[@]}"
mv "$secrets.new" "$secrets"
