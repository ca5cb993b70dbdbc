#!/usr/bin/env bash
# Runs `attendance` with the settings of this installation: scripts/attendance.sh admin reset --email ADDRESS. The database's
# address goes by the environment, where only its user sees it.
#
# `restore` wants an empty database: where nothing runs, it makes one in ATTENDANCE_DATA and runs PostgreSQL meanwhile.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"
# shellcheck source=scripts/running.sh
. "$(dirname "${BASH_SOURCE[0]}")/running.sh"
read_settings
umask 077
program=$target/release/attendance
[[ -x $program ]] || fail "$program is missing; 'make build' makes it"
export ATTENDANCE_PUBLIC_URL=${ATTENDANCE_PUBLIC_URL:-$url} ATTENDANCE_HEALTH_URL=$url

use_database() {
    DATABASE_OWNER_URL=$(postgres_url attendance_owner attendance)
    export DATABASE_OWNER_URL DATABASE_URL=$DATABASE_OWNER_URL DATABASE_BACKUP_URL=$DATABASE_OWNER_URL
}

restore() {
    mkdir -p "$data"
    exec 9>>"$data/supervisor.lock"
    flock --nonblock 9 ||
        fail "it is running with the data in $data: 'make stop', and name a new folder with ATTENDANCE_DATA"
    printf '%s\n' $$ >"$data/supervisor.lock"
    postgres_prepare durable
    mkdir -p "$log"
    postgres_start "$log/postgres.log" 9>&-
    trap 'postgres_stop "$(postgres_pid)"' EXIT
    postgres_provision
    use_database
    "$program" "$@" 9>&-
}

if [[ ${1:-} == restore && " $* " != *" --check "* && " $* " != *" --help "* ]]; then
    restore "$@"
    exit
fi
if [[ -f $data/secrets/database ]]; then
    postgres_locate
    use_database
fi
exec "$program" "$@"
