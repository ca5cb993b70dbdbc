#!/usr/bin/env python3
"""What changes while people walk in: reports from a standby, an upgrade of both API machines under load, and a database
that is gone from one moment to the next, whose standby takes over. The network, the proxy and the programs are those of
proof.py, with fifty requests of all kinds a second from the internet's side. Each line says `ok` or `not ok`.

    sudo tests/network/rollout.py [--old PROGRAM]

PROGRAM is the API of an earlier release, to upgrade from; without it the one that was built stands for both."""

import argparse
import json
import os
import pwd
import re
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
import proving  # noqa: E402
import services as programs  # noqa: E402
import topology  # noqa: E402
from proving import tell  # noqa: E402
from topology import BY_NAME, STANDBY  # noqa: E402

HERE = Path(__file__).resolve().parent
RATE = 50
# What a failover may cost, in seconds, from the first request that failed to the last.
MOST_AWAY = 60
# A managed database notices that its primary is gone after some seconds.
NOTICED_AFTER = 5
APIS = ["api1", "api2"]


def drain_seconds():
    """How long a machine goes on after it was taken out of the name (deploy/lib/machine/registration.py)."""
    text = (programs.ROOT / "deploy/lib/machine/registration.py").read_text()
    return int(re.search(r"^DRAIN_SECONDS = (\d+)$", text, re.MULTILINE)[1])


def hosts(apis=(), database=None):
    names = [(BY_NAME[api].address, f"api.{programs.ZONE}") for api in apis]
    return names + [(database or BY_NAME["database"].address, programs.DATABASE), (STANDBY, programs.REPLICA),
                    (topology.PUBLIC_EDGE, programs.DOMAIN), ("127.0.0.1", "localhost")]


class Load:
    """load.mjs on the internet's side."""

    def __init__(self, network, running):
        told = json.dumps({"url": f"https://{programs.DOMAIN}", "admin": str(running.folder / "api1/first-admin.json"), "rate": RATE})
        command = network.command("internet", "node", "--no-warnings", str(HERE / "load.mjs"), told)
        self.process = subprocess.Popen(command, env=os.environ | {"NODE_EXTRA_CA_CERTS": str(running.edge_authority())},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.kinds = self.read()["kinds"]

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the load ended with {self.process.wait()}")
        return json.loads(line)

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.read()

    def stop(self):
        self.process.kill()
        self.process.wait()


def begin_standby(network, running):
    network.inside("database", "ip", "address", "add", f"{STANDBY}/32", "dev", "eth0")
    network.inside("router", "ip", "route", "add", f"{STANDBY}/32", "dev", "to-database")
    owner, data = pwd.getpwnam("postgres"), running.folder / "database/standby"
    as_owner = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
    network.inside("database", *as_owner, f"{programs.postgres_folder()}/pg_basebackup", "--pgdata", str(data), "--write-recovery-conf",
                   "--checkpoint=fast", "--no-sync", "--dbname", running.database_url("super", "postgres"),
                   env=os.environ | {"HOME": str(running.folder / "database")}, cwd="/")
    running.begin_postgres("standby", data, STANDBY)
    running.until("the standby", lambda: on_standby(running, "SELECT count(*) FROM pg_stat_wal_receiver") == "1")


def on_standby(running, text):
    try:
        return running.sql("api1", "super", text, database="postgres", host=programs.REPLICA)
    except RuntimeError:
        return None


def end(running, process, with_signal):
    running.running.remove(process)
    process.send_signal(with_signal)
    try:
        return process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def prove_reports(running, load):
    """A report is read on the standby and says of what time it is; without a standby, on the database."""
    def report():
        told = load.ask("report")
        if told["status"] != 200:
            raise RuntimeError(f"a report answered {told['status']}: {told['text']}")
        return told["asked"] / 1000, (told["dataOf"] or 0) / 1000

    asked, data_of = report()
    tell(abs(asked - data_of) < 2, f"a report's data is of now while the standby follows ({asked - data_of:.1f} s)")
    on_standby(running, "SELECT pg_wal_replay_pause()")
    time.sleep(3)
    asked, data_of = report()
    tell(2 < asked - data_of < 6, f"when the standby is three seconds behind, a report's data is {asked - data_of:.1f} s old, and says so")
    on_standby(running, "SELECT pg_wal_replay_resume()")
    running.until("the standby's catching up", lambda: on_standby(running, "SELECT pg_get_wal_replay_pause_state()") == "not paused")
    time.sleep(1)
    asked, data_of = report()
    tell(abs(asked - data_of) < 2, "it catches up")


def prove_report_without_standby(load):
    """What was the standby follows nobody any more."""
    began = time.monotonic()
    told = load.ask("report")
    late = abs(told["asked"] - (told["dataOf"] or 0)) / 1000
    tell(told["status"] == 200 and late < 2, f"without a standby reports are read from the database ({time.monotonic() - began:.1f} s)")


def judge(load, what, well):
    told = load.ask("tally")
    failures = told["failures"]
    kinds = sorted({f"{one['what']}: {one['status']} {one['why']}" for one in failures})
    tell(well(told["sent"], failures), f"{what}: {told['sent']} requests, {len(failures)} failed"
         + (f", {told['again']} frames sent again" if told["again"] else "") + "".join(f"\n   {kind}" for kind in kinds[:5]))
    return failures


def prove_upgrade(network, running, load, replica):
    load.ask("tally")
    began = time.monotonic()
    # What the next release adds to the schema, before any machine has that release.
    running.sql("migrate", "owner", "ALTER TABLE people ADD COLUMN of_the_next_release text;"
                "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000');")
    tell(True, "the schema has what the next release adds, under the machines of this one")
    for machine in APIS:
        old = next(process for process in running.running if process.what == f"{machine}-api")
        network.write_hosts("edge", hosts([api for api in APIS if api != machine]))
        time.sleep(drain_seconds())
        status = end(running, old, 15)
        tell(status == 0, f"the old API of {machine} ends in order" + ("" if status == 0 else f": {status}"))
        running.begin_api(machine, more=replica)
        running.until(f"the new API of {machine}", lambda machine=machine: running.answers(machine, "http://127.0.0.1:8080/readyz"))
        network.write_hosts("edge", hosts(APIS))
        # Old and new serve side by side.
        time.sleep(5)
    seconds = time.monotonic() - began
    judge(load, f"both API machines were replaced in {seconds:.0f} s under {RATE} requests a second of {len(load.kinds)} kinds",
          lambda sent, failures: sent > 0.9 * RATE * seconds and not failures)


def prove_failover(network, running, load):
    # As between the zones of a managed database: what is acknowledged is on both.
    running.sql("api1", "super", "ALTER SYSTEM SET synchronous_standby_names = '*'", database="postgres")
    running.sql("api1", "super", "SELECT pg_reload_conf()", database="postgres")
    running.until("the standby's being in step", lambda: running.sql(
        "api1", "super", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'", database="postgres") == "1")
    load.ask("tally")
    # Its address goes first: nobody hears that it ended, as when a machine dies.
    network.inside("database", "ip", "address", "del", f"{BY_NAME['database'].address}/32", "dev", "eth0")
    gone = next(process for process in running.running if process.what == "database-postgres")
    end(running, gone, 9)
    died = time.time()
    time.sleep(NOTICED_AFTER)
    running.until("the standby's promotion", lambda: on_standby(running, "SELECT pg_promote()") == "t")
    for machine in ("api1", "api2", "migrate", "function"):
        network.write_hosts(machine, hosts(database=STANDBY))
    named = time.time()
    time.sleep(40)
    # A camera sends again what is answered like that.
    failures = judge(load, "the database is gone, and its standby takes over", lambda sent, failures: sent and all(
        one["retryAfter"] and (one["status"] == 503 or (one["status"], one["what"]) == (429, "a frame")) for one in failures))
    away = (max(one["ended"] for one in failures) - min(one["began"] for one in failures)) / 1000 if failures else 0
    back = max((one["ended"] for one in failures), default=0) / 1000 - named
    tell(0 < away <= MOST_AWAY, f"from the first request that failed to the last {away:.1f} s, {back:.1f} s of them after the name was the "
         f"standby's (it was promoted {named - died:.1f} s after the database died)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--old", type=Path, default=programs.TARGET / "release/attendance")
    old = parser.parse_args().old.resolve()

    def prove(network, running):
        network.apply(topology.read_flows(topology.PORTS))
        running.begin()
        running.migrate()
        begin_standby(network, running)
        replica = {"DATABASE_REPLICA_URL": running.database_url("app", host=programs.REPLICA)}
        running.complete_apis(program=old, more=replica)
        load = Load(network, running)
        try:
            prove_upgrade(network, running, load, replica)
            prove_reports(running, load)
            prove_failover(network, running, load)
            prove_report_without_standby(load)
            told = load.ask("check")
            tell(not told["missing"] and told["people"] > 0, f"all that was acknowledged is there: {told['people']} people, "
                 f"{told['arrivals']} arrivals" + (f"; not: {told['missing'][:5]}" if told["missing"] else ""))
        finally:
            load.stop()

    proving.run(topology.hosts_text(hosts(APIS)), prove)


main()
