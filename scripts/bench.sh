#!/usr/bin/env bash
# `make bench`: speed and accuracy on this machine; the figures that docs/BENCHMARKS.md keeps come from here.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
"$root/scripts/setup.sh" test
use_tools
"$root/scripts/build.sh"
cd "$root"
export RECOGNIZER_PACK=$target/packs/default
export RECOGNIZER_ORT=$cache/onnxruntime/libonnxruntime.so.1.31.1

step "Recognizer and gallery"
cargo bench --locked -p recognizer -p gallery
if [[ -f $root/../shared/data/pairs/pairs.csv ]]; then
    step "Accuracy of the default pack on the pairs"
    "$target/release/recognizer" evaluate "$root/../shared/data/pairs"
else
    say "skipped: accuracy (no ../shared/data/pairs)"
fi
step "From a frame to a dashboard"
node --experimental-websocket --no-warnings tests/bench/arrival-latency.mjs
