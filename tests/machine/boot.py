#!/usr/bin/env python3
"""Machines as both clouds make them: the user data of terraform/cloud-init given to a stock Debian 12 that boots under a
systemd of its own (systemd-nspawn), where cloud-init does with it what it would do there. Around it stands cloud.py in the
place of the cloud and a real PostgreSQL that takes TLS alone. Each line says `ok` or `not ok`; exit code 77 with the reason
when this machine cannot run it.

    sudo tests/machine/boot.py [aws|azure]...

Not covered: the clouds' own datasources and networks, certificates of a public authority, limits that need a kernel of
one's own (IPAddressDeny, the network's firewall; tests/network has that), and the sign-in to a managed database: this one
takes every password."""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from image import image, run  # noqa: E402
from machines import ADDRESSES, ARCHIVE, DATABASE, DOMAIN, REGION, ZONE, Cloud, Machine, read_lines, until  # noqa: E402
from parts import tell_of_looks, tell_of_neighbours, tell_of_the_disk  # noqa: E402
from telling import end, skip, tell  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TEMPLATE = ROOT / "terraform/cloud-init/machine.yaml.tftpl"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
TOOLS = ["ip", "terraform", "debootstrap", "systemd-nspawn", "openssl", "nsenter", "journalctl", "mount", "curl"]
ROLES = ["edge", "api", "migrate"]
# AWS takes no more than this of user data.
MOST_USER_DATA = 16384
# The proxy asks every five seconds, and what it is told may be five seconds old.
PROXY_SECONDS = 10
# How much of what systemd can take from a service is left to it: its own measure, of 10.
MOST_EXPOSURE = 2.5


def check_means():
    if os.geteuid() != 0:
        skip("machines need root")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if not glob.glob("/usr/lib/postgresql/*/bin/initdb"):
        missing.append("PostgreSQL's server")
    if missing:
        skip(f"not here: {', '.join(missing)}")
    if not (TARGET / "release/attendance").exists():
        skip("not built: the programs")


# --- rendering ---


def settings_of(cloud, role, release):
    """As terraform/aws and terraform/azure give them."""
    settings = {"REGION": REGION, "BUCKET": "store" if cloud == "aws" else "releases", "RELEASE_VERSION": release["version"],
                "RELEASE_KEY": ("releases/" if cloud == "aws" else "") + ARCHIVE.format(release["version"]),
                "RELEASE_SHA256": release["sha256"], "RELEASE_PUBLIC_KEY": release["public_key"], "DOMAIN": DOMAIN, "INTERNAL_ZONE": ZONE}
    settings |= {"LOG_GROUP": "attendance"} if cloud == "aws" else {"STORAGE_ACCOUNT": "store", "CLIENT_ID": f"client-{role}"}
    vault = "" if cloud == "aws" else "https://vault.vault.azure.net/secrets/"
    database = {"DATABASE_HOST": DATABASE[cloud], "DATABASE_NAME": "attendance"}
    if role == "edge":
        return settings | {"ACME_EMAIL": "internal"}
    if role == "migrate":
        admin = {"DATABASE_ADMIN_SECRET": "admin"} if cloud == "aws" else {"DATABASE_ADMIN": "admin", "OWNER_IDENTITY": "o", "APP_IDENTITY": "a"}
        return settings | database | admin
    register = {"CLOUD_MAP_SERVICE": "srv-api", "GROUP": "attendance-api", "LAUNCH_HOOK": "healthy"} if cloud == "aws" else {"DNS_ZONE_ID": "/zones/internal"}
    # Photos of this test stay on the machine: what stands behind the address is the storage's own test's matter.
    return settings | database | register | {"MASTER_KEY_SECRET": vault + "master", "AUDIT_KEY_SECRET": vault + "audit",
                                             "TRUSTED_PROXIES": "10.99.0.11/32", "ATTENDANCE_STORAGE": "file:/var/lib/attendance/objects"}


def render(cloud, role, release, folder):
    values = folder / "values.json"
    values.write_text(json.dumps({"role": role, "cloud": cloud, "settings": settings_of(cloud, role, release)}))
    # Empty folder: the console reads no module.
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    expression = f'jsonencode(templatefile("{TEMPLATE}", jsondecode(file("{values}"))))\n'
    told = run("terraform", "console", input=expression, cwd=empty)
    return json.loads(json.loads(told[told.index('"'):]))


def packages_of(text):
    return set(json.loads(re.search(r"^packages: (\[.*\])$", text, re.M).group(1)))


# --- the release ---


def make_release(folder):
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", folder / "release.key")
    out = folder / "release"
    run(ROOT / "scripts/release.sh", out, env=os.environ | {"RELEASE_KEY": str(folder / "release.key")})
    archive = next(path for path in out.glob("attendance-[0-9]*.tar.gz"))
    return {"version": archive.name.split("-")[1], "archive": archive, "sha256": run("sha256sum", archive).split()[0], "prepares": True,
            "public_key": run("openssl", "pkey", "-in", folder / "release.key", "-pubout")}


def without_preparing(release, folder):
    """For Azure: the labels by which its server knows identities are an extension's that only it has, so that this test makes
    the roles, and the program leaves that out."""
    version, archive = release["version"], folder / "azure.tar.gz"
    run("tar", "-xzf", release["archive"], "-C", folder)
    program = folder / f"attendance-{version}/bin/attendance"
    program.rename(program.with_name("attendance.real"))
    program.write_text('#!/bin/sh\n[ "$1" != database ] || exit 0\nexec "$0.real" "$@"\n')
    program.chmod(0o755)
    run("tar", "-czf", archive, "-C", folder, f"attendance-{version}")
    run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", folder / "release.key", "-in", archive, "-out", f"{archive}.sig")
    return release | {"archive": archive, "sha256": run("sha256sum", archive).split()[0], "prepares": False}


# --- the story ---


def tell_of_api(cloud, api, good):
    """Everything that can be late or wrong, in the order in which a machine meets it."""
    name = ARCHIVE.format(cloud.release["version"])
    archive, signature = good
    api.says(f"{name} cannot be fetched", unit="attendance-fetch.service")
    tell(True, "an archive that is not there yet is waited for, with a message")
    cloud.store(archive[:-1] + b"?", signature)
    api.says("Nothing was unpacked. Apply again", unit="attendance-fetch.service")
    until("the unit fails", lambda: api.works("systemctl", "is-failed", "attendance-fetch.service"), 30)
    unpacked = [path.name for path in (api.root / "opt/attendance").glob("*")]
    tell(not unpacked and "error:" in api.console(), f"an archive of another hash ends with a message, on the console too; unpacked is {unpacked or 'nothing'}")
    cloud.store(archive, signature[:-1] + bytes([signature[-1] ^ 1]))
    api.restart_fetch()
    api.says(".sig is no signature of", unit="attendance-fetch.service")
    until("the unit ends", lambda: not api.works("systemctl", "is-active", "attendance-fetch.service")
          and "activating" not in subprocess.run(api.command("systemctl", "is-active", "attendance-fetch.service"), capture_output=True, text=True, check=False).stdout, 30)
    unpacked = [path.name for path in (api.root / "opt/attendance").glob("*")]
    tell(not unpacked, f"an archive whose signature is another's ends with a message; unpacked is {unpacked or 'nothing'}")
    cloud.store(archive, signature)
    api.restart_fetch()
    api.says("has no value yet: store the key there once", unit="attendance-secrets.service")
    tell(not cloud.registered() and not (api.root / "run/attendance/master.key").exists(), "a key that nobody has stored is waited for, with what to do")
    for key in ("master", "audit"):
        cloud.secret(key, f"1 {run('openssl', 'rand', '-base64', '32').strip()}" if key == "master" else run("openssl", "rand", "-base64", "32").strip())
    api.says(f"The database {DATABASE[cloud.kind]} does not answer yet", unit="attendance-api.service")
    modes = api.inside("stat", "--format=%n %a %U", "/run/attendance/master.key", "/run/attendance/audit.key", "/run/attendance").split("\n")
    tell(modes[:3] == ["/run/attendance/master.key 400 root", "/run/attendance/audit.key 400 root", "/run/attendance 700 root"],
         "the keys are in memory, for root alone")
    tell(True, "a database that is slow to appear is waited for, with a message")


def tell_of_migration(cloud, migrate):
    migrate.process.wait(240)
    journal = migrate.journal("attendance-migrate.service")
    tell(f"The database has the schema of release {cloud.release['version']}" in journal, "the migrating machine brings the schema up to date and powers itself off")
    if cloud.kind == "azure":
        tell(len(cloud.requests(role="migrate", path="/machines/migrate/deallocate?api-version=2024-07-01", status=202)) == 1, "and deallocates itself")


def tell_of_running(cloud, api, edge):
    until("the API is registered", lambda: ADDRESSES["api"] in cloud.registered(), 120, lambda: api.journal()[-2500:])
    tell(api.works("/opt/attendance/current/bin/attendance-machine", "health"), "API and recognizer are healthy; the API machine registered itself")
    if cloud.kind == "aws":
        until("the launch is completed", lambda: cloud.requests(role="api", host=f"autoscaling.{REGION}.amazonaws.com", status=200), 60)
        tell(True, "the group was told that the machine is healthy")
    else:
        tell("10.99.0.99" in cloud.registered() and cloud.requests(status=412), "another machine that was faster is not overwritten")
    edge.says("This is edge of release", unit="attendance-fetch.service")
    ask = ["curl", "--silent", "--insecure", "--max-time", "10", "--resolve", f"{DOMAIN}:443:{ADDRESSES['edge']}", f"https://{DOMAIN}/api/v1/health"]
    answer = {}

    def healthy():
        done = subprocess.run(cloud.inside(*ask), capture_output=True, text=True, check=False).stdout
        answer.update(json.loads(done) if done.startswith("{") else {})
        return answer.get("status") == "ok"
    until("health through the proxy", healthy, 90, lambda: f"{answer}\n{edge.journal()[-1500:]}")
    tell(answer["database"] == "ok" and answer["recognizer"] == "ok", f"through the proxy, by the zone's name, health is {answer['status']}")
    tell(edge.works("/opt/attendance/current/bin/attendance-machine", "health"), "the proxy's machine is healthy")


def tell_of_units(machine, units):
    for unit in units:
        told = machine.inside("systemd-analyze", "security", "--no-pager", unit).strip().splitlines()[-1]
        exposure = float(re.search(r"(\d+\.\d)", told).group(1))
        state = machine.inside("systemctl", "show", "--property=ActiveState,NRestarts,LimitCORE", "--value", unit).split()
        if not tell(exposure <= MOST_EXPOSURE and "active" in state, f"{unit} runs, exposed {exposure} of 10 (at most {MOST_EXPOSURE})"):
            print(machine.journal(unit)[-1500:])
    wrong = subprocess.run(machine.command("systemd-analyze", "verify", *units), capture_output=True, text=True, check=False).stderr
    tell("attendance" not in wrong, f"systemd has nothing to say against the units of {machine.role}{': ' + wrong if 'attendance' in wrong else ''}")


def tell_of_stopping(cloud, api):
    if cloud.kind == "aws":
        # As when the group ends a machine: it is shut down.
        api.inside("systemctl", "--no-block", "poweroff")
    else:
        ends = {"EventId": "1", "EventType": "Terminate", "ResourceType": "VirtualMachine", "Resources": ["api"], "EventStatus": "Scheduled"}
        (cloud.folder / "events.json").write_text(json.dumps({"DocumentIncarnation": 2, "Events": [ends]}))
    api.process.wait(150)
    tell(ADDRESSES["api"] not in cloud.registered() and '"stopping"' in api.journal("attendance-api.service"),
         "a machine that the cloud ends is taken out first, stops the API then, and switches itself off")
    waited = api.when('"stopping"', "attendance-api.service") - api.when("was taken out", "attendance-registration.service")
    tell(waited >= PROXY_SECONDS, f"the API takes requests for {waited:.0f} s more, until the proxy must know")


def tell_of_cloud(cloud):
    wrong = [line for line in cloud.requests() if line["status"] in (401, 403, 500) or "AccessDenied" in line["text"]]
    tell(not wrong, f"every request of {len(cloud.requests())} was signed as it must be and within the machine's rights{': ' + str(wrong[:3]) if wrong else ''}")
    if cloud.kind == "aws":
        streams = {"api/i-api", "edge/i-edge", "migrate/i-migrate"}

        def lines():
            return read_lines(cloud.folder / "logs.jsonl")
        until("the journals are shipped", lambda: {line["stream"] for line in lines()} >= streams, 60,
              lambda: f"{len(lines())} lines; {cloud.machines['api'].journal('attendance-logs.service')[-800:]}")
        from_api = [line for line in lines() if line.get("unit") == "attendance-api.service" and line.get("level")]
        tell(len(from_api) > 0, f"the journal is shipped with its fields, {len(lines())} lines")
        last = {"api": "stopping", "migrate": "The database has the schema"}
        lacking = [role for role, text in last.items() if not any(line["stream"] == f"{role}/i-{role}" and text in json.dumps(line) for line in lines())]
        tell(not lacking, f"what a machine says last is shipped before it is gone{': not of ' + ', '.join(lacking) if lacking else ''}")
        full = {line["stream"] for line in lines() if line.get("metric") == "disk_used_percent" and 0 < line["value"] < 100}
        tell(full >= streams, "every machine tells how full its disk is")
    keys = [(cloud.folder / "secrets" / name).read_text() for name in ("master", "audit")]
    written = "".join(machine.journal() + machine.console() for machine in cloud.machines.values())
    tell(not any(key in written for key in keys) and "secret/of+" not in written, "no key and no credential is in a journal")


def tell_of_cloud_init(machine):
    told = json.loads(machine.inside("cloud-init", "status", "--format=json", "--wait"))
    tell(told["status"] == "done" and not told.get("errors"), f"cloud-init on {machine.role} is done without an error{': ' + str(told) if told.get('errors') else ''}")


def story(kind, release, texts, base):
    cloud = Cloud(kind, release, base)
    began = time.monotonic()
    try:
        cloud.build()
        good = release["archive"].read_bytes(), Path(f"{release['archive']}.sig").read_bytes()
        api = Machine(cloud, "api", texts["api"])
        tell_of_api(cloud, api, good)
        tell_of_cloud_init(api)
        edge = Machine(cloud, "edge", texts["edge"])
        cloud.begin_database()
        cloud.secret("admin", json.dumps({"username": "admin", "password": "not asked for"}))
        until("the API tries without a schema", lambda: re.search("schema is not there|does not exist", api.journal("attendance-api.service")), 120,
              lambda: api.journal("attendance-api.service")[-800:])
        tell(not cloud.registered(), "before roles and schema are there the API says so and takes no requests")
        migrate = Machine(cloud, "migrate", texts["migrate"])
        tell_of_migration(cloud, migrate)
        tell_of_running(cloud, api, edge)
        tell_of_cloud_init(edge)
        tell_of_units(api, ["attendance-api.service", "attendance-recognizer.service", "attendance-registration.service", "attendance-secrets.service"])
        tell_of_units(edge, ["caddy.service", *(["attendance-logs.service"] if kind == "aws" else [])])
        tell_of_stopping(cloud, api)
        tell_of_cloud(cloud)
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        tell(False, f"{kind}: broke off: {error}")
    finally:
        cloud.end()
    print(f"   {kind}: {time.monotonic() - began:.0f} s")


# --- what needs no machine ---


def tell_of_rendering(texts, base, folder):
    for (cloud, role), text in texts.items():
        data = folder / "user-data"
        data.write_text(text)
        shutil.copy(data, base / "run/user-data")
        done = subprocess.run(["chroot", base, "cloud-init", "schema", "--config-file", "/run/user-data"], capture_output=True, text=True, check=False)
        well = done.returncode == 0 and "Valid" in done.stdout and len(text.encode()) < MOST_USER_DATA
        tell(well, f"user data of {role} on {cloud} fits cloud-init's schema, {len(text.encode())} bytes{'' if well else ': ' + done.stderr + done.stdout}")
    (base / "run/user-data").unlink()


def main():
    clouds = sys.argv[1:] or ["aws", "azure"]
    if not set(clouds) <= {"aws", "azure"}:
        sys.exit(__doc__)
    check_means()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="attendance-machine-"))
    try:
        tell_of_looks()
        tell_of_neighbours()
        tell_of_the_disk(folder)
        release = make_release(folder)
        releases = {cloud: release if cloud == "aws" else without_preparing(release, folder) for cloud in clouds}
        texts = {(cloud, role): render(cloud, role, releases[cloud], folder) for cloud in clouds for role in ROLES}
        base = image(set.union(*map(packages_of, texts.values())))
        tell_of_rendering(texts, base, folder)
        for cloud in clouds:
            story(cloud, releases[cloud], {role: texts[cloud, role] for role in ROLES}, base)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    end()


main()
