# shellcheck shell=bash
# Read by every script here: where things lie, the settings from the environment, how to say something.
# Settings and their defaults are described in docs/OPERATIONS.md and .env.example.

set -euo pipefail
ulimit -c 0 # a core file would hold faces and keys

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/attendance
target=${CARGO_TARGET_DIR:-$root/target}
[[ $target == /* ]] || target=$PWD/$target
function_target=x86_64-unknown-linux-musl # what the function behind a cloud's gateway is built for
release_version=$(sed -n '/^\[workspace\.package\]/,/^\[/s/^version *= *"\(.*\)"/\1/p' "$root/Cargo.toml")
readonly root cache target function_target release_version

# A log on a full disk takes no line, which ends nothing.
say() { printf '%s\n' "$*" || true; }
warn() { printf 'warning: %s\n' "$*" >&2 || true; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# A header for a long step, with the time since the first of the scripts began.
: "${ATTENDANCE_BEGAN:=$EPOCHSECONDS}"
export ATTENDANCE_BEGAN
step() {
    local seconds=$((EPOCHSECONDS - ATTENDANCE_BEGAN))
    printf '\033[1m[%d:%02d] %s\033[0m\n' $((seconds / 60)) $((seconds % 60)) "$*"
}

# A `.env` beside the Makefile gives settings too; what the environment already has wins.
read_env_file() {
    local line name
    [[ -f $root/.env ]] || return 0
    while IFS= read -r line || [[ -n $line ]]; do
        [[ $line =~ ^[[:space:]]*(#|$) ]] && continue
        [[ $line =~ ^([A-Z][A-Z0-9_]*)=(.*)$ ]] ||
            fail ".env: cannot read the line '$line'; lines are NAME=value"
        name=${BASH_REMATCH[1]}
        [[ -v $name ]] || export "$name=${BASH_REMATCH[2]}"
    done <"$root/.env"
}

check_port() {
    local name=$1 value=$2
    if ! [[ $value =~ ^[1-9][0-9]{0,4}$ ]] || ((value > 65535)); then
        fail "$name is '$value'; it must be a port number from 1 to 65535"
    fi
}

read_settings() {
    read_env_file
    host=${ATTENDANCE_HOST:-127.0.0.1}
    port=${ATTENDANCE_PORT:-8080}
    metrics_port=${ATTENDANCE_METRICS_PORT:-9464}
    recognizer_port=${RECOGNIZER_PORT:-8081}
    tls=${ATTENDANCE_TLS:-}
    data=${ATTENDANCE_DATA:-$root/data}

    [[ $host != localhost ]] || host=127.0.0.1
    [[ $host =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}$|^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$ ]] ||
        fail "ATTENDANCE_HOST is '$host'; it must be an address of this machine, for example 127.0.0.1 or 0.0.0.0"
    check_port ATTENDANCE_PORT "$port"
    check_port RECOGNIZER_PORT "$recognizer_port"
    [[ $metrics_port == 0 ]] || check_port ATTENDANCE_METRICS_PORT "$metrics_port"
    [[ $port != "$recognizer_port" && $port != "$metrics_port" && $recognizer_port != "$metrics_port" ]] ||
        fail "ATTENDANCE_PORT ($port), RECOGNIZER_PORT ($recognizer_port) and ATTENDANCE_METRICS_PORT ($metrics_port) must differ"
    case $tls in
    "" | off) tls= ;;
    self) ;;
    *) fail "ATTENDANCE_TLS is '$tls'; it must be 'self' (a self-signed certificate) or 'off'" ;;
    esac
    [[ $data != *[[:cntrl:]\"\'\\]* ]] ||
        fail "ATTENDANCE_DATA must not hold quotes, backslashes or control characters"
    [[ $data == /* ]] || data=$root/$data
    [[ $data == / ]] || data=${data%/}
    if [[ -d $data ]]; then data=$(cd "$data" && pwd -P); fi

    scheme=http
    [[ -z $tls ]] || scheme=https
    url_host=$host
    case $host in
    0.0.0.0) url_host=127.0.0.1 ;;
    ::) url_host='[::1]' ;;
    *:*) url_host="[$host]" ;;
    esac
    url=$scheme://$url_host:$port
    recognizer_url=http://127.0.0.1:$recognizer_port
    log=$data/log
    run_json=$data/run.json
    export ATTENDANCE_DATA=$data
}

# The folders of the tools that set-up unpacked, put first on the PATH.
use_tools() {
    local node=$cache/node/bin
    [[ ! -x $node/node ]] || PATH=$node:$PATH
    [[ ! -d $cache/tools/bin ]] || PATH=$cache/tools/bin:$PATH
    export PATH
}

# Runs a command as root: as it is, or through sudo without a prompt.
as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo -n true 2>/dev/null ||
            fail "needs root for: $*
  run it as root, or give this user password-free sudo, or run that command yourself and start again"
        sudo -n "$@"
    fi
}

# A file's text between quotes of a JSON string.
json_escape() {
    local text=$1
    text=${text//\\/\\\\}
    printf '%s' "${text//\"/\\\"}"
}

# The value of a string or number at the top level, or of a process id, in a JSON file that we wrote.
json_value() {
    local file=$1 name=$2
    sed -n "s/.*\"$name\" *: *\"\{0,1\}\([^\",}]*\)\"\{0,1\}.*/\1/p" "$file" 2>/dev/null | head -n 1
}

random_password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

port_taken() {
    local address=$1 number=$2
    case $address in
    0.0.0.0 | localhost) address=127.0.0.1 ;;
    ::) address=::1 ;;
    esac
    (exec 3<>"/dev/tcp/$address/$number") 2>/dev/null
}
