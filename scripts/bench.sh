#!/usr/bin/env bash
# `make bench`: speed and accuracy on this machine. Writes the table of docs/BENCHMARKS.md; everything that was printed
# lies in target/bench. Some minutes; what the table holds is measured in processor time where that can be told.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
"$root/scripts/setup.sh" test
use_tools
"$root/scripts/build.sh"
cd "$root"
shared=${ATTENDANCE_SHARED:-$root/../shared}
results=$target/bench
rm -rf "$results" "$target/criterion"
mkdir -p "$results"
export FRAMES=$results
export RECOGNIZER_PACK=$target/packs/default
export RECOGNIZER_ORT=$cache/onnxruntime/libonnxruntime.so.1.31.1

# record NAME COMMAND...: runs it and keeps what it prints.
record() {
    local name=$1
    shift
    "$@" | tee "$results/$name.txt"
}

# missing WHAT WHY: says so, here and in the table.
missing() {
    say "skipped: $1 ($2)"
    printf '| %s | not run: %s | | | |\n' "$1" "$2" >>"$results/missing.txt"
}

step "From a frame to a decision"
record frames cargo bench --locked -p recognizer

step "The Python package face_recognition on the same pictures"
peer=$cache/peer
if [[ -x $peer/bin/python ]] || {
    python3 -m venv "$peer" &&
        "$peer/bin/pip" install --quiet "setuptools<81" numpy pillow click dlib-bin face_recognition_models &&
        "$peer/bin/pip" install --quiet --no-deps face_recognition==1.3.0
}; then
    OMP_NUM_THREADS=1 record peer "$peer/bin/python" recognizer/benches/python_peer.py "$results"/frame_*.jpg
else
    rm -rf "$peer"
    missing "the Python package face_recognition" "it cannot be installed here"
fi

step "Gallery"
record gallery cargo bench --locked -p gallery

# evaluate PACK: accuracy on pictures, and names on clips.
evaluate() {
    local pack=$1 name=${1##*/}
    "$target/release/recognizer" evaluate --pack "$pack" --out "$results/$name" \
        --pairs "$shared/data/pairs/pairs.csv" --images "$shared/data/pairs/images"
    "$target/release/recognizer" evaluate --pack "$pack" --out "$results/$name" --clips "$shared/data/clips"
}
if [[ -f $shared/data/pairs/pairs.csv && -f $shared/data/clips/labels.csv ]]; then
    step "Accuracy of the default pack"
    evaluate "$target/packs/default"
    if [[ -d $shared/models ]]; then
        step "Accuracy of YuNet with retail-0095"
        "$target/release/models" make models/packs/yunet-retail-0095.toml --from "$shared/models" \
            --out "$target/packs/yunet-retail-0095"
        evaluate "$target/packs/yunet-retail-0095"
    else
        missing "accuracy of YuNet with retail-0095" "no ../shared/models"
    fi
else
    missing "accuracy" "no ../shared/data"
fi

step "From a frame to a dashboard"
record dashboard node --experimental-websocket --no-warnings tests/bench/arrival-latency.mjs

step "From a camera to an arrival"
"$root/scripts/build.sh" camera
record decision node --no-warnings tests/bench/capture-to-decision.mjs

step "Many cameras, many dashboards"
record cameras node --no-warnings tests/bench/many-feeds.mjs

node scripts/bench-table.mjs "$results" "$target/criterion" docs/BENCHMARKS.md
say "docs/BENCHMARKS.md has the table of this run"
