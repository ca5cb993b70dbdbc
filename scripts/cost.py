#!/usr/bin/env python3
"""What a day costs in either cloud, by the prices in terraform/prices.toml and the sizes in terraform/*/profiles.json,
beside what a service that is paid by the call would cost for the same pictures.

    scripts/cost.py            the tables, as the README has them
    scripts/cost.py --items    with every item
    scripts/cost.py --write    terraform/cost.json anew, which Terraform's output cost_per_day reads
    scripts/cost.py --check    exit code 1 when that file, or the README's table, is not what the prices say
"""

import json
import sys
import tomllib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "terraform"
FRAME_GB = 100e3 / 1e9  # a JPEG of 1280 × 720
HOURS, DAYS = 24, 30.4


class Bill:
    def __init__(self, prices):
        self.prices, self.items = prices, []

    def hours(self, what, price, count=1):
        self.items.append((what, self.prices["hour"][price] * HOURS * count))

    def month(self, what, price, count=1):
        self.items.append((what, self.prices["month"][price] * count / DAYS))

    def use(self, what, price, count):
        self.items.append((what, self.prices["use"][price] * count))

    def total(self):
        return sum(usd for _, usd in self.items)


def frames(load):
    return load["cameras"] * load["frames_per_second"] * 3600 * load["hours"]


def both(bill, size, load):
    """What both clouds charge for by the same measure."""
    bill.hours(f"edge, {size['edge_size']}", size["edge_size"])
    bill.hours(f"API, {size['api_count_min']} × {size['api_size']}", size["api_size"], size["api_count_min"])
    bill.hours(f"database, {size['database_size']}", size["database_size"])
    bill.month(f"database, {size['database_storage_gb']} GB", "database_gb", size["database_storage_gb"])
    bill.hours(f"NAT, {size['nat_gateways']}", "nat_gateway", size["nat_gateways"])
    bill.use("NAT, data", "nat_gb", load["nat_gb"])
    bill.hours("public addresses", "public_ipv4", 1 + size["nat_gateways"])
    bill.use("data to the internet", "out_gb", load["out_gb"])
    bill.use("frames between zones", "between_zones_gb", frames(load) * FRAME_GB / 2)
    bill.month("photos", "object_gb", load["photos_gb"])
    bill.use("photos, writing", "million_puts", load["arrivals"] / 1e6)
    bill.use("logs, taken in", "log_gb", load["log_gb"])
    bill.month("logs, kept for 30 days", "log_gb_kept", load["log_gb"] * 30)


def function(bill, load):
    bill.use("function, calls", "million_function_calls", load["function_calls"] / 1e6)
    bill.use("function, memory", "function_gb_second", load["function_calls"] * 0.05 * 0.25)


def aws(prices, size, load):
    bill = Bill(prices)
    both(bill, size, load)
    bill.month("disks", "disk_gb", 10 + 16 * size["api_count_min"] + 10 + 1)
    bill.month("key", "key")
    bill.month("secrets", "secret", 3)
    bill.month("alarms", "alarm", 18)
    bill.month("metrics", "metric", 8)
    bill.month("private zone", "zone")
    bill.month("look from outside", "health_check")
    options = {name: Bill(prices) for name in ("database_multi_zone", "database_replica", "waf", "function")}
    standby(options, size)
    options["waf"].hours("balancer", "balancer")
    options["waf"].hours("balancer, its units", "balancer_unit")
    options["waf"].hours("balancer, two addresses", "public_ipv4", 2)
    options["waf"].month("firewall", "firewall")
    options["waf"].month("firewall, rules", "firewall_rule", 4)
    options["waf"].use("firewall, requests", "million_firewall_requests", frames(load) / 1e6)
    function(options["function"], load)
    options["function"].use("gateway", "million_gateway_calls", load["function_calls"] / 1e6)
    return bill, options


def azure(prices, size, load):
    bill = Bill(prices)
    both(bill, size, load)
    bill.month("disks", "disk_32gb", 2 + size["api_count_min"])
    bill.month("disk of the certificates", "disk_4gb")
    bill.hours("private endpoints", "private_endpoint", 2)
    bill.use("secrets", "million_secret_calls", 0.001)
    bill.month("alarms on metrics", "metric_alarm", 7)
    bill.month("alarms on logs", "log_alarm", 10)
    bill.month("private zones", "zone", 4)
    bill.use("looks from outside", "web_test", 5 * (96 if size["api_count_min"] == 1 else 288))
    options = {name: Bill(prices) for name in ("database_multi_zone", "database_replica", "waf", "function")}
    standby(options, size)
    options["waf"].hours("gateway with firewall", "gateway_with_firewall")
    options["waf"].hours("gateway, its units", "gateway_unit")
    options["waf"].hours("gateway, address", "public_ipv4")
    function(options["function"], load)
    return bill, options


def standby(options, size):
    for name, what in (("database_multi_zone", "standby"), ("database_replica", "replica")):
        options[name].hours(what, size["database_size"])
        options[name].month(f"{what}, storage", "database_gb", size["database_storage_gb"])


def per_call(service, pictures_a_day):
    """A day's share of a month's calls, which become cheaper by steps."""
    calls, usd, below = pictures_a_day * DAYS * service["calls_a_picture"], 0.0, 0.0
    for upto, per_thousand in service["steps"]:
        usd += max(0.0, min(calls, upto) - below) / 1000 * per_thousand
        below = upto
    return usd / DAYS


def estimate(prices):
    told = {}
    for cloud, make in (("aws", aws), ("azure", azure)):
        sizes = json.loads((FOLDER / cloud / "profiles.json").read_text())
        told[cloud] = {profile: one(prices, cloud, make, size, prices["load"][profile]) for profile, size in sizes.items()}
    return told


def one(prices, cloud, make, size, load):
    bill, options = make(prices[cloud], size, load)
    service = prices["per_call"][cloud]
    return {
        "region": prices[cloud]["region"],
        "noted": prices["noted"],
        "per_day": bill.total(),
        "options": {name: option.total() for name, option in options.items()},
        "service": service["service"],
        "service_every_frame": per_call(service, frames(load)),
        "service_every_arrival": per_call(service, load["arrivals"]),
        "items": bill.items + [(f"({name})", option.total()) for name, option in options.items()],
        "with": ["function"] + (["database_multi_zone"] if size["database_multi_zone"] else []),
    }


def written(told):
    keep = {cloud: {profile: {key: rounded(value) for key, value in entry.items() if key not in ("items", "with")}
                    for profile, entry in profiles.items()} for cloud, profiles in told.items()}
    return json.dumps(keep, indent=2) + "\n"


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return round(value, 2) if isinstance(value, float) else value


def table(told, items=False):
    yield "| US dollars a day | this system | a service by the call, every frame | one call for each arrival |"
    yield "| --- | --- | --- | --- |"
    for cloud, profiles in told.items():
        for profile, entry in profiles.items():
            total = entry["per_day"] + sum(entry["options"][name] for name in entry["with"])
            yield (f"| {cloud}, {profile} ({entry['region']}) | {total:.2f} | {entry['service']}: "
                   f"{entry['service_every_frame']:,.0f} | {entry['service_every_arrival']:.2f} |")
            for what, usd in entry["items"] if items else ():
                yield f"|  {what} | {usd:.3f} | | |"


def main():
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if len(sys.argv) > 2 or asked not in ("", "--items", "--write", "--check"):
        sys.exit(__doc__)
    told = estimate(tomllib.loads((FOLDER / "prices.toml").read_text()))
    file = FOLDER / "cost.json"
    if asked == "--write":
        file.write_text(written(told))
    elif asked == "--check":
        if file.read_text() != written(told):
            sys.exit(f"{file} is stale: run scripts/cost.py --write")
        readme = FOLDER / "README.md"
        if any(row not in readme.read_text().splitlines() for row in table(told)):
            sys.exit(f"{readme} has another table than scripts/cost.py prints")
    else:
        print(*table(told, asked == "--items"), sep="\n")


main()
