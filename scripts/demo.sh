#!/usr/bin/env bash
# `make demo`: adds sample people and a looping sample camera to the running system. Ctrl-C stops the camera;
# DEMO_SECONDS=30 does so by itself.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
# shellcheck source=scripts/postgres.sh
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"
# shellcheck source=scripts/running.sh
. "$(dirname "${BASH_SOURCE[0]}")/running.sh"
read_settings
if ! supervisor_pid >/dev/null || [[ ! -f $run_json ]]; then
    fail "nothing runs with the data in $data: 'make run' or 'make start' first"
fi
"$root/scripts/setup.sh" demo
use_tools
DEMO_URL=$(json_value "$run_json" url)
DEMO_PHOTOS=$cache/photos
export DEMO_URL DEMO_PHOTOS
# The certificate of ATTENDANCE_TLS=self is our own, and the connection stays on this machine.
[[ $DEMO_URL != https:* ]] || export NODE_TLS_REJECT_UNAUTHORIZED=0
exec node --no-warnings "$root/scripts/demo/demo.mjs"
