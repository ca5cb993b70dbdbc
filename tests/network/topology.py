"""The network of docs/ARCHITECTURE.md as namespaces around one router whose firewall is made from terraform/ports.json.

Every machine has a link of its own to the router, so that nothing gets from one to another past the firewall, two API
machines included. The internet has a route to the private addresses: what keeps it out is the firewall, not a route
that is missing."""

import json
import os
import shutil
import subprocess
from pathlib import Path

ROUTER_ADDRESS = "169.254.1.1"  # on each link, as the next hop
PUBLIC_EDGE = "203.0.113.20"
PUBLIC_NAT = "203.0.113.1"
PRIVATE = "10.20.0.0/16"
STANDBY = "10.20.2.11"  # on the database's machine, where there is one
PORTS = Path(__file__).resolve().parents[2] / "terraform/ports.json"


class Machine:
    def __init__(self, name, zone, address):
        self.name, self.zone, self.address = name, zone, address


MACHINES = [
    Machine("internet", "internet", "203.0.113.10"),
    Machine("edge", "edge", "10.20.0.10"),
    Machine("api1", "api", "10.20.1.11"),
    Machine("api2", "api", "10.20.1.12"),
    Machine("migrate", "migrate", "10.20.1.20"),
    Machine("function", "function", "10.20.1.30"),
    Machine("database", "database", "10.20.2.10"),
]
BY_NAME = {machine.name: machine for machine in MACHINES}


def seen_from(source, target):
    """The address by which one machine names another: from outside the edge has its public one."""
    return PUBLIC_EDGE if source.zone == "internet" and target.zone == "edge" else target.address


def read_flows(path):
    matrix = json.loads(Path(path).read_text())
    flows = set()
    for flow in matrix["flows"]:
        for end in ("from", "to"):
            if flow[end] not in matrix["zones"]:
                raise ValueError(f"{path}: {flow[end]!r} is no zone")
        flows.add((flow["from"], flow["to"], flow["protocol"], int(flow["port"])))
    return flows


class Network:
    def __init__(self, hosts):
        self.prefix = f"attproof-{os.getpid()}-"
        self.hosts = hosts
        self.made = []

    def namespace(self, name):
        return self.prefix + name

    def build(self):
        remove_leftovers()
        router = self.add("router")
        self.inside("router", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        for machine in MACHINES:
            namespace, link = self.add(machine.name), f"to-{machine.name}"
            run("ip", "link", "add", link, "netns", router, "type", "veth", "peer", "name", "eth0", "netns", namespace)
            self.inside("router", "ip", "address", "add", f"{ROUTER_ADDRESS}/32", "dev", link)
            self.inside("router", "ip", "link", "set", link, "up")
            self.inside("router", "ip", "route", "add", f"{machine.address}/32", "dev", link)
            self.inside("router", "sysctl", "-qw", f"net.ipv4.conf.{link}.rp_filter=1")
            self.inside(machine.name, "ip", "address", "add", f"{machine.address}/32", "dev", "eth0")
            self.inside(machine.name, "ip", "link", "set", "eth0", "up")
            self.inside(machine.name, "ip", "route", "add", "default", "via", ROUTER_ADDRESS, "dev", "eth0", "onlink")

    def add(self, name):
        namespace = self.namespace(name)
        folder = Path("/etc/netns") / namespace  # `ip netns exec` puts its files in the place of those in /etc
        folder.mkdir(parents=True)
        (folder / "hosts").write_text(self.hosts)
        self.made.append(namespace)
        run("ip", "netns", "add", namespace)
        run("ip", "-n", namespace, "link", "set", "lo", "up")
        self.inside(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        return namespace

    def command(self, name, *command):
        return ["ip", "netns", "exec", self.namespace(name), *command]

    def inside(self, name, *command, **more):
        return run(*self.command(name, *command), **more)

    def hosts_file(self, name):
        return Path("/etc/netns") / self.namespace(name) / "hosts"

    def write_hosts(self, name, names):
        """In the place of the old ones: the file is mounted where programs read it. `names` are (address, name)."""
        self.hosts_file(name).write_text(hosts_text(names))

    def apply(self, flows):
        self.inside("router", "nft", "--file", "-", input=ruleset(flows))

    def remove(self):
        for namespace in self.made:
            remove_namespace(namespace)
        self.made = []


def hosts_text(names):
    return "".join(f"{address} {name}\n" for address, name in names)


def ruleset(flows):
    """Nothing passes but the flows, and the answers to them."""
    links = {}
    for machine in MACHINES:
        links.setdefault(machine.zone, []).append(f'"to-{machine.name}"')
    rules = []
    for source, target, protocol, port in sorted(flows):
        ends = [f"iifname {{ {', '.join(links[source])} }}", f"oifname {{ {', '.join(links[target])} }}"]
        rules.append(f"        {' '.join(ends)} {protocol} dport {port} accept")
    edge = BY_NAME["edge"].address
    return "\n".join([
        "flush ruleset",
        "table inet attendance {",
        "    chain forward {",
        "        type filter hook forward priority filter; policy drop;",
        "        ct state established,related accept",
        *rules,
        "    }",
        "    chain input { type filter hook input priority filter; policy drop; }",
        "    chain arriving {",
        "        type nat hook prerouting priority dstnat;",
        f'        iifname "to-internet" ip daddr {PUBLIC_EDGE} dnat ip to {edge}',
        "    }",
        "    chain leaving {",
        "        type nat hook postrouting priority srcnat;",
        f'        oifname "to-internet" ip saddr {edge} snat ip to {PUBLIC_EDGE}',
        f'        oifname "to-internet" ip saddr {PRIVATE} snat ip to {PUBLIC_NAT}',
        "    }",
        "}",
    ])


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def remove_namespace(namespace):
    subprocess.run(["ip", "netns", "delete", namespace], capture_output=True, check=False)
    shutil.rmtree(Path("/etc/netns") / namespace, ignore_errors=True)


def remove_leftovers():
    """Of runs that were killed."""
    for line in run("ip", "netns", "list").splitlines():
        name = line.split()[0]
        if name.startswith("attproof-") and not Path(f"/proc/{name.split('-')[1]}").exists():
            remove_namespace(name)
