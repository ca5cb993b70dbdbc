#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml names, in ATTENDANCE_SECRETS (docker/secrets otherwise): at first all of them,
# later those that are missing, after an upgrade say. What is there stays as it is.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
read_env_file
readonly attendance_uid=10001 postgres_uid=10002 prometheus_uid=65534 grafana_uid=472
secrets=${ATTENDANCE_SECRETS:-$root/docker/secrets}
[[ $secrets == /* ]] || secrets=$root/$secrets

# Names of secrets by the user who reads them. Each container's user reads its own files and nobody else does; PostgreSQL
# insists on that.
owned_by_attendance=(owner_pgpass app_pgpass recognizer_secret recognizer_cert recognizer_key)
owned_by_postgres=(role_passwords postgres_cert postgres_key)
owned_by_prometheus=(metrics_secret alertmanager)
owned_by_grafana=(grafana_password)
certificates=(private_ca recognizer_cert recognizer_key postgres_cert postgres_key)

umask 077
first=
[[ -d $secrets ]] || first=yes
mkdir -p "$secrets"
made=$secrets.new # what is made now; it goes to the others when it is whole
rm -rf "$made"
mkdir "$made"
cd "$made"

lacks() {
    local name
    for name; do [[ -e $secrets/$name ]] || return 0; done
    return 1
}
there() { lacks "$1" || as_root cat "$secrets/$1"; }

# Passwords of the database's roles stand in two files each: one that is left tells the other.
new_passwords=()
if lacks role_passwords owner_pgpass app_pgpass; then
    for role in owner app; do
        password=$(there role_passwords | sed -n "s/^attendance_$role=//p")
        [[ -n $password ]] || password=$(there "${role}_pgpass" | sed 's/.*://')
        if [[ -z $password ]]; then
            password=$(random_password)
            new_passwords+=("attendance_$role")
        fi
        printf 'attendance_%s=%s\n' "$role" "$password" >>role_passwords
        printf 'postgres:5432:*:attendance_%s:%s\n' "$role" "$password" >"${role}_pgpass"
    done
fi

if lacks recognizer_secret; then
    random_password >recognizer_secret
    cp recognizer_secret metrics_secret
elif lacks metrics_secret; then
    there recognizer_secret >metrics_secret
fi

if lacks grafana_password; then random_password >grafana_password; fi

if lacks api.env; then
    cat >api.env <<'END'
# More settings of the API, NAME=value as in docs/OPERATIONS.md: e-mail, SMS, sign-in by a provider.
END
fi

# Alarms go nowhere until somebody says where: docs/OPERATIONS.md, Monitoring.
if lacks alertmanager; then cp "$root/deploy/monitoring/notify.yml" alertmanager; fi

# An authority that signs two certificates and is then forgotten. What it needs to be a server's is in the extensions.
key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
certify() {
    local name=$1
    openssl req "${key[@]}" -subj "/CN=$name" -keyout "${name}_key" -out request &&
        openssl x509 -req -in request -CA private_ca -CAkey ca_key -CAcreateserial -days 3650 -out "${name}_cert" \
            -extfile <(printf 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1\n' "$name")
}
if lacks "${certificates[@]}"; then
    {
        openssl req -x509 "${key[@]}" -days 3650 -subj /CN=attendance-private-ca \
            -addext keyUsage=critical,keyCertSign -keyout ca_key -out private_ca &&
            certify recognizer && certify postgres
    } 2>openssl.log || fail "openssl could not make the certificates; see $made/openssl.log"
    rm -f ca_key request ./*.srl openssl.log
fi

hand_over() {
    local uid=$1 name
    shift
    for name; do
        [[ -e $name ]] || continue
        chmod 400 "$name"
        as_root chown "$uid" "$name"
    done
}
hand_over "$attendance_uid" "${owned_by_attendance[@]}"
hand_over "$postgres_uid" "${owned_by_postgres[@]}"
hand_over "$prometheus_uid" "${owned_by_prometheus[@]}"
hand_over "$grafana_uid" "${owned_by_grafana[@]}"
[[ ! -e private_ca ]] || chmod 444 private_ca

names=(*)
[[ -e ${names[0]} ]] || names=()
if ((${#names[@]})); then
    step "Secrets made in $secrets: ${names[*]}"
    mv -f -- "${names[@]}" "$secrets"
fi
cd "$root"
rmdir "$made"
[[ -z $first ]] && ((${#names[@]})) || exit 0

say "Containers that run see them after 'docker-compose up --force-recreate -d'. Nothing of the data or the keys has to go."
if ((${#new_passwords[@]})); then
    warn "the passwords of ${new_passwords[*]} were lost, and PostgreSQL knows the old ones. Tell it the new ones:
  docker-compose up --force-recreate -d postgres
  docker-compose exec -T postgres sh -c \"sed \\\"s/\\(.*\\)=\\(.*\\)/ALTER ROLE \\1 PASSWORD '\\2';/\\\" /run/secrets/role_passwords |
    psql --quiet --host=/run/postgresql --username=attendance_super --dbname=postgres\""
fi
if [[ " ${names[*]} " == *" grafana_password "* ]]; then
    say "A Grafana that ran before keeps its password; this gives it the new one:
  docker-compose exec grafana sh -c 'grafana cli admin reset-admin-password \"\$(cat /run/secrets/grafana_password)\"'"
fi
