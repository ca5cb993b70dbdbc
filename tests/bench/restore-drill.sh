#!/usr/bin/env bash
# The restore drill: a database with a million arrivals and 5,000 photos goes into a backup and comes back into an empty
# cluster and an empty folder; every row and every photo is compared. PEOPLE (1000) have a thousand arrivals each,
# PHOTOS (5000) are files of 20 to 120 kB.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/settings.sh"
# shellcheck source=scripts/postgres.sh
. "$root/scripts/postgres.sh"
people=${PEOPLE:-1000}
photos=${PHOTOS:-5000}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/attendance-drill.XXXXXX")
servers=()
clean_up() {
    local server
    for server in "${servers[@]}"; do postgres_stop "$server"; done
    rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

attendance=$target/release/attendance
seed=$target/release/examples/school
[[ -x $attendance && -x $seed ]] ||
    fail "build first: cargo build --release --workspace --exclude frontend --bins --example school"

# Makes a cluster with roles and an empty database, and goes on with it.
cluster() {
    postgres_scratch "$1"
    servers+=("$scratch_postgres")
    postgres_provision
    DATABASE_OWNER_URL=$(postgres_url attendance_owner attendance)
    export DATABASE_OWNER_URL
}

# A hash for each table, over all its rows. Which transaction wrote an arrival counts within its cluster alone, and is
# made new in another.
rows() {
    local table sql=''
    for table in $(ask "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"); do
        sql+="SELECT '$table', count(*), md5(coalesce(string_agg(h, '' ORDER BY h), '')) FROM (SELECT md5((to_jsonb(t) - 'written_by')::text) AS h FROM $table t) AS hashed;"
    done
    ask "$sql"
}
ask() {
    PGPASSWORD=$(password_of attendance_super) "$pg_bin/psql" --quiet --no-psqlrc --tuples-only --no-align \
        --host="$pg_socket" --username=attendance_super --dbname=attendance --command="$1"
}

# timed WHAT COMMAND…: runs it and says how long it took.
timed() {
    local what=$1 since
    shift
    since=$(date +%s%N)
    "$@" || fail "$what failed"
    say "$what: $((($(date +%s%N) - since) / 1000000)) ms"
}

step "A school of $people people, $photos photos"
mkdir -m 755 "$scratch/one" "$scratch/two"
chmod 755 "$scratch"
cluster "$scratch/one"
"$attendance" migrate
DATABASE_URL=$DATABASE_OWNER_URL "$seed" --people "$people"
before=$(rows)
ask "SELECT id FROM people ORDER BY id" >"$scratch/ids"
python3 - "$scratch/ids" "$scratch/one/objects/people" "$photos" <<'PYTHON'
import os, random, sys, uuid
ids, folder, count = open(sys.argv[1]).read().split(), sys.argv[2], int(sys.argv[3])
for number in range(count):
    place = os.path.join(folder, ids[number % len(ids)])
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, str(uuid.uuid4())), "wb") as photo:
        photo.write(os.urandom(random.randrange(20_000, 120_000)))
PYTHON
ask "SELECT count(*) || ' arrivals, ' || pg_size_pretty(pg_database_size('attendance')) FROM arrivals"
du -sh "$scratch/one/objects" | cut -f 1

step "Backup, and the way back"
(umask 077 && "$attendance" backup-key >"$scratch/key")
"$attendance" keys new "$scratch/one"
cp "$scratch/one/audit.key" "$scratch/two"
ATTENDANCE_BACKUP_RECIPIENT=$(sed -n 's/^# Recipient.*: //p' "$scratch/key")
export ATTENDANCE_BACKUP_RECIPIENT ATTENDANCE_BACKUP_SECRET_FILE=$scratch/key ATTENDANCE_BACKUPS=file:$scratch/backups
DATABASE_BACKUP_URL=$DATABASE_OWNER_URL timed "backup" "$attendance" backup --data "$scratch/one"
cluster "$scratch/two"
timed "restore" "$attendance" restore --data "$scratch/two"

step "Comparing"
diff <(printf '%s\n' "$before") <(rows) || fail "the rows differ"
diff -r "$scratch/one/objects/people" "$scratch/two/objects/people" || fail "the photos differ"
say "every row of $(wc -l <<<"$before") tables and every photo is as it was"
