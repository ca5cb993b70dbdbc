#!/usr/bin/env bash
# `make release`: packs what was built into the archives that machines fetch, with bill of materials, checksums and
# signatures, in target/releases/VERSION (or the folder given). Packing the same programs again gives the same bytes:
# names are sorted, owners and times fixed. Nothing is built here.
#
#   RELEASE_KEY=release.key scripts/release.sh [FOLDER]     the private key, Ed25519, PEM; `none` leaves signatures out
#
# The time of the files is that of the last commit, or SOURCE_DATE_EPOCH.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
cd "$root"
umask 022
export LC_ALL=C TZ=UTC
readonly library=libonnxruntime.so.1.31.1
pack=$target/packs/default
page=${ATTENDANCE_PAGE:-$root/frontend/dist}
version=$release_version
machine=$(uname -m)-linux
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
out=${1:-$target/releases/$version}
stage=$(mktemp -d "${TMPDIR:-/tmp}/attendance-release.XXXXXX")
trap 'rm -rf "$stage"' EXIT

check_key() {
    case ${RELEASE_KEY:-} in
    none) warn "not signed: machines refuse these archives" ;;
    "") fail "RELEASE_KEY names no file; make a key once with
  openssl genpkey -algorithm ed25519 -out release.key
  openssl pkey -in release.key -pubout    # the variable release_public_key
and keep it where no machine reads it" ;;
    *)
        openssl pkey -in "$RELEASE_KEY" -noout -text 2>/dev/null | grep -q '^ED25519 Private-Key' ||
            fail "RELEASE_KEY ($RELEASE_KEY) is no private Ed25519 key in PEM"
        ;;
    esac
}

need() {
    local file
    for file in "$@"; do [[ -e $file ]] || fail "$file is missing; 'make release' makes it"; done
}

# archive FOLDER FILE: a folder of the stage as .tar.gz.
archive() {
    local folder=$1 file=$2
    find "$stage/$folder" -type d -exec chmod 755 {} +
    find "$stage/$folder" -type f -perm /111 -exec chmod 755 {} +
    find "$stage/$folder" -type f ! -perm /111 -exec chmod 644 {} +
    (cd "$stage/$folder" && find . -type f -printf '%P\0' | sort -z | xargs -0 sha256sum) >"$stage/sums"
    mv "$stage/sums" "$stage/$folder/SHA256SUMS"
    tar --create --directory "$stage" --sort=name --format=gnu --mtime="@$epoch" --owner=0 --group=0 --numeric-owner \
        "$folder" | gzip -6 --no-name >"$file"
}

pack_site() {
    local name=attendance-$version to
    to=$stage/$name
    need "$target/release/attendance" "$target/release/recognizer" "$cache/onnxruntime/$library" "$pack/pack.toml" "$page/index.html"
    mkdir -p "$to"/{bin,lib,packs,licences}
    install -m 755 "$target/release/attendance" "$target/release/recognizer" deploy/bin/attendance-machine "$to/bin"
    install -m 644 "$cache/onnxruntime/$library" "$to/lib"
    mkdir "$to/lib/machine"
    install -m 644 deploy/lib/machine/*.py "$to/lib/machine"
    cp -rL "$pack" "$to/packs/default"
    cp -rL "$page" "$to/page"
    cp -rL deploy/systemd "$to/systemd"
    install -m 644 deploy/Caddyfile deploy/attendance.caddy "$to"
    install -m 644 LICENSE-APACHE LICENSE-MIT "$to/licences"
    install -m 644 "$cache/onnxruntime/LICENSE" "$to/licences/onnxruntime-LICENSE"
    install -m 644 "$cache/onnxruntime/ThirdPartyNotices.txt" "$to/licences/onnxruntime-ThirdPartyNotices.txt"
    install -m 644 "$stage/sbom.cdx.json" "$to"
    archive "$name" "$out/$name-$machine.tar.gz"
}

pack_agent() {
    local name=attendance-camera-$version to
    to=$stage/$name
    [[ -f $target/release/attendance-camera ]] || { say "No camera agent: 'make camera' builds it" && return; }
    mkdir -p "$to/bin"
    install -m 755 "$target/release/attendance-camera" "$to/bin"
    install -m 644 camera/attendance-camera.service camera/camera.toml.example docs/CAMERAS.md LICENSE-APACHE LICENSE-MIT \
        "$stage/sbom.cdx.json" "$to"
    archive "$name" "$out/$name-$machine.tar.gz"
}

# For each cloud: the program that `make lambda` links to nothing, whatever libraries the cloud's systems have.
pack_function() {
    need "$target/lambda/lambda"
    python3 scripts/function-archives.py "$target/lambda/lambda" "$out" "$version"
}

sign() {
    local file
    [[ $RELEASE_KEY != none ]] || return 0
    for file in "$out"/*.tar.gz "$out"/*.zip "$out/SHA256SUMS"; do
        [[ ! -f $file ]] || openssl pkeyutl -sign -rawin -inkey "$RELEASE_KEY" -in "$file" -out "$file.sig"
    done
}

check_key
[[ -n $version ]] || fail "Cargo.toml names no version"
rm -rf "$out"
mkdir -p "$out"
step "Listing what release $version is made of"
scripts/sbom.py write "$version" "$epoch" "$pack" "$cache/onnxruntime/$library" >"$stage/sbom.cdx.json"
scripts/sbom.py check "$stage/sbom.cdx.json"
step "Packing into $out"
pack_site
pack_agent
pack_function
install -m 644 "$stage/sbom.cdx.json" "$out"
(cd "$out" && sha256sum -- *) >"$stage/sums"
mv "$stage/sums" "$out/SHA256SUMS"
sign
site=attendance-$version-$machine.tar.gz
say "release_version = \"$version\""
say "release_sha256  = \"$(sed -n "s/  $site\$//p" "$out/SHA256SUMS")\""
say "function_sha256 = \"$(sed -n "s/  attendance-function-$version-aws\.zip\$//p" "$out/SHA256SUMS")\"   # AWS"
say "release_folder  = \"$(dirname "$out")\", or upload $site and its .sig, on AWS attendance-function-$version-aws.zip too, to releases/"
