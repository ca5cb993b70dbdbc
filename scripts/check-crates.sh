#!/usr/bin/env bash
# Proves how the crates hang together: dependencies run one way, the wire types build for the browser and know
# neither database nor server, and inside the API each layer keeps to itself.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
use_tools
cd "$root"
bad=0
complain() {
    printf '%s\n' "$*" >&2
    bad=1
}

# Which crates of the workspace each may depend on, in whatever way. Programs stand on no right side; `models` is
# there as the library that knows the form of a pack, which its own program writes and the recognizer reads.
declare -A may=(
    [types]="" [recognizer-types]="types" [gallery]="" [decision]="types gallery" [models]="" [bundler]=""
    [recognizer]="types recognizer-types models gallery decision telemetry"
    [api]="types recognizer-types gallery decision sealing sign-in telemetry"
    [sealing]="" [telemetry]="" [camera]="types sealing telemetry"
    [sign-in]="" [lambda]="types sign-in"
    [frontend]="types sealing"
)
# shellcheck disable=SC2016
edges=$(cargo metadata --locked --no-deps --format-version 1 | node -e '
    const { packages } = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const ours = new Set(packages.map(p => p.name));
    for (const p of packages) {
        console.log(p.name);
        for (const d of p.dependencies) if (ours.has(d.name)) console.log(p.name, d.name);
    }')
while read -r from to; do
    if [[ ! -v may[$from] ]]; then
        complain "$from: a crate that scripts/check-crates.sh does not know; say there what it may depend on"
    elif [[ -n $to && " ${may[$from]} " != *" $to "* ]]; then
        complain "$from must not depend on $to"
    fi
done <<<"$edges"

for crate in types frontend; do
    for banned in diesel actix-web tokio reqwest recognizer-types; do
        if cargo tree --locked --quiet -p "$crate" --target wasm32-unknown-unknown --edges normal --prefix none |
            grep -q "^$banned v"; then
            complain "$crate has $banned in its tree"
        fi
    done
done
cargo check --locked --quiet --profile wasm -p types --target wasm32-unknown-unknown || complain "types does not build for wasm32"

# layer FOLDER WORD: no file of a layer of the API may use a crate of another layer.
layer() {
    local found
    [[ -e api/src/$1 ]] || return 0
    found=$(grep -rnE "\b$2(_[a-z]+)*::" "api/src/$1" || true)
    [[ -z $found ]] || complain "api/src/$1 must not use $2:"$'\n'"$found"
}
layer routes diesel
layer domain actix
layer models actix

((bad == 0))
