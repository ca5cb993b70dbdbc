#!/usr/bin/env bash
# Looks through the files under version control for what must not be there.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
cd "$root"
bad=0

# refuse WHAT PATTERN: no text file may match. The patterns are written so that they do not match themselves.
refuse() {
    local what=$1 pattern=$2 found
    found=$(git grep -nIE -e "$pattern" -- . ':!*.lock' ':!*package-lock.json' || true)
    [[ -z $found ]] && return
    printf '%s:\n%s\n' "$what" "$found" >&2
    bad=1
}

git rev-parse --git-dir >/dev/null || fail "this check needs the git repository"
refuse "A private key" 'BEGIN [A-Z ]*PRIVATE [K]EY'
refuse "A cloud or service credential" '\b(AKI[A][0-9A-Z]{16}|gh[pousr][_][A-Za-z0-9]{30,}|xox[abp]-[0-9]|sk-[A-Za-z0-9]{32,})'
refuse "A password in an address" 'postgres(ql)?://[^:/@ ]+:[A-Za-z0-9]{12,}@'
refuse "A path of one machine" "(/home/[a-z][a-z0-9_-]*/|/Users/[A-Za-z]+/|$(printf '%s' "$(dirname "$root")" | sed 's/[.[\*^$+?(){|]/\\&/g')/)"
refuse "The address of a package registry" 'https?://[a-z.]*(npmj[s]|pyp[i]|pythonhoste[d]|crate[s]|debia[n])\.[a-z]+/'
refuse "Something unfinished" '(todo!\(|unimplemented!\(|FIX[M]E|#\[ignore\]|test\.ski[p]\(|test\.onl[y]\()'

while IFS= read -r -d '' file; do
    case $file in
    */node_modules/* | node_modules/*)
        printf 'An npm package: %s\n' "$file" >&2
        bad=1
        ;;
    *.onnx | *.bin | *.pb | *.safetensors | *.mkv | *.mp4 | *.y4m | *.jpg | *.jpeg | *.webp | *.wasm | .env | *.pem | *.key)
        printf 'A file that does not belong here: %s\n' "$file" >&2
        bad=1
        ;;
    *utils.* | *common.* | *helpers.* | *manager.*)
        printf 'A name that says nothing: %s\n' "$file" >&2
        bad=1
        ;;
    esac
    if [[ -f $file ]] && (($(stat -c %s "$file") > 1024 * 1024)); then
        printf 'A file of more than 1 MB: %s\n' "$file" >&2
        bad=1
    fi
done < <(git ls-files -z)
((bad == 0))
