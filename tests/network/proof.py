#!/usr/bin/env python3
"""The network proof: the topology of the clouds on this machine, with a firewall made from terraform/ports.json and the
real programs behind it. Each line says `ok` or `not ok`; exit code 0 when all is well, 1 when something is not, 77 with
the reason when this machine cannot run it.

    sudo tests/network/proof.py [--ports FILE]

What machines need of each other stands here a second time, as what is done with it (`USES`). A flow that is missing makes
its use fail, and one that nothing uses is found by comparing both, so no mistake in the matrix passes by being in the
firewall and in the expectation alike."""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
import proving  # noqa: E402
import services as programs  # noqa: E402
import topology  # noqa: E402
from proving import tell  # noqa: E402
from topology import BY_NAME, MACHINES, seen_from  # noqa: E402

HERE = Path(__file__).resolve().parent
# Ports that attackers try first and that software of all kinds opens, besides every port of the matrix and every one
# that something listens on. A random sample finds a rule for a whole range: one that opens a hundredth of all ports
# slips through 500 with a probability of 0.7 %; the sample is another one in each run.
USUAL = [20, 21, 22, 23, 25, 53, 80, 88, 110, 111, 123, 135, 139, 143, 161, 179, 389, 443, 445, 465, 514, 587, 636, 873, 993, 995,
         1433, 1521, 2019, 2049, 2375, 2376, 2379, 3000, 3128, 3306, 3389, 4317, 4318, 5000, 5432, 5433, 5672, 5900, 5985, 6379,
         6443, 8000, 8008, 8080, 8081, 8082, 8443, 8888, 9000, 9090, 9092, 9100, 9200, 9443, 9464, 10250, 11211, 15672, 27017]
UDP = [53, 67, 123, 161, 443, 500, 514, 1900, 4500, 5353]
SAMPLE = 500
OUTSIDE = {"edge": [443, 80], "api": [443, 80, 465, 587], "migrate": [443, 80], "function": [443]}
# What listens on each machine for others; on loopback it may do as it likes.
LISTENING = {"edge": {80, 443}, "api1": {8080}, "api2": {8080}, "database": {5432}, "migrate": set(), "function": set()}


# --- scans ---


def scan(network, ports, udp_ports=()):
    """What each machine reaches of each other one: {(from, to, protocol, port)}."""
    started = []
    for source in MACHINES:
        todo = []
        for target in MACHINES:
            if target is not source:
                address = seen_from(source, target)
                todo += [(address, "tcp", ports), (address, "udp", list(udp_ports))]
        command = network.command(source.name, sys.executable, str(HERE / "scan.py"))
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        process.stdin.write(json.dumps(todo))
        process.stdin.close()
        started.append((source, process))
    reached = set()
    for source, process in started:
        names = {seen_from(source, target): target.name for target in MACHINES}
        for address, protocol, port in json.loads(process.stdout.read()):
            reached.add((source.name, names[address], protocol, port))
        if process.wait():
            raise RuntimeError(f"the scan from {source.name} failed")
    return reached


def allowed(flows):
    """The flows between zones as flows between machines."""
    return {(source.name, target.name, protocol, port) for source in MACHINES for target in MACHINES
            for zone, other, protocol, port in flows
            if source is not target and (source.zone, target.zone) == (zone, other)}


def prove_scan(network, flows):
    ports = sorted({*USUAL, *(port for *_, port in flows), *random.sample(range(1, 65536), SAMPLE)})
    began = time.monotonic()
    reached, wanted = scan(network, ports, UDP), allowed(flows)
    pairs = len(MACHINES) * (len(MACHINES) - 1)
    for source in MACHINES:
        mine = {flow for flow in reached if flow[0] == source.name}
        should = {flow for flow in wanted if flow[0] == source.name}
        surplus, lacking = sorted(mine - should), sorted(should - mine)
        what = ", ".join(f"{target}:{port}" for _, target, _, port in sorted(mine)) or "nothing"
        tell(not surplus and not lacking, f"{source.name} reaches {what}"
             + (f"; too much: {surplus}" if surplus else "") + (f"; too little: {lacking}" if lacking else ""))
    print(f"   {pairs} pairs, {len(ports)} TCP and {len(UDP)} UDP ports each, {time.monotonic() - began:.1f} s")


def prove_listening(network):
    for machine, wanted in LISTENING.items():
        lines = network.inside(machine, "ss", "--no-header", "--listening", "--tcp", "--numeric").splitlines()
        ends = [line.split()[3].rsplit(":", 1) for line in lines]
        found = {int(port) for address, port in ends if not address.startswith("127.") and address != "[::1]"}
        tell(found == wanted, f"{machine} listens on {sorted(found) or 'nothing'} for others, and should on {sorted(wanted) or 'nothing'}")


# --- uses ---


class Outside:
    """Servers on the internet that tell whoever connects the address they come from."""

    def __init__(self, network):
        code = ("import socket, sys, threading\n"
                "def serve(listener):\n"
                "    while True:\n"
                "        caller, address = listener.accept()\n"
                "        caller.sendall(address[0].encode())\n"
                "        caller.close()\n"
                "for port in sys.argv[1:]:\n"
                "    listener = socket.create_server(('', int(port)))\n"
                "    threading.Thread(target=serve, args=[listener]).start()\n"
                "print('listening', flush=True)\n")
        ports = sorted({str(port) for ports in OUTSIDE.values() for port in ports})
        self.process = subprocess.Popen(network.command("internet", sys.executable, "-c", code, *ports), stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def stop(self):
        self.process.kill()
        self.process.wait()


def ask(network, machine, address, port):
    """The first bytes that a server says."""
    code = ("import socket, sys\n"
            "print(socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2).recv(100).decode())")
    command = network.command(machine, sys.executable, "-c", code, address, str(port))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def prove_way_out(network, used):
    internet = BY_NAME["internet"]
    for machine in MACHINES:
        for port in OUTSIDE.get(machine.zone, []):
            face = topology.PUBLIC_EDGE if machine.zone == "edge" else topology.PUBLIC_NAT
            seen = ask(network, machine.name, internet.address, port)
            if tell(seen == face, f"{machine.name} gets out to port {port}, and is seen there as {seen}"):
                used.add((machine.zone, "internet", "tcp", port))


def prove_uses(network, running, used):
    def use(flow, text, does):
        try:
            well, more = does(), ""
        except (RuntimeError, OSError) as error:
            well, more = False, f": {str(error).strip().splitlines()[-1]}"
        if tell(bool(well), text + more):
            used.add(flow)

    schema = "SELECT count(*) > 10 FROM __diesel_schema_migrations"
    use(("migrate", "database", "tcp", 5432), "the migrating machine brought the schema up to date",
        lambda: running.sql("migrate", "owner", schema) == "t")
    use(("function", "database", "tcp", 5432), "the function counts people as attendance_stats",
        lambda: running.sql("function", "stats", "SELECT count FROM people_count").isdigit())
    use(("api", "database", "tcp", 5432), "the API answers that it has its database",
        lambda: running.answers("api1", "http://127.0.0.1:8080/readyz"))
    use(("api", "api", "tcp", 8080), "one API machine reaches the other",
        lambda: running.answers("api1", f"http://{BY_NAME['api2'].address}:8080/livez"))
    use(("internet", "edge", "tcp", 80), "http is sent to https",
        lambda: network.inside("internet", "curl", "--silent", "--max-time", "5", "--write-out", "%{http_code} %{redirect_url}",
                               "--output", "/dev/null", f"http://{programs.DOMAIN}/people") == f"308 https://{programs.DOMAIN}/people")
    # An address instead of a name: curl then names no server in TLS either.
    tell(network.inside("internet", "curl", "--silent", "--insecure", "--max-time", "5",
                        "--write-out", "%{http_code}", "--output", "/dev/null", "--header", f"Host: {programs.DOMAIN}",
                        f"https://{topology.PUBLIC_EDGE}/") == "200", "TLS that names no server, as Amazon's load balancer speaks it, gets the page")
    # The journey passes through both at every request.
    if journey(network, running):
        used |= {("internet", "edge", "tcp", 443), ("edge", "api", "tcp", 8080)}
        prove_loss(running)


def journey(network, running):
    """A browser's and a camera's way through the proxy, in JavaScript with the client of the other tests."""
    env = os.environ | {"NODE_EXTRA_CA_CERTS": str(running.edge_authority())}
    told = json.dumps({
        "url": f"https://{programs.DOMAIN}", "admin": str(running.folder / "api1/first-admin.json"),
        "hosts": str(network.hosts_file("edge")), "zone": programs.ZONE, "page": str(programs.PAGE),
        "apis": [BY_NAME["api1"].address, BY_NAME["api2"].address], "log": str(running.folder / "edge-caddy.log"),
        "metrics": [network.command(name, "curl", "--silent", "http://127.0.0.1:9464/metrics") for name in ("api1", "api2")]})
    command = network.command("internet", "node", "--experimental-websocket", "--no-warnings", str(HERE / "client.mjs"), told)
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith(("ok ", "not ok ")):
            tell(line.startswith("ok "), line.split("ok ", 1)[1].rstrip())
        else:
            print(line, end="", flush=True)
    return process.wait() == 0


def prove_loss(running):
    """An API machine that is gone is not noticed."""
    gone = next(process for process in running.running if process.what == "api2-api")
    running.running.remove(gone)
    gone.kill()
    gone.wait()
    command = running.network.command(
        "internet", "curl", "--silent", "--cacert", str(running.edge_authority()), "--max-time", "10", "--write-out", "%{http_code} ",
        *[part for _ in range(20) for part in ("--output", "/dev/null", f"https://{programs.DOMAIN}/api/v1/health")])
    answers = topology.run(*command).split()
    tell(answers.count("200") == len(answers), f"with one API machine lost {answers.count('200')} of {len(answers)} requests are answered")


def prove_matrix(flows, used):
    for flow in sorted(flows - used):
        tell(False, f"{flow[0]} may reach {flow[1]} on port {flow[3]}, and nothing uses that")
    for flow in sorted(used - flows):
        tell(False, f"{flow[0]} reached {flow[1]} on port {flow[3]}, which the matrix does not have")
    tell(flows == used, f"each of the {len(flows)} flows of the matrix is used, and no other")


def prove_the_proof(network, flows):
    """Mistakes on purpose: a firewall that is not the matrix's must be told by the scan."""
    ports = sorted({22, 25, *(port for *_, port in flows)})
    network.apply(set())
    tell(not scan(network, ports), "a firewall without any flow lets nothing through: each flow is a rule of its own")
    added = {("internet", "api", "tcp", 8080), ("internet", "database", "tcp", 5432), ("edge", "database", "tcp", 5432),
             ("database", "internet", "tcp", 443), ("api", "internet", "tcp", 25), ("edge", "api", "tcp", 22)}
    network.apply(flows | added)
    surplus = scan(network, ports) - allowed(flows)
    tell(surplus == allowed(added) - allowed(flows), f"{len(added)} flows that were added on purpose are found, {len(surplus)} pairs")
    network.apply(flows)


def hosts():
    names = [(BY_NAME["api1"].address, f"api.{programs.ZONE}"), (BY_NAME["api2"].address, f"api.{programs.ZONE}"),
             (BY_NAME["database"].address, programs.DATABASE), (topology.PUBLIC_EDGE, programs.DOMAIN), ("127.0.0.1", "localhost")]
    return topology.hosts_text(names)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ports", type=Path, default=topology.PORTS)
    flows = topology.read_flows(parser.parse_args().ports)

    def prove(network, running):
        network.apply(flows)
        running.begin()
        used = set()
        outside = Outside(network)
        try:
            prove_way_out(network, used)
        finally:
            outside.stop()
        prove_the_proof(network, flows)
        running.complete()
        prove_listening(network)
        prove_scan(network, flows)
        prove_uses(network, running, used)
        prove_matrix(flows, used)

    proving.run(hosts(), prove)


main()
