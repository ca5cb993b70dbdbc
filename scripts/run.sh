#!/usr/bin/env bash
# `make run`: everything in the foreground until Ctrl-C.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"
# shellcheck source=scripts/running.sh
. "$(dirname "${BASH_SOURCE[0]}")/running.sh"
read_settings
! supervisor_pid >/dev/null || fail "already running with the data in $data ($(describe_running)); 'make stop' stops it"
"$root/scripts/setup.sh" run
use_tools
"$root/scripts/build.sh"
step "Starting"
exec "$root/scripts/supervise.sh"
