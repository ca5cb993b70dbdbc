"""The real programs inside the namespaces: PostgreSQL with TLS, two API machines with a recognizer each, Caddy."""

import glob
import os
import pwd
import secrets
import shutil
import subprocess
import time
from pathlib import Path

import topology

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "attendance"
RUNTIME = Path(os.environ.get("RECOGNIZER_ORT") or CACHE / "onnxruntime/libonnxruntime.so.1.31.1")
PACK = Path(os.environ.get("RECOGNIZER_PACK") or TARGET / "packs/default")
PAGE = Path(os.environ.get("ATTENDANCE_PAGE") or ROOT / "frontend/dist")
DOMAIN = "attendance.test"
ZONE = "attendance.internal"
DATABASE = f"database.{ZONE}"
REPLICA = f"replica.{ZONE}"


def needed():
    """Files that have to be built before."""
    programs = [TARGET / "release/attendance", TARGET / "release/recognizer", RUNTIME, PACK / "pack.toml", PAGE / "index.html"]
    return [str(path) for path in programs if not path.exists()]


def postgres_folder():
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    return folders[-1] if folders else None


class Services:
    def __init__(self, network, folder):
        self.network = network
        self.folder = folder
        self.running = []
        self.passwords = {role: secrets.token_hex(16) for role in ("super", "owner", "app", "stats")}

    def start(self, machine, name, *command, env=None, uid=None):
        """A program in a machine's namespace; the kernel ends it with this one."""
        as_user = [f"--reuid={uid}", f"--regid={pwd.getpwuid(uid).pw_gid}", "--clear-groups"] if uid else []
        with open(self.folder / f"{machine}-{name}.log", "ab") as log:
            process = subprocess.Popen(
                self.network.command(machine, "setpriv", *as_user, "--pdeathsig", "TERM", *map(str, command)),
                env=os.environ | {"NO_COLOR": "1"} | (env or {}), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
        process.what = f"{machine}-{name}"
        self.running.append(process)
        return process

    def until(self, what, ready, seconds=30):
        until = time.monotonic() + seconds
        while not ready():
            for process in self.running:
                if process.poll() is not None:
                    raise RuntimeError(f"{process.what} ended with {process.returncode}:\n{self.tail(process.what)}")
            if time.monotonic() > until:
                raise RuntimeError(f"{what} was not ready after {seconds} s")
            time.sleep(0.1)

    def tail(self, what):
        return "\n".join((self.folder / f"{what}.log").read_text("utf-8", "replace").splitlines()[-15:])

    def answers(self, machine, url):
        command = ["curl", "--silent", "--fail", "--noproxy", "*", "--max-time", "2", "--output", "/dev/null", url]
        return subprocess.run(self.network.command(machine, *command), check=False).returncode == 0

    # --- database ---

    def begin_database(self):
        folder, owner = self.folder / "database", pwd.getpwnam("postgres")
        folder.mkdir(mode=0o700)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        self.certificate(folder, owner)
        (folder / "password").write_text(self.passwords["super"])
        os.chown(folder / "password", owner.pw_uid, owner.pw_gid)
        as_owner = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        data = folder / "data"
        topology.run(*as_owner, f"{postgres_folder()}/initdb", f"--pgdata={data}", "--username=super",
                     f"--pwfile={folder}/password", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
                     "--no-sync", "--no-instructions", cwd="/")
        # TLS alone, as on a managed server.
        (data / "pg_hba.conf").write_text("hostssl all,replication all all scram-sha-256\n")
        self.begin_postgres("postgres", data, topology.BY_NAME["database"].address)

    def begin_postgres(self, name, data, address):
        folder, owner = self.folder / "database", pwd.getpwnam("postgres")
        settings = {"listen_addresses": address, "unix_socket_directories": "", "ssl": "on",
                    "ssl_cert_file": folder / "server.crt", "ssl_key_file": folder / "server.key", "fsync": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self.start("database", name, f"{postgres_folder()}/postgres", "-D", data, *options,
                          env={"HOME": str(folder)}, uid=owner.pw_uid)

    def certificate(self, folder, owner):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        topology.run("openssl", "req", "-x509", *key, "-days", "2", "-subj", f"/CN={DATABASE}", "-addext",
                     f"subjectAltName=DNS:{DATABASE},DNS:{REPLICA}", "-keyout", str(folder / "server.key"), "-out", str(folder / "server.crt"))
        for name in ("server.key", "server.crt"):
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
        os.chmod(folder / "server.key", 0o600)
        shutil.copy(folder / "server.crt", self.folder / "database-ca.pem")

    def database_url(self, role, database="attendance", host=DATABASE):
        user = role if role == "super" else f"attendance_{role}"
        ca = self.folder / "database-ca.pem"
        return f"postgresql://{user}:{self.passwords[role]}@{host}/{database}?sslmode=verify-full&sslrootcert={ca}"

    def sql(self, machine, role, text, database="attendance", host=DATABASE):
        command = ["psql", self.database_url(role, database, host), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
                   "--set=ON_ERROR_STOP=1", "--file=-"]
        return topology.run(*self.network.command(machine, *command), input=text, env=os.environ | {"PGCONNECT_TIMEOUT": "5"}).strip()

    def migrate(self):
        """From the machine that is there for it; first as the managed server's administrator."""
        self.until("the database", lambda: self.database_answers("migrate"))
        words = self.passwords
        self.sql("migrate", "super", f"""
            CREATE ROLE attendance_owner LOGIN CREATEROLE PASSWORD '{words["owner"]}';
            CREATE DATABASE attendance OWNER attendance_owner;
            REVOKE ALL ON DATABASE attendance FROM PUBLIC;
            SET ROLE attendance_owner;
            CREATE ROLE attendance_app LOGIN PASSWORD '{words["app"]}';
            CREATE ROLE attendance_stats LOGIN PASSWORD '{words["stats"]}';
            GRANT CONNECT ON DATABASE attendance TO attendance_app, attendance_stats;""", database="postgres")
        self.network.inside("migrate", str(TARGET / "release/attendance"), "migrate",
                            env=os.environ | {"DATABASE_OWNER_URL": self.database_url("owner")})

    def database_answers(self, machine):
        try:
            return self.sql(machine, "super", "SELECT 1", database="postgres") == "1"
        except RuntimeError:
            return False

    # --- API machines and the proxy ---

    def begin_recognizer(self, machine):
        self.start(machine, "recognizer", TARGET / "release/recognizer", "serve", env={
            "RECOGNIZER_PACK": str(PACK), "RECOGNIZER_ORT": str(RUNTIME), "RECOGNIZER_WORKERS": "1"})

    def begin_api(self, machine, program=TARGET / "release/attendance", more=None):
        data = self.folder / machine
        address = topology.BY_NAME[machine].address
        return self.start(machine, "api", program, "serve", env={
            "DATABASE_URL": self.database_url("app"), "ATTENDANCE_DATA": str(data), "ATTENDANCE_HOST": "0.0.0.0",
            "ATTENDANCE_MASTER_KEY_FILE": str(self.folder / "keys/master.key"),
            "ATTENDANCE_STORAGE": f"file:{self.folder}/objects", "ATTENDANCE_PUBLIC_URL": f"https://{DOMAIN}",
            "ATTENDANCE_PEER_URL": f"http://{address}:8080", "ATTENDANCE_TRUSTED_PROXIES": topology.BY_NAME["edge"].address,
            "RUST_LOG": "warn"} | (more or {}))

    def begin_edge(self):
        # Caddy keeps its own certificate authority in its data folder.
        self.start("edge", "caddy", "caddy", "run", "--config", ROOT / "deploy/Caddyfile", "--adapter", "caddyfile", env={
            "DOMAIN": DOMAIN, "ACME_EMAIL": "internal", "INTERNAL_ZONE": ZONE, "PAGE": str(PAGE), "HOME": str(self.folder),
            "XDG_DATA_HOME": str(self.folder / "caddy"), "XDG_CONFIG_HOME": str(self.folder / "caddy-config")})

    def edge_authority(self):
        return self.folder / "caddy/caddy/pki/authorities/local/root.crt"

    def begin(self):
        """What takes a while and needs nobody else."""
        (self.folder / "keys").mkdir(mode=0o700)
        for machine in ("api1", "api2"):
            self.begin_recognizer(machine)
        self.begin_edge()
        self.begin_database()

    def complete(self):
        self.migrate()
        self.complete_apis()

    def complete_apis(self, **how):
        # One after the other: the first makes keys and first admin.
        for machine in ("api1", "api2"):
            self.begin_api(machine, **how)
            self.until(f"the API of {machine}", lambda machine=machine: self.answers(machine, "http://127.0.0.1:8080/readyz"))
        for machine in ("api1", "api2"):
            self.until(f"the recognizer of {machine}", lambda machine=machine: self.answers(machine, "http://127.0.0.1:8081/readyz"))
        self.until("the proxy", self.edge_authority().exists)

    def end(self):
        """In the order of their need: the proxy, the APIs, the recognizers, the database."""
        for process in reversed(self.running):
            if process.poll() is None:
                process.terminate() if "postgres" not in process.what else process.send_signal(2)
        for process in reversed(self.running):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running = []
