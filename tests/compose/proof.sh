#!/usr/bin/env bash
# Brings docker-compose.yml up on a real engine and does the main job through the proxy, from a machine outside. The
# engine is one of its own: Debian's docker.io, started by hand in a network namespace, so that neither a bridge nor a
# firewall rule of it touches this machine, and nothing of it is left when the namespace goes. A second namespace is the
# internet. Nothing is pulled: the base is Debian by debootstrap. The base and the images' layers stay in
# ~/.cache/attendance for the next time (ATTENDANCE_PROOF_CACHE names another folder).
#
# It wants root (or sudo without a prompt), and the release binaries, the model pack and the page built. `--why-not` says
# why this machine cannot run it, and fails where it can.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/settings.sh"
if [[ ${1:-} == --why-not ]]; then
    if ((EUID != 0)) && ! sudo -n true 2>/dev/null; then
        say "needs root, or sudo without a password"
    elif ! as_root unshare --net --mount true 2>/dev/null; then
        say "no network or mount namespaces here"
    elif [[ ! -e /sys/fs/cgroup/cgroup.controllers && ! -d /sys/fs/cgroup/memory ]]; then
        say "no control groups here"
    else
        exit 1
    fi
    exit
fi
if ((EUID != 0)); then
    exec sudo -n env "PATH=$PATH" "HOME=$HOME" "CARGO_TARGET_DIR=$target" "XDG_CACHE_HOME=$(dirname "$cache")" \
        "${BASH_SOURCE[0]}" "$@"
fi
use_tools
keep=${ATTENDANCE_PROOF_CACHE:-$cache}
base=$keep/debian-bookworm.tar
scratch=$(mktemp -d "${TMPDIR:-/tmp}/attendance-compose.XXXXXX")
namespace=attendance-compose-$$
internet=$namespace-internet
engine=
images=(proxy api recognizer postgres demo)
monitors=(prometheus alertmanager machine)
export PROMETHEUS_IMAGE=attendance-proof-prometheus ALERTMANAGER_IMAGE=attendance-proof-alertmanager
export NODE_EXPORTER_IMAGE=attendance-proof-machine
readonly image_most_mb=150
export DOCKER_HOST=unix://$scratch/socket DOCKER_BUILDKIT=0 DOCKER_CONFIG=$scratch/client
export COMPOSE_PROJECT_NAME=attendance-proof ATTENDANCE_TAG=proof BASE_IMAGE=attendance-base:proof
readonly host=203.0.113.1 outside=203.0.113.2 # of the addresses for documentation
export ATTENDANCE_SECRETS=$scratch/secrets ATTENDANCE_HOST=$host ATTENDANCE_HTTPS_PORT=443 ATTENDANCE_HTTP_PORT=80
export ATTENDANCE_DOMAIN=$host ATTENDANCE_PUBLIC_URL=https://$host ATTENDANCE_TLS=off PROOF_OUTSIDE=$outside

# A .env beside the Makefile is not for the site of this test.
export NO_SETTINGS=$scratch/no-settings
: >"$NO_SETTINGS"

compose() { (cd "$root" && docker-compose --env-file "$NO_SETTINGS" "$@"); }

clean_up() {
    local status=$?
    trap - EXIT
    if [[ -n $engine && -n ${running:-} ]]; then
        ((status == 0)) || compose logs --no-color --tail=40 2>/dev/null || true
        compose --profile demo --profile monitoring down --volumes --timeout 5 >/dev/null 2>&1 || true
    fi
    stop_engine
    ip netns delete "$namespace" 2>/dev/null || true
    ip netns delete "$internet" 2>/dev/null || true
    rm -rf "$scratch"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# start_engine ADDITIONAL…: dockerd with a socket of its own. The mounts that it makes are its alone, too.
start_engine() {
    local waited
    "$@" unshare --mount dockerd --data-root "$keep/engine" --exec-root "$scratch/run" --host "$DOCKER_HOST" \
        --pidfile "$scratch/pid" --log-level warn "${engine_flags[@]}" >>"$scratch/engine.log" 2>&1 &
    engine=$!
    for ((waited = 0; waited < 300; waited++)); do
        ! docker info >/dev/null 2>&1 || return 0
        kill -0 "$engine" 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$scratch/engine.log"
    fail "the engine did not start"
}

stop_engine() {
    [[ -n $engine ]] || return 0
    kill "$engine" 2>/dev/null || true
    wait "$engine" 2>/dev/null || true
    engine=
}

make_base() {
    [[ -f $base ]] && return
    step "Making the base with debootstrap (once, two minutes)"
    mkdir -p "$keep"
    debootstrap --variant=minbase bookworm "$scratch/base" >"$scratch/debootstrap.log" ||
        { tail -n 20 "$scratch/debootstrap.log"; fail "debootstrap could not make the base"; }
    rm -rf "$scratch"/base/var/cache/apt/* "$scratch"/base/var/lib/apt/lists/*
    # As in Debian's own image: a build that is cut off is thrown away, so that nothing has to reach the disk.
    echo force-unsafe-io >"$scratch/base/etc/dpkg/dpkg.cfg.d/container"
    tar -C "$scratch/base" -c --one-file-system . >"$base.new"
    mv "$base.new" "$base"
    rm -rf "$scratch/base"
}

build_images() {
    local name context since=$EPOCHREALTIME
    if ! docker image inspect "$BASE_IMAGE" >/dev/null 2>&1; then docker import "$base" "$BASE_IMAGE" >/dev/null; fi
    for name in "${images[@]}"; do
        context=$root/target/images/$name
        [[ $name != postgres ]] || context=$root/docker/postgres
        docker build --quiet --network host --build-arg "BASE_IMAGE=$BASE_IMAGE" --tag "attendance-$name:$ATTENDANCE_TAG" \
            "$context" >"$scratch/build.log" 2>&1 ||
            { tail -n 20 "$scratch/build.log"; fail "the image attendance-$name could not be built"; }
    done
    for name in "${monitors[@]}"; do
        docker build --quiet --network host --build-arg "BASE_IMAGE=$BASE_IMAGE" --target "$name" \
            --tag "attendance-proof-$name" - <"$root/tests/compose/monitoring.Dockerfile" >"$scratch/build.log" 2>&1 ||
            { tail -n 20 "$scratch/build.log"; fail "Debian's $name could not be put into an image"; }
    done
    docker image prune --force >/dev/null
    say "built in $(seconds_since "$since") s"
}

seconds_since() { awk -v since="$1" -v now="$EPOCHREALTIME" 'BEGIN { printf "%.1f", now - since }'; }
size_of() { docker image inspect --format '{{.Size}}' "$1"; }

measure_images() {
    local name below bytes status=0
    below=$(size_of "$BASE_IMAGE")
    for name in "${images[@]}"; do
        bytes=$(($(size_of "attendance-$name:$ATTENDANCE_TAG") - below))
        say "  attendance-$name: $((bytes / 1000000)) MB without the base"
        ((bytes <= image_most_mb * 1000000)) || status=1
    done
    ((status == 0)) || fail "an image is larger than $image_most_mb MB"
}

[[ -x $target/release/attendance && -d $target/packs/default && -f $root/frontend/dist/index.html ]] ||
    fail "the programs, the model pack and the page must be built: make build"
make_base
"$root/scripts/images.sh"

step "Building the images"
engine_flags=(--bridge=none --iptables=false --ip-forward=false)
start_engine env
build_images
measure_images
stop_engine

step "Starting the site on an engine in a network of its own"
ip netns add "$namespace"
ip netns add "$internet"
ip -n "$namespace" link add uplink type veth peer name uplink netns "$internet"
for side in "$namespace $host" "$internet $outside"; do
    read -r name address <<<"$side"
    ip -n "$name" address add "$address/24" dev uplink
    ip -n "$name" link set lo up
    ip -n "$name" link set uplink up
done
ip -n "$namespace" route add default via "$outside"
# Somebody who knows the addresses behind and tries them.
ip -n "$internet" route add 172.16.0.0/12 via "$host"
engine_flags=()
start_engine nsenter "--net=/run/netns/$namespace"
from_outside=(nsenter "--net=/run/netns/$internet")
running=1
compose config --quiet
began=$EPOCHREALTIME
compose up -d --no-build >"$scratch/up.log" 2>&1 || { cat "$scratch/up.log"; fail "the site did not start"; }
for ((tried = 0; tried < 300; tried++)); do
    ! "${from_outside[@]}" curl --silent --insecure --fail --output /dev/null --max-time 2 $ATTENDANCE_PUBLIC_URL/api/v1/health || break
    sleep 0.1
done
say "the first start, with an empty volume, to an answer of /api/v1/health through the proxy: $(seconds_since "$began") s"
# From here on the proxy's own authority is the only one that is believed.
docker cp "$(compose ps -q proxy):/certificates/caddy/pki/authorities/local/root.crt" "$scratch/proxy-ca"
export NODE_EXTRA_CA_CERTS=$scratch/proxy-ca
(cd "$root/tests" && "${from_outside[@]}" node --experimental-websocket --no-warnings --test --test-reporter=spec compose/proof.mjs)
