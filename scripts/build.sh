#!/usr/bin/env bash
# Builds the programs, the default model pack and the page; without argument all three, else `programs`,
# `models` (also other packs), `pack` (the default one with what is built), `frontend`, `camera` (the agent), or `lambda`
# (the function). What is up to date is left alone.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
use_tools
cd "$root"
what=${1:-all}

build_programs() {
    step "Building the programs (cargo tells which crate it is at)"
    cargo build --release --locked -p api -p recognizer -p models
}

# The default pack or, for `models` alone, the one that PACK names; FROM is a folder that holds its files.
build_pack() {
    local name=default
    if [[ $what == models ]]; then
        name=${PACK:-default}
        cargo build --release --locked -p models
    fi
    local description=$root/models/packs/$name.toml out=$target/packs/$name
    step "Making the model pack in $out"
    if [[ $name == default ]]; then
        "$target/release/models" build --npm "$root/models" --out "$out"
        return
    fi
    [[ -f $description ]] || fail "PACK is '$name'; it must be default or one of $(packs)"
    "$target/release/models" make "$description" ${FROM:+--from "$FROM"} --out "$out"
}

packs() {
    local file
    for file in "$root"/models/packs/*.toml; do printf '%s ' "$(basename "$file" .toml)"; done
}

build_page() {
    step "Building the page"
    "$root/frontend/build.sh"
}

# One program for both clouds, linked to nothing: Lambda's and Azure's systems have an older glibc than the machine
# that builds may have.
build_function() {
    step "Building the function"
    cargo build --release --locked -p lambda --target "$function_target"
    mkdir -p "$target/lambda"
    strip -o "$target/lambda/lambda" "$target/$function_target/release/lambda"
    rm -f "$target"/lambda/*.zip
    python3 "$root/scripts/function-archives.py" "$target/lambda/lambda" "$target/lambda" "$release_version"
}

case $what in
all)
    build_programs
    build_pack
    build_page
    ;;
programs) build_programs ;;
models | pack) build_pack ;;
frontend) build_page ;;
camera)
    step "Building the camera agent"
    cargo build --release --locked -p camera
    ;;
lambda) build_function ;;
*) fail "usage: scripts/build.sh [programs|models|pack|frontend|camera|lambda]" ;;
esac
