#!/usr/bin/env bash
# The files of deploy/monitoring: their syntax, whether each alarm fires for what it is for and for nothing else, whether
# each has its entry in docs/OPERATIONS.md, and whether the built programs measure what is asked for and docs/OPERATIONS.md
# has it.
# shellcheck source=scripts/settings.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/settings.sh"
cd "$root"
rules=deploy/monitoring/rules/attendance.yml
dashboard=deploy/monitoring/grafana/dashboards/attendance.json
bad=0
complain() {
    say "$*"
    bad=1
}

promtool check config --syntax-only deploy/monitoring/prometheus.yml || bad=1
promtool check rules "$rules" || bad=1
promtool test rules tests/monitoring/rules.test.yml || bad=1
! command -v amtool >/dev/null || amtool check-config deploy/monitoring/notify.yml >/dev/null || complain "notify.yml is wrong"

while read -r alarm; do
    grep -A 3 "alertname: $alarm\$" tests/monitoring/rules.test.yml | grep -q exp_alerts || complain "nothing tests that $alarm fires"
    grep -q "alertname: $alarm, eval_time" tests/monitoring/rules.test.yml || complain "nothing tests that $alarm stays quiet"
    grep -q "^### $alarm\$" docs/OPERATIONS.md || complain "docs/OPERATIONS.md has no entry for $alarm"
done < <(sed -n 's/^ *- alert: //p' "$rules")
while read -r alarm; do
    grep -q "^### $alarm\$" docs/OPERATIONS.md || complain "notify.yml names $alarm, which docs/OPERATIONS.md does not know"
done < <(grep -oE '"[A-Z][A-Za-z|]+"' deploy/monitoring/notify.yml | tr -d '"' | tr '|' '\n' | sort -u)

python3 -m json.tool "$dashboard" >/dev/null || bad=1
# The programs are asked where they are built; the source does not show that a metric was forgotten when they were put
# together.
asked_for=$(grep -ohE '\b(attendance|recognizer)_[a-z_]+' "$rules" "$dashboard" | sort -u)
if [[ -x $target/release/attendance && -d tests/node_modules ]]; then
    use_tools
    measured=$(node --no-warnings tests/monitoring/measured.mjs) || complain "the programs do not tell their metrics"
    missing=$(comm -23 <(printf '%s\n' "$asked_for") <(sort <<<"$measured"))
    while read -r name; do
        grep -q "^| \`$name\`" docs/OPERATIONS.md || complain "docs/OPERATIONS.md does not list $name"
    done < <(sed -E 's/_(bucket|count|sum)$//' <<<"$measured" | sort -u)
    [[ -z $missing ]] || complain "nobody measures ${missing//$'\n'/, }"
else
    say "The programs are not built: metrics are looked up in the source alone"
    while read -r name; do
        grep -q "\"$name\"" api/src/metrics.rs || grep -q "\`$name\`" recognizer/src/metrics.rs || complain "nobody measures $name"
    done < <(sed -E 's/_(bucket|count|sum)$//' <<<"$asked_for" | sort -u)
fi
((bad == 0))
