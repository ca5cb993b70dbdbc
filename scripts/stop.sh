#!/usr/bin/env bash
# `make stop`: stops what `make start` or `make run` started with this data folder.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"
# shellcheck source=scripts/running.sh
. "$(dirname "${BASH_SOURCE[0]}")/running.sh"
read_settings
if supervisor=$(supervisor_pid); then
    kill -TERM "$supervisor"
    for ((waited = 0; waited < 600; waited++)); do
        if ! alive "$supervisor"; then
            say "Stopped"
            exit
        fi
        sleep 0.1
    done
    fail "the supervisor (process $supervisor) did not stop in 60 s; see $log"
fi
end_leftovers
if [[ -e $data/postgres ]]; then
    postgres_locate
    if left=$(postgres_pid); then
        say "Stopping the PostgreSQL that an earlier run left behind (process $left)"
        postgres_stop "$left"
    fi
fi
rm -f "$run_json"
say "Not running"
