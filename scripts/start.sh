#!/usr/bin/env bash
# `make start`: everything in the background; returns when the page is ready. `--built` skips set-up and build.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"
# shellcheck source=scripts/running.sh
. "$(dirname "${BASH_SOURCE[0]}")/running.sh"
read_settings
if supervisor_pid >/dev/null; then
    say "Already running with the data in $data"
    [[ -f $run_json ]] || exit 0
    postgres_locate
    if [[ ! -f $pg_data/postmaster.pid ]]; then
        say "Starting PostgreSQL, which was stopped" # the supervisor takes it back
        postgres_start "$log/postgres.log"
    fi
    announce
    exit
fi
if [[ ${1:-} != --built ]]; then
    "$root/scripts/setup.sh" run
    use_tools
    "$root/scripts/build.sh"
fi
step "Starting in the background"
mkdir -p "$log"
output=$log/supervisor.log
lines=0
[[ ! -f $output ]] || lines=$(wc -l <"$output")
# It holds the first admin's password.
(umask 077 && touch "$output" && chmod 600 "$output")
setsid "$root/scripts/supervise.sh" >>"$output" 2>&1 </dev/null &
supervisor=$!
while [[ $(json_value "$run_json" supervisor) != "$supervisor" ]]; do
    if ! alive "$supervisor"; then
        tail -n "+$((lines + 1))" "$output" >&2
        fail "it could not be started; the reason stands above, the whole log in $log"
    fi
    sleep 0.1
done
announce
say "  'make stop' stops it."
