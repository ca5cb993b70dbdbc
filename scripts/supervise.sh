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

declare -A pid=() born=() delay=() due=()
stopping=
trap 'stopping=1' INT TERM HUP

main() {
    mkdir -p "$data" "$log" "$data/secrets"
    chmod 700 "$log" "$data/secrets"
    exec {lock}>>"$data/supervisor.lock"
    flock --nonblock "$lock" || fail "already running with the data in $data ($(describe_running))"
    printf '%s\n' $$ >"$data/supervisor.lock"
    exec {tick}<> <(:) # nobody writes to it: reading with a time limit is a sleep that signals interrupt
    end_leftovers
    rm -f "$run_json"
    rotate_logs
    check_ports

    bring_up || { take_down; exit 1; }
    write_run_json
    announce
    while [[ -z $stopping ]]; do
        nap 0.5
        watch_over
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
# The kernel ends a part whose supervisor was killed.
spawn() {
    local part=$1
    shift
    setsid setpriv --pdeathsig "$@" >>"$log/$part.log" 2>&1 </dev/null {lock}>&- {tick}>&- &
    pid[$part]=$!
    born[$part]=$SECONDS
}

start_postgres() {
    spawn postgres INT "${pg_as[@]:1}" "$pg_bin/postgres" -D "$pg_data"
}

start_recognizer() {
    spawn recognizer TERM env \
        RECOGNIZER_HOST=127.0.0.1 RECOGNIZER_PORT="$recognizer_port" \
        RECOGNIZER_PACK="${RECOGNIZER_PACK:-$target/packs/default}" \
        RECOGNIZER_ORT="${RECOGNIZER_ORT:-$cache/onnxruntime/libonnxruntime.so.1.31.1}" \
        "$target/release/recognizer" serve
}

# The API never sees the owner's address: it works with the rights of attendance_app.
start_api() {
    spawn api TERM "${api_environment[@]}" "$target/release/attendance" serve
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
    watch_part recognizer
    watch_part api
    watch_postgres
    ((SECONDS % 10)) || rotate_logs
}

# Starts a part again some seconds after it died: one at first, twice as many each time it dies young.
watch_part() {
    local part=$1 status=0
    if [[ -z ${due[$part]:-} ]]; then
        alive "${pid[$part]}" && return
        wait "${pid[$part]}" 2>/dev/null || status=$?
        if ((SECONDS - ${born[$part]} >= settled_after)); then delay[$part]=1; fi
        due[$part]=$((SECONDS + ${delay[$part]:=1}))
        say "$(date +%T) $part ended (status $status); starting it again in ${delay[$part]} s"
        delay[$part]=$((delay[$part] * 2 > longest_delay ? longest_delay : delay[$part] * 2))
    fi
    ((SECONDS >= due[$part])) || return 0
    due[$part]=
    "start_$part"
    write_run_json
}

# A PostgreSQL that was stopped in order removed its process id file: somebody works on it, and it is taken back
# when it runs again. One that died left the file behind.
watch_postgres() {
    local now
    if [[ -n ${pid[postgres]:-} ]]; then
        alive "${pid[postgres]}" && return
        if [[ ! -f $pg_data/postmaster.pid ]]; then
            wait "${pid[postgres]}" 2>/dev/null || true
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
        cp "$file" "$file.1"
        : >"$file" # the writers append, so they go on at the new end
    done
}

write_run_json() {
    local part lines=()
    for part in postgres recognizer api; do
        lines+=("    \"$part\": ${pid[$part]:-null},")
    done
    {
        printf '{\n  "url": "%s",\n  "recognizer_url": "%s",\n' "$url" "$recognizer_url"
        printf '  "database_url": "%s",\n' "$(json_escape "$(postgres_url attendance_owner attendance)")"
        printf '  "pids": {\n'
        printf '%s\n' "${lines[@]}"
        printf '    "supervisor": %d\n  }\n}\n' $$
    } >"$run_json.new"
    mv "$run_json.new" "$run_json"
}

take_down() {
    rm -f "$run_json"
    end_process "${pid[api]:-}" 15
    end_process "${pid[recognizer]:-}" 10
    [[ -z ${pid[postgres]:-} ]] || postgres_stop "${pid[postgres]}"
}

main
say "Stopped"
