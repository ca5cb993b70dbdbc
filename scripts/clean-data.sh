#!/usr/bin/env bash
# `make clean-data`: removes the database, photos, keys and logs. Asks first where somebody sits at a terminal
# (FORCE=1 does not ask).
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"
# shellcheck source=scripts/running.sh
. "$(dirname "${BASH_SOURCE[0]}")/running.sh"
read_settings
if [[ ! -e $data ]]; then
    say "Nothing to remove: $data does not exist"
    exit
fi
! supervisor_pid >/dev/null || fail "it is running ($(describe_running)); 'make stop' first"
# Only a folder that a supervisor used is removed, whatever ATTENDANCE_DATA says.
[[ -f $data/supervisor.lock ]] || fail "$data does not look like a data folder of Attendance; not removing it"
going=("$data")
if [[ -e $data/postgres ]]; then
    postgres_locate
    ! left=$(postgres_pid) || fail "PostgreSQL still runs on it (process $left); 'make stop' first"
    [[ $pg_home == "$data"/* ]] || going+=("$pg_home")
    [[ $pg_socket == "$pg_home"/* ]] || going+=("$pg_socket")
fi
say "Removing the database, photos, keys and logs:"
printf '  %s\n' "${going[@]}"
if [[ -t 0 && ${FORCE:-} != 1 ]]; then
    read -r -p "This cannot be undone. Go on? [y/N] " answer
    [[ $answer == [yY]* ]] || fail "nothing was removed"
fi
rm -rf -- "${going[@]}"
