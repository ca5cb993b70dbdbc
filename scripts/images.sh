#!/usr/bin/env bash
# `make images`: lays out in target/images what the Dockerfiles copy, and makes the secrets that docker-compose.yml
# names. Building the images is docker-compose's part.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
images=$root/target/images

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

"$root/scripts/secrets.sh"
