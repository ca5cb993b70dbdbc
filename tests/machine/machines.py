"""A cloud around machines: cloud.py and PostgreSQL in a namespace of their own, and machines that boot with the user data of
their roles, each in its own namespace on the same wire."""

import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from image import run, write

HERE = Path(__file__).resolve().parent
ADDRESS = "10.99.0.1"
ADDRESSES = {"edge": "10.99.0.11", "api": "10.99.0.12", "migrate": "10.99.0.13"}
DOMAIN, ZONE, REGION = "attendance.test", "attendance.internal", "eu-central-1"
DATABASE = {"aws": f"attendance.abc.{REGION}.rds.amazonaws.com", "azure": "attendance.postgres.database.azure.com"}
ARCHIVE = "attendance-{}-x86_64-linux.tar.gz"


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
        return [line for line in read_lines(self.folder / "requests.jsonl") if all(line[name] == value for name, value in wanted.items())]

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
        if (self.root / "usr/sbin/update-ca-certificates").exists():  # else the package does that when it comes
            run("chroot", self.root, "update-ca-certificates")
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

    def when(self, text, unit):
        """The time of a unit's last line that holds the text."""
        lines = [json.loads(line) for line in self.journal(unit, "json").splitlines()]
        return max(int(line["__REALTIME_TIMESTAMP"]) for line in lines if text in line["MESSAGE"]) / 1e6

    def journal(self, unit=None, output="cat"):
        folder = next(iter(sorted((self.root / "var/log/journal").glob("*"))), None)
        command = ["journalctl", f"--output={output}", "--no-pager", "--quiet", f"--directory={folder}", *([f"--unit={unit}"] if unit else [])]
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


def read_lines(path):
    """Objects of a file that is being written to."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def until(what, ready, seconds, more=lambda: ""):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds} s in vain: {what}\n{more()}")
        time.sleep(0.3)
    return True
