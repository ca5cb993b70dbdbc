# shellcheck shell=bash disable=SC2154 # variables of settings.sh
# A private PostgreSQL: reached over a Unix socket that only its owner can open, with passwords (scram) on top.
# Read after settings.sh, which sets `data`. Nothing here needs a PostgreSQL service on the machine.

# Longest path of a Unix socket is 107 bytes; PostgreSQL adds this name to the folder's.
readonly pg_socket_name=/.s.PGSQL.5432

# Sets pg_bin, pg_home (everything of this cluster), pg_data, pg_socket, pg_as (prefix that runs a command as
# the cluster's owner: PostgreSQL refuses to run as root).
postgres_locate() {
    local folders=(/usr/lib/postgresql/*/bin) version
    pg_bin=$(printf '%s\n' "${folders[@]}" | sort -V | tail -n 1)
    [[ -x $pg_bin/initdb ]] || fail "PostgreSQL's server programs are missing; 'make setup' installs them"

    pg_home=$data/postgres
    pg_as=()
    if ((EUID == 0)); then
        if [[ ! -e $pg_home && ! -L $pg_home ]]; then postgres_choose_home; fi
        pg_home=$(readlink -m "$pg_home")
        pg_owner=$(stat -c %u "$pg_home" 2>/dev/null || id -u postgres)
        ((pg_owner != 0)) || pg_owner=$(id -u postgres)
        pg_as=(setpriv "--reuid=$pg_owner" "--regid=$(id -g "$pg_owner" 2>/dev/null || echo "$pg_owner")" --clear-groups)
    fi
    pg_data=$pg_home/data
    if [[ -f $pg_data/PG_VERSION ]]; then
        version=$(<"$pg_data/PG_VERSION")
        pg_bin=/usr/lib/postgresql/$version/bin
        [[ -x $pg_bin/postgres ]] ||
            fail "the database in $pg_data was made by PostgreSQL $version, which is not installed here"
    fi
    pg_socket=$pg_home/socket
    if ((${#pg_socket} + ${#pg_socket_name} > 107)); then
        local base=${XDG_RUNTIME_DIR:-/tmp}
        ((EUID != 0)) || base=/run
        pg_socket=$base/attendance-$(folder_hash "$pg_home")
    fi
}

folder_hash() { printf '%s' "$1" | sha256sum | cut -c 1-16; }

# As root the server runs as `postgres`, who may not see into a closed folder such as /root.
postgres_choose_home() {
    id -u postgres >/dev/null 2>&1 || fail "as root PostgreSQL needs the system user 'postgres', which is missing"
    mkdir -p "$data"
    local visible=(setpriv --reuid=postgres --regid=postgres --init-groups test -x)
    # The folder itself is ours to open for passing through; what lies in it keeps its own modes.
    "${visible[@]}" "$(dirname "$data")" && chmod o+x "$data"
    "${visible[@]}" "$data" && return
    local elsewhere
    elsewhere=/var/lib/attendance/$(folder_hash "$data")
    say "The user 'postgres' cannot reach $data, so the database lies in $elsewhere"
    mkdir -p /var/lib/attendance "$elsewhere"
    chmod 711 /var/lib/attendance
    ln -s "$elsewhere" "$pg_home"
}

# Makes folders and, once, the cluster: postgres_prepare durable|scratch. A scratch one, for tests, gives up
# durability.
postgres_prepare() {
    local kind=$1
    postgres_locate
    mkdir -p "$pg_home"
    postgres_private_folder "$pg_socket"
    if ((EUID == 0)); then chown "$pg_owner" "$pg_home"; fi
    chmod 700 "$pg_home"
    if [[ ! -f $pg_data/PG_VERSION ]]; then
        say "Making a PostgreSQL cluster in $pg_data"
        rm -rf "$pg_data" "$pg_home/provisioned"
        make_passwords
        local passwords=$pg_home/first-password
        (umask 077 && password_of attendance_super >"$passwords")
        if ((EUID == 0)); then chown "$pg_owner" "$passwords"; fi
        (cd / && "${pg_as[@]}" "$pg_bin/initdb" --pgdata="$pg_data" --username=attendance_super \
            --pwfile="$passwords" --auth-local=scram-sha-256 --auth-host=scram-sha-256 --encoding=UTF8 \
            --locale=C.UTF-8 --data-checksums --no-instructions >/dev/null) ||
            fail "initdb could not make the cluster (its message stands above)"
        rm -f "$passwords"
        printf "include 'attendance.conf'\n" >>"$pg_data/postgresql.conf"
    fi
    [[ -f $data/secrets/database ]] ||
        fail "$data/secrets/database is missing, without which the database in $pg_data cannot be opened"
    postgres_settings "$kind" >"$pg_data/attendance.conf.new" || fail "$pg_data cannot be written"
    if ((EUID == 0)); then chown "$pg_owner" "$pg_data/attendance.conf.new"; fi
    mv "$pg_data/attendance.conf.new" "$pg_data/attendance.conf" # whole also where the disk is full
}

# Statements and errors are logged without values: they are people's names and addresses.
postgres_settings() {
    local scratch=
    [[ $1 != scratch ]] || scratch=$'fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 300'
    cat <<END
# Written at every start.
listen_addresses = ''
unix_socket_directories = '$pg_socket'
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
logging_collector = off
log_destination = 'stderr'
log_line_prefix = '%m [%p] '
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
$scratch
END
}

# A folder that only the cluster's owner can enter. One in /tmp may have been made by somebody else.
postgres_private_folder() {
    local folder=$1 owner=${pg_owner:-$EUID}
    if [[ ! -e $folder ]]; then mkdir -m 700 "$folder"; fi
    [[ ! -L $folder && ( $(stat -c %u "$folder") == "$EUID" || $(stat -c %u "$folder") == "$owner" ) ]] ||
        fail "$folder belongs to somebody else; remove it"
    if ((EUID == 0)); then chown "$owner" "$folder"; fi
    chmod 700 "$folder"
}

# Starts the server of a cluster that is prepared and waits until it is ready: postgres_start LOG
postgres_start() {
    local file=$1 waited
    (cd / && exec setsid "${pg_as[@]}" "$pg_bin/postgres" -D "$pg_data" >>"$file" 2>&1 </dev/null) &
    for ((waited = 0; waited < 600; waited++)); do
        ! postgres_ready || return 0
        alive "$!" || break
        sleep 0.1
    done
    tail -n 20 "$file" >&2
    fail "PostgreSQL did not start; its last lines stand above"
}

# A server for tests and drills on a cluster below a folder: postgres_scratch FOLDER. Sets scratch_postgres, its
# process id.
scratch_postgres=
postgres_scratch() {
    data=$1
    postgres_prepare scratch
    postgres_start "$data/postgres.log"
    scratch_postgres=$(postgres_pid)
}

# Passwords of the database roles, made once.
make_passwords() {
    local role
    mkdir -p "$data/secrets"
    chmod 700 "$data/secrets"
    (
        umask 077
        for role in attendance_super attendance_owner attendance_app; do
            printf '%s=%s\n' "$role" "$(random_password)"
        done >"$data/secrets/database"
    )
}

password_of() { sed -n "s/^$1=//p" "$data/secrets/database"; }

# The address of a database as a role: postgres_url ROLE DATABASE
postgres_url() {
    local folder=${pg_socket//%/%25}
    folder=${folder// /%20}
    folder=${folder//&/%26}
    folder=${folder//\#/%23}
    printf 'postgresql://%s:%s@/%s?host=%s' "$1" "$(password_of "$1")" "$2" "${folder//+/%2B}"
}

postgres_sql() {
    local role=$1 database=$2
    PGPASSWORD=$(password_of "$role") PGOPTIONS='-c client_min_messages=warning' "$pg_bin/psql" --quiet --no-psqlrc \
        --set=ON_ERROR_STOP=1 --host="$pg_socket" --username="$role" --dbname="$database" >/dev/null
}

# Roles and the database, once. The owner is no superuser: migrations run as they would on a managed server.
postgres_provision() {
    [[ -f $pg_home/provisioned ]] && return
    postgres_sql attendance_super postgres <<SQL
SELECT 'CREATE ROLE attendance_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'attendance_owner') \gexec
ALTER ROLE attendance_owner LOGIN CREATEROLE PASSWORD '$(password_of attendance_owner)';
SELECT 'CREATE DATABASE attendance OWNER attendance_owner'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'attendance') \gexec
REVOKE ALL ON DATABASE attendance FROM PUBLIC;
SQL
    postgres_sql attendance_owner attendance <<SQL
SELECT 'CREATE ROLE attendance_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'attendance_app') \gexec
ALTER ROLE attendance_app LOGIN PASSWORD '$(password_of attendance_app)';
GRANT CONNECT ON DATABASE attendance TO attendance_app;
SQL
    : >"$pg_home/provisioned"
}

postgres_ready() { "$pg_bin/pg_isready" --quiet --host="$pg_socket" --timeout=2; }

# The process id of a server that runs on this cluster; fails when there is none.
postgres_pid() {
    local pid
    [[ -f $pg_data/postmaster.pid ]] || return 1
    pid=$(head -n 1 "$pg_data/postmaster.pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ && $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$pg_data" ]] || return 1
    printf '%s' "$pid"
}

# Stops the server whose process id is given: open connections are closed, the data is safe.
postgres_stop() {
    local pid=$1 waited
    kill -INT "$pid" 2>/dev/null || return 0
    for ((waited = 0; waited < 300; waited++)); do
        alive "$pid" || return 0
        sleep 0.1
    done
    warn "PostgreSQL did not stop in 30 s; stopping it at once (it recovers at the next start)"
    kill -QUIT "$pid" 2>/dev/null || true
}

# Whether a process runs; a dead one that nobody has waited for does not count.
alive() {
    local state
    kill -0 "$1" 2>/dev/null || return 1
    state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null)
    [[ -n $state && $state != Z && $state != X ]]
}
