#!/usr/bin/env bash
# Opens the database of this installation: scripts/psql.sh [ROLE] [what psql takes]. As its owner, attendance_owner, unless
# a role is named; attendance_super may everything. The password goes by the environment, where only its user sees it.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"
read_settings
[[ -f $data/secrets/database ]] || fail "$data holds no database; ATTENDANCE_DATA names the folder"
postgres_locate
role=attendance_owner
if [[ ${1:-} =~ ^attendance_[a-z]+$ ]]; then
    role=$1
    shift
fi
PGPASSWORD=$(password_of "$role")
[[ -n $PGPASSWORD ]] || fail "$data/secrets/database has no password of $role"
export PGPASSWORD PGHOST=$pg_socket PGUSER=$role PGDATABASE=attendance
exec "$pg_bin/psql" "$@"
