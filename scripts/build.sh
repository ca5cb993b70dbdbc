#!/usr/bin/env bash
# Builds the programs, the default model pack and the page; without argument all three, else `programs`,
# `models` or `frontend`. What is up to date is left alone.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
use_tools
cd "$root"
what=${1:-all}

build_programs() {
    step "Building the programs (cargo tells which crate it is at)"
    cargo build --release --locked -p api -p recognizer -p models
}

build_pack() {
    [[ $what == all ]] || cargo build --release --locked -p models
    step "Making the model pack in $target/packs/default"
    "$target/release/models" build --npm "$root/models" --out "$target/packs/default"
}

build_page() {
    step "Building the page"
    "$root/frontend/build.sh"
}

case $what in
all)
    build_programs
    build_pack
    build_page
    ;;
programs) build_programs ;;
models) build_pack ;;
frontend) build_page ;;
*) fail "usage: scripts/build.sh [programs|models|frontend]" ;;
esac
