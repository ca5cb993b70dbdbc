#!/usr/bin/env bash
# Runs PostgreSQL, the recognizer and the API, starts again what dies, and stops all of them in order when it is
# told to stop (Ctrl-C, SIGTERM). `make run` and `make start` call it after building.
#
# What runs is described in run.json. One supervisor per data folder: it holds a lock on supervisor.lock, which
# also names its process id.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"
# shellcheck source=scripts/running.sh
. "$(dirname "${BASH_SOURCE[0]}")/running.sh"
read_settings
umask 077
export NO_COLOR=1 # the logs are files

readonly log_cap_bytes=$((20 * 1024 * 1024))
readonly longest_delay=30 # seconds between two attempts to start a part that keeps dying
readonly settled_after=10 # a part that lived this many seconds begins again with a short delay

declare -A pid=() born=() delay=() due=() status=()
stopping=
unwritten= # whether run.json could not be written
# By this end_leftovers knows a part, whoever its parent has become.
export ATTENDANCE_SUPERVISED=$data
trap 'stopping=1' INT TERM HUP

main() {
    mkdir -p "$data" "$log" "$data/secrets"
    chmod 700 "$log" "$data/secrets"
    exec {lock}>>"$data/supervisor.lock"
    flock --nonblock "$lock" || fail "already running with the data in $data ($(describe_running))"
    printf '%s\n' $$ >"$data/supervisor.lock" || fail "$data cannot be written"
    exec {tick}<> <(:) # nobody writes to it: reading with a time limit is a sleep that signals interrupt
    end_leftovers
    rm -f "$run_json"
    rotate_logs
    check_ports

    bring_up || { take_down; exit 1; }
    write_run_json
    announce
    # In a condition nothing here ends the supervisor, which is what brings the parts back: a full disk does not, either.
    while [[ -z $stopping ]]; do
        nap 0.5
        watch_over || true
    done
    say "Stopping"
    take_down
}

nap() { read -r -t "$1" -u "$tick" || true; }

check_ports() {
    ! port_taken "$host" "$port" ||
        fail "port $port is taken by another program; choose one with ATTENDANCE_PORT"
    ! port_taken 127.0.0.1 "$recognizer_port" ||
        fail "port $recognizer_port is taken by another program; choose one for the recognizer with RECOGNIZER_PORT"
    [[ $metrics_port == 0 ]] || ! port_taken 127.0.0.1 "$metrics_port" ||
        fail "port $metrics_port is taken by another program; choose one for metrics with ATTENDANCE_METRICS_PORT (0: none)"
}

# Every part in its own session, so that Ctrl-C reaches the supervisor alone and the order of stopping is ours.
# The kernel ends a part whose supervisor was killed; where that came before the kernel knew of it, the part sees that it
# has another parent and does not begin.
# shellcheck disable=SC2016 # for the part's own shell
readonly with_parent=(sh -c '[ "$PPID" = "$0" ] && exec "$@"' $$)
spawn() {
    local part=$1
    shift
    setsid setpriv --pdeathsig "$@" >>"$log/$part.log" 2>&1 </dev/null {lock}>&- {tick}>&- &
    pid[$part]=$!
    born[$part]=$SECONDS
    status[$part]=
}

start_postgres() {
    spawn postgres INT "${pg_as[@]:1}" "${with_parent[@]}" "$pg_bin/postgres" -D "$pg_data"
}

start_recognizer() {
    spawn recognizer TERM "${with_parent[@]}" env \
        RECOGNIZER_HOST=127.0.0.1 RECOGNIZER_PORT="$recognizer_port" \
        RECOGNIZER_PACK="${RECOGNIZER_PACK:-$target/packs/default}" \
        RECOGNIZER_ORT="${RECOGNIZER_ORT:-$cache/onnxruntime/libonnxruntime.so.1.31.1}" \
        "$target/release/recognizer" serve
}

# The API never sees the owner's address: it works with the rights of attendance_app.
start_api() {
    spawn api TERM "${with_parent[@]}" "${api_environment[@]}" "$target/release/attendance" serve
}

bring_up() {
    postgres_prepare durable
    api_environment=(env -u DATABASE_OWNER_URL -u ATTENDANCE_TLS
        "DATABASE_URL=$(postgres_url attendance_app attendance)"
        "ATTENDANCE_HOST=$host" "ATTENDANCE_PORT=$port" "ATTENDANCE_METRICS_PORT=$metrics_port"
        "ATTENDANCE_SPA=$root/frontend/dist" "RECOGNIZER_URL=$recognizer_url")
    [[ -z $tls ]] || api_environment+=("ATTENDANCE_TLS=$tls")

    if pid[postgres]=$(postgres_pid); then
        say "PostgreSQL runs already"
    else
        say "Starting PostgreSQL"
        start_postgres
    fi
    until_ready postgres 60 postgres_ready || return 1
    postgres_provision
    [[ -z $stopping ]] || return 1

    say "Starting the recognizer"
    start_recognizer
    say "Bringing the database up to date"
    DATABASE_OWNER_URL=$(postgres_url attendance_owner attendance) \
        "$target/release/attendance" migrate {lock}>&- {tick}>&- >>"$log/migrate.log" 2>&1 || {
        show_log migrate
        warn "the database could not be brought up to date"
        return 1
    }
    until_ready recognizer 60 answers "$recognizer_url/readyz" || return 1
    say "Starting the API"
    start_api
    until_ready api 60 answers "$url/api/v1/health" # which includes that it has met the recognizer
}

# The certificate is our own, and the connection stays on this machine.
answers() { curl --silent --fail --insecure --noproxy '*' --max-time 2 --output /dev/null "$1"; }

until_ready() {
    local part=$1 limit=$2 since=$SECONDS
    shift 2
    while ! "$@"; do
        [[ -z $stopping ]] || return 1
        if ! alive "${pid[$part]}"; then
            show_log "$part"
            warn "$part ended while starting"
            return 1
        fi
        if ((SECONDS - since > limit)); then
            show_log "$part"
            warn "$part was not ready after $limit s"
            return 1
        fi
        nap 0.1
    done
}

show_log() {
    printf -- '--- last lines of %s\n' "$log/$1.log" >&2
    tail -n 20 "$log/$1.log" >&2 || true
    printf -- '---\n' >&2
}

watch_over() {
    [[ -z $unwritten ]] || write_run_json
    watch_part recognizer
    watch_part api
    watch_postgres
    ((SECONDS % 10)) || rotate_logs
}

# Whether a part ended; its status stands in `status`, 127 where somebody else started it.
ended() {
    local part=$1
    ! alive "${pid[$part]}" || return 1
    [[ -z ${status[$part]:-} ]] || return 0
    status[$part]=0
    wait "${pid[$part]}" 2>/dev/null || status[$part]=$?
}

# Starts a part again some seconds after it died: one at first, twice as many each time it dies young.
watch_part() {
    local part=$1
    if [[ -z ${due[$part]:-} ]]; then
        ended "$part" || return 0
        if ((SECONDS - ${born[$part]} >= settled_after)); then delay[$part]=1; fi
        due[$part]=$((SECONDS + ${delay[$part]:=1}))
        say "$(date +%T) $part ended (status ${status[$part]}); starting it again in ${delay[$part]} s"
        delay[$part]=$((delay[$part] * 2 > longest_delay ? longest_delay : delay[$part] * 2))
    fi
    ((SECONDS >= due[$part])) || return 0
    due[$part]=
    "start_$part"
    write_run_json
}

# A PostgreSQL that was stopped in order ended without an error and removed its process id file: somebody works on it,
# and it is taken back when it runs again. One that died left the file behind; one that could not start, on a full disk
# say, ended with an error.
watch_postgres() {
    local now
    if [[ -n ${pid[postgres]:-} ]]; then
        ended postgres || return 0
        if [[ ! -f $pg_data/postmaster.pid && ${status[postgres]} =~ ^(0|127)$ ]]; then
            pid[postgres]=
            say "$(date +%T) PostgreSQL was stopped; waiting for it to be started again"
            write_run_json
            return
        fi
    fi
    if now=$(postgres_pid); then
        pid[postgres]=$now
        born[postgres]=$SECONDS
        due[postgres]=
        status[postgres]=
        say "$(date +%T) PostgreSQL runs again"
        write_run_json
    elif [[ -n ${pid[postgres]:-} ]]; then
        : "${born[postgres]:=$SECONDS}"
        watch_part postgres
    fi
}

rotate_logs() {
    local file
    for file in "$log"/*.log; do
        [[ -f $file ]] || continue
        (($(stat -c %s "$file") > log_cap_bytes)) || continue
        if ! cp "$file" "$file.1"; then
            rm -f "$file.1" # no space for it
            continue
        fi
        : >"$file" # the writers append, so they go on at the new end
    done
}

# Whole or not at all: where there is no space the old one stays, and watch_over tries again.
write_run_json() {
    local part lines='' text
    for part in postgres recognizer api; do
        lines+=$(printf '    "%s": %s,' "$part" "${pid[$part]:-null}")$'\n'
    done
    text=$(printf '{\n  "url": "%s",\n  "recognizer_url": "%s",\n  "database_url": "%s",\n  "pids": {\n%s    "supervisor": %d\n  }\n}' \
        "$url" "$recognizer_url" "$(json_escape "$(postgres_url attendance_owner attendance)")" "$lines" $$)
    if printf '%s\n' "$text" 2>/dev/null >"$run_json.new" && mv "$run_json.new" "$run_json"; then
        unwritten=
        return
    fi
    [[ -n $unwritten ]] || warn "$run_json cannot be written; it will be when there is space again"
    unwritten=1
}

take_down() {
    rm -f "$run_json"
    end_process "${pid[api]:-}" 15
    end_process "${pid[recognizer]:-}" 10
    [[ -z ${pid[postgres]:-} ]] || postgres_stop "${pid[postgres]}"
}

main
say "Stopped"
