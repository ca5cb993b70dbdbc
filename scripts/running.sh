# shellcheck shell=bash disable=SC2154 # variables of settings.sh
# What is running with this data folder. Read after settings.sh and postgres.sh.

# The supervisor's process id; fails when none runs. Its lock tells, so a stale file cannot mislead.
supervisor_pid() {
    local pid
    [[ -f $data/supervisor.lock ]] || return 1
    if flock --nonblock --shared "$data/supervisor.lock" true; then return 1; fi
    pid=$(<"$data/supervisor.lock")
    [[ $pid =~ ^[0-9]+$ ]] && printf '%s' "$pid"
}

describe_running() {
    local pid
    pid=$(supervisor_pid) || pid=unknown
    if [[ -f $run_json ]]; then
        printf '%s, supervisor process %s' "$(json_value "$run_json" url)" "$pid"
    else
        printf 'not ready yet, supervisor process %s' "$pid"
    fi
}

# The address of the page and how to sign in.
announce() {
    local email password
    say
    say "  Attendance is ready:  $url"
    if [[ $host == 0.0.0.0 || $host == :: ]]; then
        say "  From other machines:  $scheme://$(hostname -I 2>/dev/null | cut -d ' ' -f 1):$port"
    fi
    if [[ -f $data/first-admin.json ]]; then
        email=$(json_value "$data/first-admin.json" email)
        password=$(json_value "$data/first-admin.json" password)
        say "  First admin:          $email"
        [[ -z $password ]] || say "  Password:             $password   (until it is changed)"
    fi
    say "  Data and logs:        $data"
    case $host in
    127.* | ::1 | localhost) ;;
    *) [[ -n $tls ]] || warn "browsers give their camera to other machines only over https: set ATTENDANCE_TLS=self" ;;
    esac
    say
}

# Ends a process with SIGTERM, and with SIGKILL when it has not ended after some seconds.
end_process() {
    local pid=$1 patience=$2 waited
    [[ -n $pid ]] && kill -TERM "$pid" 2>/dev/null || return 0
    for ((waited = 0; waited < patience * 20; waited++)); do
        alive "$pid" || return 0
        sleep 0.05
    done
    warn "process $pid did not stop in $patience s; killing it"
    kill -KILL "$pid" 2>/dev/null || true
}

# Parts of a supervisor that was killed, known by what it puts into their environment. Ours are at work on this data folder
# only while a supervisor holds the lock, which the caller has looked at.
end_leftovers() {
    local file pid program
    while read -r file; do
        pid=${file//[^0-9]/}
        program=$(readlink "/proc/$pid/exe") || continue
        program=$(basename "${program% (deleted)}")
        [[ $program == attendance || $program == recognizer ]] || continue
        say "Ending the $program that an earlier run left behind (process $pid)"
        end_process "$pid" 10
    done < <(grep -slzxF "ATTENDANCE_SUPERVISED=$data" /proc/[0-9]*/environ)
}
