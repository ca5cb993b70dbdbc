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
import importlib.machinery
import importlib.util
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
from image import image, run, write  # noqa: E402

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TEMPLATE = ROOT / "terraform/cloud-init/machine.yaml.tftpl"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
TOOLS = ["ip", "terraform", "debootstrap", "systemd-nspawn", "openssl", "nsenter", "journalctl", "mount", "curl"]
ROLES = ["edge", "api", "migrate"]
ADDRESS = "10.99.0.1"
ADDRESSES = {"edge": "10.99.0.11", "api": "10.99.0.12", "migrate": "10.99.0.13"}
DOMAIN, ZONE, REGION = "attendance.test", "attendance.internal", "eu-central-1"
DATABASE = {"aws": f"attendance.abc.{REGION}.rds.amazonaws.com", "azure": "attendance.postgres.database.azure.com"}
ARCHIVE = "attendance-{}-x86_64-linux.tar.gz"
# AWS takes no more than this of user data.
MOST_USER_DATA = 16384
# How much of what systemd can take from a service is left to it: its own measure, of 10.
MOST_EXPOSURE = 2.5

failures = 0


def tell(well, text):
    global failures
    failures += not well
    print(f"{'ok' if well else 'not ok'} {text}", flush=True)
    return well


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


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
    """The real archive. Until the program can prepare a database, one that leaves that out stands in its place."""
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", folder / "release.key")
    out = folder / "release"
    run(ROOT / "scripts/release.sh", out, env=os.environ | {"RELEASE_KEY": str(folder / "release.key")})
    archive = next(path for path in out.glob("attendance-[0-9]*.tar.gz"))
    version = archive.name.split("-")[1]
    knows = subprocess.run([TARGET / "release/attendance", "database", "prepare", "--help"], capture_output=True, check=False).returncode == 0
    if not knows:
        print("   the program has no `database prepare`: the roles are made by this test")
        run("tar", "-xzf", archive, "-C", folder)
        program = folder / f"attendance-{version}/bin/attendance"
        program.rename(program.with_name("attendance.real"))
        program.write_text('#!/bin/sh\n[ "$1" != database ] || exit 0\nexec "$0.real" "$@"\n')
        program.chmod(0o755)
        run("tar", "-czf", archive, "-C", folder, f"attendance-{version}")
        run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", folder / "release.key", "-in", archive, "-out", f"{archive}.sig")
    return {"version": version, "archive": archive, "sha256": run("sha256sum", archive).split()[0], "prepares": knows,
            "public_key": run("openssl", "pkey", "-in", folder / "release.key", "-pubout")}


# --- the cloud around the machines ---


class Cloud:
    def __init__(self, kind, release, base):
        self.kind, self.release, self.base = kind, release, base
        self.folder = Path(tempfile.mkdtemp(prefix=f"attendance-{kind}-"))
        self.folder.chmod(0o711)
        self.space = f"attcloud-{os.getpid()}"
        self.machines, self.processes = {}, []

    def inside(self, *command):
        return ["ip", "netns", "exec", self.space, *map(str, command)]

    def build(self):
        run("ip", "netns", "add", self.space)
        for command in ("link set lo up", "link add bridge type bridge", f"address add {ADDRESS}/24 dev bridge",
                        "address add 169.254.169.254/32 dev bridge", "link set bridge up"):
            run("ip", "-n", self.space, *command.split())
        (self.folder / "bucket/releases").mkdir(parents=True)
        (self.folder / "secrets").mkdir()
        self.certificates()
        given = {"cloud": self.kind, "region": REGION, "address": ADDRESS, "zone": ZONE,
                 "machines": {address: role for role, address in ADDRESSES.items()}}
        (self.folder / "cloud.json").write_text(json.dumps(given))
        self.start("cloud", sys.executable, HERE / "cloud.py", self.folder)
        until("the cloud", (self.folder / "ready").exists, 20)

    def certificates(self):
        folder, key = self.folder, ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        run("openssl", "req", "-x509", *key, "-days", "2", "-subj", "/CN=test authority", "-keyout", folder / "ca.key", "-out", folder / "ca.pem",
            "-addext", "keyUsage=critical,keyCertSign")
        names = ["truststore.pki.rds.amazonaws.com", f"*.{REGION}.amazonaws.com", f"store.s3.{REGION}.amazonaws.com",
                 "store.blob.core.windows.net", "vault.vault.azure.net", "management.azure.com", DATABASE[self.kind]]
        write(folder / "names", f"basicConstraints=CA:FALSE\nsubjectAltName={','.join('DNS:' + name for name in names)}\n")
        run("openssl", "req", *key, "-subj", "/CN=cloud", "-keyout", folder / "server.key", "-out", folder / "request")
        run("openssl", "x509", "-req", "-in", folder / "request", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", folder / "names", "-out", folder / "server.pem")

    def start(self, name, *command):
        with open(self.folder / f"{name}.log", "ab") as log:
            process = subprocess.Popen(self.inside("setpriv", "--pdeathsig", "TERM", *command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
        self.processes.append((name, process))

    def begin_database(self):
        """Roles without passwords behind TLS: who signs in how is the program's matter."""
        folder, owner = self.folder / "database", pwd.getpwnam("postgres")
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))[-1]
        folder.mkdir(mode=0o700)
        for name in ("server.key", "server.pem"):
            shutil.copy(self.folder / name, folder / name)
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
            os.chmod(folder / name, 0o600)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        user = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        data = folder / "data"
        run(*user, f"{programs}/initdb", f"--pgdata={data}", "--username=admin", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
            "--no-sync", "--no-instructions", cwd="/")
        (data / "pg_hba.conf").write_text("local all all trust\nhostssl all all 10.99.0.0/24 trust\n")
        roles = "CREATE ROLE rds_iam;\n"
        if not self.release["prepares"]:
            roles += ("CREATE ROLE attendance_owner LOGIN CREATEROLE;\nCREATE DATABASE attendance OWNER attendance_owner;\n"
                      "SET ROLE attendance_owner;\nCREATE ROLE attendance_app LOGIN;\nGRANT CONNECT ON DATABASE attendance TO attendance_app;\n")
        # One statement a line for the server's single-user mode.
        run(*user, f"{programs}/postgres", "--single", "-D", data, "postgres", input=roles, cwd="/")
        options = {"listen_addresses": ADDRESS, "unix_socket_directories": folder, "ssl": "on", "ssl_cert_file": folder / "server.pem",
                   "ssl_key_file": folder / "server.key", "fsync": "off"}
        self.start("database", *user[:-1], "--clear-groups", f"{programs}/postgres", "-D", data,
                   *[part for name, value in options.items() for part in ("-c", f"{name}={value}")])

    def store(self, archive, signature):
        bucket, name = self.folder / "bucket/releases", ARCHIVE.format(self.release["version"])
        (bucket / name).write_bytes(archive)
        (bucket / f"{name}.sig").write_bytes(signature)

    def secret(self, name, text):
        (self.folder / "secrets" / name).write_text(text)

    def requests(self, **wanted):
        path = self.folder / "requests.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if all(line[name] == value for name, value in wanted.items())]

    def registered(self):
        path = self.folder / "register.json"
        return json.loads(path.read_text()) if path.exists() else []

    def end(self):
        for machine in self.machines.values():
            machine.end()
        for name, process in reversed(self.processes):
            process.send_signal(signal.SIGINT if name == "database" else signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        subprocess.run(["ip", "netns", "delete", self.space], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Machine:
    """One that boots with the user data of its role."""

    def __init__(self, cloud, role, user_data):
        self.cloud, self.role = cloud, role
        self.folder = cloud.folder / role
        self.root = self.folder / "root"
        self.space = f"attmachine-{os.getpid()}-{role}"
        for name in ("upper", "work", "root"):
            (self.folder / name).mkdir(parents=True)
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={cloud.base},upperdir={self.folder}/upper,workdir={self.folder}/work", self.root)
        cloud.machines[role] = self
        seed = self.root / "var/lib/cloud/seed/nocloud"
        write(seed / "user-data", user_data)
        write(seed / "meta-data", f"instance-id: {role}\nlocal-hostname: {role}\n")
        # The cloud's certificates are of an authority that every system trusts.
        write(self.root / "usr/local/share/ca-certificates/cloud.crt", (cloud.folder / "ca.pem").read_text())
        (self.root / "etc/resolv.conf").unlink(missing_ok=True)
        write(self.root / "etc/resolv.conf", f"nameserver {ADDRESS}\noptions timeout:2\n")
        self.network()
        self.boot()

    def network(self):
        run("ip", "netns", "add", self.space)
        run("ip", "link", "add", self.role, "netns", self.cloud.space, "type", "veth", "peer", "name", "eth0", "netns", self.space)
        run("ip", "-n", self.cloud.space, "link", "set", self.role, "master", "bridge", "up")
        for command in ("link set lo up", f"address add {ADDRESSES[self.role]}/24 dev eth0", "link set eth0 up", "route add 169.254.169.254/32 dev eth0"):
            run("ip", "-n", self.space, *command.split())

    def boot(self):
        with open(self.folder / "console", "ab") as console:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", f"--directory={self.root}",
                 f"--network-namespace-path=/run/netns/{self.space}", f"--machine={self.space}", "--console=read-only", "--resolv-conf=off",
                 "--timezone=off", "--rlimit=RLIMIT_NOFILE=1048576"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console)

    def command(self, *command):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children:
            raise RuntimeError(f"{self.role} does not run: {self.console()[-300:]}")
        return ["nsenter", f"--target={children[0]}", "--all", "--", *map(str, command)]

    def inside(self, *command):
        return run(*self.command(*command))

    def works(self, *command):
        return subprocess.run(self.command(*command), capture_output=True, check=False).returncode == 0

    def journal(self, unit=None):
        folder = next(iter(sorted((self.root / "var/log/journal").glob("*"))), None)
        command = ["journalctl", "--output=cat", "--no-pager", "--quiet", f"--directory={folder}", *([f"--unit={unit}"] if unit else [])]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout if folder else ""

    def console(self):
        return (self.folder / "console").read_text("utf-8", "replace")

    def says(self, text, seconds=180, unit=None):
        return until(f"{self.role} says {text!r}", lambda: text in self.journal(unit), seconds, lambda: self.journal()[-1500:])

    def restart_fetch(self):
        self.inside("systemctl", "start", "--no-block", "attendance-fetch.service")

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        subprocess.run(["umount", self.root], check=False)
        subprocess.run(["ip", "netns", "delete", self.space], check=False)


def until(what, ready, seconds, more=lambda: ""):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds} s in vain: {what}\n{more()}")
        time.sleep(0.3)
    return True


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


def tell_of_migration(cloud, api, migrate, started):
    if started:
        until("the API tries without a schema", lambda: api.journal("attendance-api.service").count("relation") > 0, 90, lambda: api.journal("attendance-api.service")[-800:])
        tell(not cloud.registered(), "before the schema is there the API says so and takes no requests")
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
        tell(exposure <= MOST_EXPOSURE and "active" in state, f"{unit} runs, exposed {exposure} of 10 (at most {MOST_EXPOSURE})")
    wrong = subprocess.run(machine.command("systemd-analyze", "verify", *units), capture_output=True, text=True, check=False).stderr
    tell("attendance" not in wrong, f"systemd has nothing to say against the units of {machine.role}{': ' + wrong if 'attendance' in wrong else ''}")


def tell_of_stopping(cloud, api):
    api.inside("systemctl", "stop", "attendance-api.service")
    journal = api.journal()
    out, stopping = journal.rfind("was taken out"), journal.rfind('"stopping"')
    tell(ADDRESSES["api"] not in cloud.registered() and 0 < out < stopping, "a machine that stops is taken out first, and then stops the API")


def tell_of_cloud(cloud):
    wrong = [line for line in cloud.requests() if line["status"] in (401, 403, 500) or "AccessDenied" in line["text"]]
    tell(not wrong, f"every request of {len(cloud.requests())} was signed as it must be and within the machine's rights{': ' + str(wrong[:3]) if wrong else ''}")
    if cloud.kind == "aws":
        logs = [json.loads(line) for line in (cloud.folder / "logs.jsonl").read_text().splitlines()]
        from_api = [line for line in logs if line.get("unit") == "attendance-api.service" and line.get("level")]
        tell(from_api and {line["stream"] for line in logs} >= {"api/i-api", "edge/i-edge"}, f"the journal is shipped with its fields, {len(logs)} lines")
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
        if not release["prepares"]:
            until("the API tries without a schema", lambda: "does not exist" in api.journal("attendance-api.service"), 120, lambda: api.journal("attendance-api.service")[-800:])
            tell(not cloud.registered(), "before the schema is there the API says so and takes no requests")
        migrate = Machine(cloud, "migrate", texts["migrate"])
        tell_of_migration(cloud, api, migrate, False)
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


def tell_of_neighbours():
    """An API machine that was lost without a word is taken out after four rounds, one that answers stays."""
    path = ROOT / "deploy/bin/attendance-machine"
    loader = importlib.machinery.SourceFileLoader("attendance_machine", str(path))
    program = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(program)

    class Register:
        def __init__(self):
            self.addresses = {"10.0.0.1", "10.0.0.2", "10.0.0.3"}

        def registered(self):
            return {address: address for address in self.addresses}

        def deregister(self, address):
            self.addresses.discard(address)

    register, misses = Register(), {}
    program.reachable = lambda address: address != "10.0.0.3"
    program.say = lambda text: None
    sizes = []
    for _ in range(program.MISSES):
        program.look_at_neighbours(register, "10.0.0.1", misses)
        sizes.append(len(register.addresses))
    tell(sizes == [3] * (program.MISSES - 1) + [2] and "10.0.0.3" not in register.addresses, "a neighbour that is lost without a word is taken out, and no sooner")


def main():
    clouds = sys.argv[1:] or ["aws", "azure"]
    if not set(clouds) <= {"aws", "azure"}:
        sys.exit(__doc__)
    check_means()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="attendance-machine-"))
    try:
        tell_of_neighbours()
        release = make_release(folder)
        texts = {(cloud, role): render(cloud, role, release, folder) for cloud in clouds for role in ROLES}
        base = image(set.union(*map(packages_of, texts.values())))
        tell_of_rendering(texts, base, folder)
        for cloud in clouds:
            story(cloud, release, {role: texts[cloud, role] for role in ROLES}, base)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"not ok: {failures} failures" if failures else "all ok")
    sys.exit(1 if failures else 0)


main()
