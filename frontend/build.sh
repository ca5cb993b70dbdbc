#!/bin/sh
# Builds the front end into frontend/dist: cargo → wasm-bindgen → Tailwind → hashed files.
#
#   frontend/build.sh         optimised for size
#   frontend/build.sh --dev   quick to compile, large to load
#
# Needs the wasm32-unknown-unknown target, node 20 or newer on PATH and `npm ci` done in this folder.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
target=${CARGO_TARGET_DIR:-$root/target}

profile=wasm
folder=wasm
limit=300
if [ "${1:-}" = --dev ]; then
    profile=dev
    folder=debug
    limit=40000
fi

if [ ! -d "$here/node_modules/@tailwindcss/cli" ]; then
    echo "frontend/node_modules is missing: run 'npm ci' in frontend/ first." >&2
    exit 1
fi

cd "$root"
# Views of erased type take a good part off the compiled size.
# The bundler splits the module into parts that are fetched apart, and needs the relocations for it.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="--cfg erase_components -Clink-arg=--emit-relocs"
cargo build --package frontend --target wasm32-unknown-unknown --profile "$profile"
cargo build --package bundler --release

# Tailwind looks for its package beside the style sheet, so it runs from here.
css=$target/wasm32-unknown-unknown/$folder/frontend.css
(cd "$here" && node node_modules/@tailwindcss/cli/dist/index.mjs \
    --input styles/app.css --output "$css" --minify >/dev/null)
# The kiosk's own style sheet is fetched by its page alone.
kiosk_css=$target/wasm32-unknown-unknown/$folder/kiosk.css
(cd "$here" && node node_modules/@tailwindcss/cli/dist/index.mjs \
    --input styles/kiosk.css --output "$kiosk_css" --minify >/dev/null)

exec "$target/release/bundler" \
    --wasm "$target/wasm32-unknown-unknown/$folder/frontend.wasm" \
    --css "$css" \
    --kiosk-css "$kiosk_css" \
    --static-files "$here/static" \
    --out "$here/dist" \
    --limit-kb "$limit"
