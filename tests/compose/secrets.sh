#!/usr/bin/env bash
# What scripts/secrets.sh makes where all secrets, some, or none are missing: what is there is never made again.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/settings.sh"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/attendance-secrets.XXXXXX")
trap 'as_root rm -rf "$scratch"' EXIT
export ATTENDANCE_SECRETS=$scratch/secrets
sums() { (cd "$ATTENDANCE_SECRETS" && as_root sha256sum ./*); }
secret() { as_root cat "$ATTENDANCE_SECRETS/$1"; }

# lost NAMES MADE: whether these secrets, when they are missing, are made and exactly MADE come out as others. What is said
# about it stands in `said`.
lost() {
    local lost=$1 expected=$2 before after changed
    before=$(sums)
    for name in $lost; do as_root rm "$ATTENDANCE_SECRETS/$name"; done
    said=$("$root/scripts/secrets.sh" 2>&1)
    after=$(sums)
    changed=$(comm -13 <(sort <<<"$before") <(sort <<<"$after") | sed 's/.*\.\///' | sort | paste -sd ' ')
    [[ $(wc -l <<<"$before") == $(wc -l <<<"$after") ]] || fail "without $lost not all are there again"
    [[ $changed == "$expected" ]] || fail "without $lost these changed: $changed"
    [[ $said != *volumes* ]] || fail "nobody is told to remove volumes, which hold the keys: $said"
}

"$root/scripts/secrets.sh" >/dev/null
while read -r name; do [[ -e $ATTENDANCE_SECRETS/$name ]] || fail "docker-compose.yml names $name"; done \
    < <(sed -n 's|.*ATTENDANCE_SECRETS:-./docker/secrets}/\([a-z_.]*\).*|\1|p' "$root/docker-compose.yml")
lost "" ""
[[ -z $said ]] || fail "nothing was missing: $said"
lost "grafana_password metrics_secret api.env" grafana_password
[[ $(secret metrics_secret) == "$(secret recognizer_secret)" ]] || fail "Prometheus has another secret than the recognizer"
lost "role_passwords" ""
lost "owner_pgpass app_pgpass" ""
lost "role_passwords app_pgpass" "app_pgpass role_passwords"
[[ $said == *attendance_app*"ALTER ROLE"* && $said != *"passwords of attendance_owner"* ]] || fail "what PostgreSQL does not know is not said: $said"
lost "postgres_key" "postgres_cert postgres_key private_ca recognizer_cert recognizer_key"
openssl verify -CAfile "$ATTENDANCE_SECRETS/private_ca" <(secret postgres_cert) <(secret recognizer_cert) >/dev/null ||
    fail "the certificates are not the authority's"
