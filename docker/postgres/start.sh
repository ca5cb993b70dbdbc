#!/bin/sh
# The first start makes the cluster, the roles with the passwords of the secrets, and the database; then it is
# PostgreSQL. The owner is no superuser: migrations run as they would on a managed server.
set -eu
umask 077
volume=/var/lib/postgresql
programs=$(echo /usr/lib/postgresql/*/bin)
version=$(basename "$(dirname "$programs")")
cluster=$volume/$version
new=$volume/new

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}
password() { sed -n "s/^$1=\([0-9A-Za-z_-]\{16,\}\)\$/\1/p" /run/secrets/role_passwords; }

for other in "$volume"/[0-9]*; do
    [ "$other" = "$cluster" ] || [ ! -d "$other" ] ||
        fail "the volume holds data of PostgreSQL ${other##*/} and this is $version: move them with pg_dump and pg_restore"
done

if [ ! -d "$cluster" ]; then
    owner=$(password attendance_owner)
    app=$(password attendance_app)
    if [ -z "$owner" ] || [ -z "$app" ]; then fail "the secret role_passwords lacks a password"; fi
    rm -rf "$new" # of a first start that was interrupted
    "$programs/initdb" --pgdata="$new" --username=attendance_super --auth=trust --no-sync --data-checksums --encoding=UTF8 \
        --locale=C.UTF-8 >/dev/null
    # Nobody is let in meanwhile, the health check neither, and a statement that fails is not written down: it has a password.
    mkdir /tmp/making
    "$programs/pg_ctl" --pgdata="$new" --silent --wait start \
        -o "-c listen_addresses= -c unix_socket_directories=/tmp/making -c fsync=off -c log_min_error_statement=panic"
    psql --quiet --set=ON_ERROR_STOP=1 --host=/tmp/making --username=attendance_super --dbname=postgres <<SQL
CREATE ROLE attendance_owner LOGIN CREATEROLE PASSWORD '$owner';
CREATE DATABASE attendance OWNER attendance_owner;
REVOKE ALL ON DATABASE attendance FROM PUBLIC;
SET ROLE attendance_owner;
CREATE ROLE attendance_app LOGIN PASSWORD '$app';
GRANT CONNECT ON DATABASE attendance TO attendance_app;
SQL
    "$programs/pg_ctl" --pgdata="$new" --silent --wait --mode=fast stop
    sync
    mv "$new" "$cluster"
fi

# The log has slow statements without their values, and errors without the values that a constraint refused: they are
# people's names and addresses.
exec "$programs/postgres" -D "$cluster" \
    -c listen_addresses='*' \
    -c unix_socket_directories=/run/postgresql \
    -c hba_file=/etc/attendance/pg_hba.conf \
    -c ssl=on \
    -c ssl_cert_file=/run/secrets/postgres_cert \
    -c ssl_key_file=/run/secrets/postgres_key \
    -c ssl_min_protocol_version=TLSv1.2 \
    -c password_encryption=scram-sha-256 \
    -c jit=off \
    -c log_line_prefix='%m %q%u@%d ' \
    -c log_min_duration_statement=1s \
    -c log_error_verbosity=terse \
    -c log_parameter_max_length=0 \
    -c log_parameter_max_length_on_error=0
