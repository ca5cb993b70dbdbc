#!/usr/bin/env bash
# `make test`: every check and test, each with its time; the last line sums them up. A gate that cannot run here
# (a tool or data that cannot be had) is counted as skipped and named. ONLY=word runs the gates whose name holds
# the word. Exit code 0 only when nothing failed.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"

passed=0
failed=0
skipped=0
failures=()
skips=()
only=${ONLY:-}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/attendance-test.XXXXXX")

clean_up() {
    [[ -z $scratch_postgres ]] || postgres_stop "$scratch_postgres"
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

wanted() { [[ -z $only || $1 == *"$only"* ]]; }

note_failure() {
    failed=$((failed + 1))
    failures+=("$1")
    say "FAILED: $1"
}

note_skip() {
    skipped=$((skipped + 1))
    skips+=("$1")
    say "skipped: $1"
}

# gate NAME COMMAND…: one check, one count.
gate() {
    local name=$1 since=$SECONDS
    shift
    wanted "$name" || return 0
    step "$name"
    if (set +e; "$@"); then
        passed=$((passed + 1))
        say "ok: $name ($((SECONDS - since)) s)"
    else
        note_failure "$name ($((SECONDS - since)) s)"
    fi
}

# proof NAME COMMAND…: counts the command's lines `ok …` and `not ok …` one by one. It says `skipped: …` and ends with
# 77 where this machine cannot run it.
proof() {
    local name=$1 since=$SECONDS status=0 before=$failed line
    shift
    wanted "$name" || return 0
    step "$name"
    "$@" 2>&1 | tee "$scratch/output" || status=$?
    if ((status == 77)); then
        note_skip "$name ($(sed -n 's/^skipped: //p' "$scratch/output"))"
        return
    fi
    passed=$((passed + $(grep -c '^ok ' "$scratch/output" || true)))
    while read -r line; do note_failure "$name: $line"; done < <(sed -n 's/^not ok //p' "$scratch/output")
    if ((status != 0 && failed == before)); then note_failure "$name did not finish (status $status)"; fi
    say "done: $name ($((SECONDS - since)) s)"
}

# suite NAME COUNTER COMMAND…: tests that are counted one by one by COUNTER, which reads the output.
suite() {
    local name=$1 counter=$2 since=$SECONDS status=0 before=$failed signal
    shift 2
    wanted "$name" || return 0
    step "$name"
    "$@" 2>&1 | tee "$scratch/output" || status=$?
    "$counter" "$scratch/output"
    if ((status != 0 && failed == before)); then
        # A program that crashed after its last test: cargo names the signal.
        signal=$(sed -n 's/.*(\(signal: [^)]*\)).*/, \1/p' "$scratch/output" | head -n 1)
        note_failure "$name did not finish (status $status$signal)"
    fi
    say "done: $name ($((SECONDS - since)) s)"
}

# needs NAME TOOL…: whether a gate's tools are there; says that it is skipped where they are not.
needs() {
    local name=$1 tool
    shift
    wanted "$name" || return 1
    for tool in "$@"; do
        command -v "$tool" >/dev/null 2>&1 && continue
        note_skip "$name ($tool is not here)"
        return 1
    done
}

# A tool that cargo builds once into the cache folder: cargo_tool PROGRAM VERSION CRATE [FLAG…]
cargo_tool() {
    local program=$1 version=$2 crate=$3
    shift 3
    command -v "$program" >/dev/null 2>&1 && return
    step "Building $crate $version (once)"
    # Without optimisation: they are built in half the time and run for a second.
    cargo install --quiet --debug --locked --root "$cache/tools" "$crate" --version "$version" "$@" ||
        warn "$crate could not be built"
    use_tools
}

count_cargo() {
    local file=$1 line name
    while read -r line; do
        [[ $line =~ ([0-9]+)\ passed\;\ ([0-9]+)\ failed\;\ ([0-9]+)\ ignored ]] || continue
        passed=$((passed + BASH_REMATCH[1]))
        failed=$((failed + BASH_REMATCH[2]))
        skipped=$((skipped + BASH_REMATCH[3]))
    done < <(grep '^test result:' "$file")
    while read -r name; do failures+=("$name"); done < <(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$file")
    while read -r name; do skips+=("$name"); done < <(sed -n 's/^test \(.*\) \.\.\. ignored.*$/\1/p' "$file")
}

count_node() {
    local file=$1 name number
    number() { sed -n "s/^ℹ $1 \([0-9]*\)$/\1/p" "$file" | tail -n 1; }
    if [[ -z $(number pass) ]]; then
        note_failure "node printed no sum"
        return
    fi
    passed=$((passed + $(number pass)))
    failed=$((failed + $(number fail) + $(number cancelled)))
    while read -r name; do failures+=("$name"); done < <(sed '1,/failing tests:/d' "$file" | sed -n 's/^✖ \(.*\) ([0-9.]*ms)$/\1/p')
    # Counted from the lines: a suite that is skipped as a whole is not in node's own sum.
    while read -r name; do
        skipped=$((skipped + 1))
        skips+=("$name")
    done < <(sed -n 's/^ *﹣ \(.*\) ([0-9.]*ms) # \(.*\)$/\1: \2/p' "$file")
}

run_cargo_tests() {
    export TEST_DATABASE_URL
    # The function is tried as it is shipped.
    export LAMBDA_BINARY=$target/lambda/lambda
    cargo test --release --locked --workspace --exclude frontend --no-fail-fast
}

run_node_tests() {
    (
        cd "$root/tests"
        node --experimental-websocket --no-warnings --test --test-concurrency=1 --test-force-exit \
            --test-reporter=spec "$@"
    )
}

# What Diesel prints after our own migration must be what the tree holds.
fresh_schema() {
    local address file
    postgres_sql attendance_super postgres <<<"CREATE DATABASE schema_check;"
    address=$(postgres_url attendance_super schema_check)
    DATABASE_OWNER_URL=$address "$target/release/attendance" migrate || return 1
    file=$(sed -n 's/^file *= *"\(.*\)"/\1/p' diesel.toml)
    DATABASE_URL=$address diesel print-schema --config-file diesel.toml >"$scratch/schema.rs" || return 1
    rustfmt --config-path rustfmt.toml "$scratch/schema.rs"
    diff -u "$file" "$scratch/schema.rs"
}

begin_terraform() { terraform -chdir="$1" init -backend=false -input=false >/dev/null; }

check_terraform() {
    terraform fmt -check -recursive terraform && begin_terraform "$1" && terraform -chdir="$1" validate &&
        terraform -chdir="$1" test
}

"$root/scripts/setup.sh" test
use_tools
cd "$root"
export RECOGNIZER_PACK=$target/packs/default
export RECOGNIZER_ORT=$cache/onnxruntime/libonnxruntime.so.1.31.1
export RUST_BACKTRACE=1

gate "format" cargo fmt --all --check
if needs "shell scripts" shellcheck; then
    gate "shell scripts" shellcheck -x scripts/*.sh tests/{bench,compose,monitoring,release}/*.sh docker/postgres/start.sh \
        docker/proxy/healthcheck camera/debian/* .ci/run
fi
gate "tree: no secrets, machine paths, weights or photos" scripts/check-tree.sh
gate "crates: dependencies run one way" scripts/check-crates.sh
if wanted "terraform"; then
    # A checker that needs no providers, where there is one; else Terraform itself, which downloads them.
    terraform_check=${TERRAFORM_CHECK:-$root/../shared/tools/terraform-check/check}
    [[ -x $terraform_check ]] || terraform_check=check_terraform
    if ! command -v terraform >/dev/null 2>&1; then
        note_skip "terraform (it is not here)"
    elif [[ $terraform_check == check_terraform ]] && ! begin_terraform terraform/aws 2>/dev/null; then
        note_skip "terraform (its providers cannot be fetched)"
    else
        for file in terraform/*/main.tf; do gate "terraform: $(basename "${file%/*}")" "$terraform_check" "${file%/*}"; done
    fi
    if python3 -c 'import tomllib' 2>/dev/null; then
        gate "terraform: what a day costs" scripts/cost.py --check
    else
        note_skip "terraform: what a day costs (Python is older than 3.11)"
    fi
fi

gate "clippy on the host" cargo clippy --release --locked --workspace --exclude frontend --all-targets -- -D warnings
gate "clippy on wasm32" cargo clippy --profile wasm --locked -p frontend --target wasm32-unknown-unknown -- -D warnings

if wanted "licences"; then cargo_tool cargo-deny 0.20.2 cargo-deny --no-default-features; fi
if needs "licences" cargo-deny; then gate "licences" cargo deny --locked --offline check bans licenses sources; fi
if wanted "unused dependencies"; then cargo_tool cargo-machete 0.9.2 cargo-machete; fi
if needs "unused dependencies" cargo-machete; then gate "unused dependencies" cargo machete; fi

# The programs come with their tests, in one build.
gate "build" cargo test --release --locked --workspace --exclude frontend --no-run
gate "build of the model pack" scripts/build.sh pack
gate "build of the page" scripts/build.sh frontend
gate "build of the function" scripts/build.sh lambda

if wanted "cargo tests" || wanted "schema.rs"; then
    postgres_scratch "$scratch/database"
    TEST_DATABASE_URL=$(postgres_url attendance_super postgres)
fi
if wanted "schema.rs"; then cargo_tool diesel 2.3.14 diesel_cli --no-default-features --features postgres; fi
if needs "schema.rs is what Diesel prints" diesel; then gate "schema.rs is what Diesel prints" fresh_schema; fi
suite "cargo tests" count_cargo run_cargo_tests
# Nothing else needs the front end's crates for this machine, so they are built as quickly as can be.
suite "frontend tests on the host" count_cargo cargo test --locked -p frontend --config 'profile.dev.package."*".opt-level=0'

if needs "monitoring" promtool; then gate "monitoring: alarms, dashboard" tests/monitoring/check.sh; fi
gate "secrets of containers" tests/compose/secrets.sh
if needs "containers" dockerd docker-compose debootstrap iptables; then
    if why=$(tests/compose/proof.sh --why-not); then
        note_skip "containers ($why)"
    else
        suite "containers" count_node tests/compose/proof.sh
    fi
fi

if needs "deploy/Caddyfile" caddy; then
    gate "deploy/Caddyfile" env DOMAIN=attendance.test ACME_EMAIL=internal INTERNAL_ZONE=attendance.internal \
        caddy validate --config deploy/Caddyfile --adapter caddyfile
fi
proof "release archive" tests/release/release.test.sh
proof "network proof" tests/network/proof.py
proof "rollout: upgrade, standby, failover" tests/network/rollout.py
# Some ten minutes, most of them Debian's installation: not each time.
if [[ -n ${MACHINES:-} ]]; then
    proof "machines" tests/machine/boot.py
elif wanted "machines"; then
    note_skip "machines (MACHINES=1 runs it)"
fi

for file in "$root"/tests/*.test.mjs; do
    suite "end to end: $(basename "$file" .test.mjs)" count_node run_node_tests "$file"
done

step "Done"
for name in "${skips[@]}"; do say "skipped: $name"; done
for name in "${failures[@]}"; do say "failed: $name"; done
say "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
