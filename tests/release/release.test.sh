#!/usr/bin/env bash
# The release archive: packed twice it is the same, whatever the time and the umask; it is complete, signed, and a changed
# byte is noticed. What is packed was built before; exit code 77 with the reason where it was not.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd -P)
work=$(mktemp -d "${TMPDIR:-/tmp}/attendance-release-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0

tell() {
    local what=$1
    shift
    if "$@" >"$work/output" 2>&1; then
        printf 'ok %s\n' "$what"
    else
        printf 'not ok %s\n' "$what"
        tail -n 5 "$work/output"
        failures=$((failures + 1))
    fi
}
refused() { ! "$@"; }
release() { "$root/scripts/release.sh" "$@"; }
signature() { openssl pkeyutl -verify -rawin -pubin -inkey "$work/release.pem" -sigfile "$1.sig" -in "$1"; }
sums() { (cd "$1" && sha256sum --check --quiet --strict SHA256SUMS); }
has() {
    local file
    for file in "${@:2}"; do [[ -e $1/$file ]] || { echo "$file is missing" && return 1; }; done
}
inside() {
    python3 - "$1" <<'PYTHON'
import sys, zipfile
for entry in sorted(zipfile.ZipFile(sys.argv[1]).infolist(), key=lambda entry: entry.filename):
    print(f"{entry.external_attr >> 16 & 0o777:o} {entry.filename}")
PYTHON
}
unpack() { python3 -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' "$@"; }
# Each cloud's variables name these files, with VERSION in their place, below a folder of that name.
terraform_takes() {
    local cloud file name
    for cloud in aws azure; do
        for file in "$@"; do
            name=$(basename "$file")
            [[ $name == *-function-* && $name != *-"$cloud".zip ]] && continue
            grep -qF "{var.release_folder}/VERSION/${name//"$version"/VERSION}\"" \
                <(sed "s/\${var.release_version}/VERSION/g" "$root/terraform/$cloud/variables.tf") ||
                { echo "terraform/$cloud does not look for $name" && return 1; }
        done
    done
}
# Owners, times and modes as they are in the archive, of every entry the same kind.
uniform() { tar --list --verbose --numeric-owner --full-time --file "$1" | awk '{ print substr($1, 2), $2, $4, $5 }' | sort -u; }

openssl genpkey -algorithm ed25519 -out "$work/release.key"
openssl pkey -in "$work/release.key" -pubout -out "$work/release.pem"
export RELEASE_KEY=$work/release.key
if ! release "$work/first" >"$work/log" 2>&1; then
    if grep -q 'is missing' "$work/log"; then
        printf 'skipped: %s\n' "$(sed -n 's/^error: //p' "$work/log")"
        exit 77
    fi
    cat "$work/log"
    exit 1
fi
sleep 1
(umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 TMPDIR=$work release "$work/second" >"$work/log" 2>&1) || { cat "$work/log" && exit 1; }
tell "packing twice gives the same bytes" diff -r "$work/first" "$work/second"

archive=$(echo "$work"/first/attendance-[0-9]*.tar.gz)
tell "the checksums hold" sums "$work/first"
tell "the signature is by the key" signature "$archive"
tell "another key's signature is refused" refused env RELEASE_KEY=/dev/null "$root/scripts/release.sh" "$work/third"
tell "without a key nothing is packed" refused env -u RELEASE_KEY "$root/scripts/release.sh" "$work/third"
mkdir "$work/unpacked"
tar -xzf "$archive" -C "$work/unpacked" --strip-components=1
tell "every file in the archive has its checksum" sums "$work/unpacked"
tell "every file in the archive is in its list" diff <(cd "$work/unpacked" && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort) \
    <(cut -c 67- "$work/unpacked/SHA256SUMS" | sort)
tell "it has what machines start" has "$work/unpacked" bin/attendance bin/recognizer bin/attendance-machine lib/machine/aws.py \
    lib/machine/azure.py lib/machine/disks.py lib/machine/registration.py lib/libonnxruntime.so.1.31.1 packs/default/pack.toml \
    page/index.html Caddyfile attendance.caddy sbom.cdx.json systemd/attendance-api.service systemd/caddy.service.d/attendance.conf licences/onnxruntime-LICENSE
if command -v caddy >/dev/null; then
    tell "the proxy's settings need no other file" env DOMAIN=attendance.test ACME_EMAIL=internal INTERNAL_ZONE=attendance.internal \
        XDG_DATA_HOME="$work" XDG_CONFIG_HOME="$work" caddy validate --config "$work/unpacked/Caddyfile" --adapter caddyfile
fi
tell "files belong to nobody in particular and have one time" test "$(uniform "$archive" | wc -l)" -eq 2
tell "the bill of materials holds what CycloneDX demands" "$root/scripts/sbom.py" check "$work/unpacked/sbom.cdx.json"
version=$(basename "$archive" -x86_64-linux.tar.gz) && version=${version#attendance-}
aws=$work/first/attendance-function-$version-aws.zip azure=$work/first/attendance-function-$version-azure.zip
tell "the function for AWS is signed" signature "$aws"
tell "the function for Azure is signed" signature "$azure"
tell "on AWS it is a program that Lambda starts, and nothing else" test "$(inside "$aws")" = "755 bootstrap"
tell "on Azure there are the host's files besides" test "$(inside "$azure" | tr '\n' ' ')" = \
    "644 count/function.json 644 health/function.json 644 host.json 755 lambda "
tell "it is one program" cmp <(unpack "$aws" bootstrap) <(unpack "$azure" lambda)
tell "on Azure whoever asks for the number of people needs a key" grep -q '"authLevel": "function"' <(unpack "$azure" count/function.json)
tell "Terraform takes what is packed, on both clouds" terraform_takes "$archive" "$aws" "$azure"
sed 's/"version": "[0-9.]*"/"version": ""/; s/"hashes"/"hash"/' "$work/unpacked/sbom.cdx.json" >"$work/broken.json"
tell "a bill of materials with gaps is noticed" refused "$root/scripts/sbom.py" check "$work/broken.json"
cp "$archive.sig" "$work/changed.sig"
{ cat "$archive" && printf x; } >"$work/changed"
tell "one byte more and the signature does not fit" refused signature "$work/changed"
((failures == 0))
