#!/usr/bin/env bash
# The files of deploy/monitoring: their syntax, whether each alarm fires for what it is for and for nothing else, whether
# each has its entry in docs/OPERATIONS.md, and whether what is asked for is measured by anybody.
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
while read -r name; do
    grep -q "\"$name\"" api/src/metrics.rs || grep -q "\`$name\`" recognizer/src/metrics.rs || complain "nobody measures $name"
done < <(grep -ohE '\b(attendance|recognizer)_[a-z_]+' "$rules" "$dashboard" | sed -E 's/_(bucket|count|sum)$//' | sort -u)
((bad == 0))
