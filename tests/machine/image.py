"""Stock Debian 12 as the clouds begin with it: made once by debootstrap, kept in the cache. The packages that
terraform/cloud-init names lie in it as files, so that cloud-init installs them for real without a network."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "attendance"
# What Debian's images for clouds have beyond the smallest system, as far as it matters here.
STOCK = ["systemd", "systemd-sysv", "dbus", "udev", "python3", "cloud-init", "iproute2", "libpam-systemd"]


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


def image(packages):
    """The folder of the system; `packages` are what cloud-init will install."""
    CACHE.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(Path(__file__).read_bytes() + json.dumps(sorted(packages)).encode()).hexdigest()[:12]
    folder = CACHE / f"machine-{name}"
    with open(CACHE / "machine.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            print("   making Debian 12 once (a minute or two)", flush=True)
            fresh = folder.with_name(folder.name + ".new")
            shutil.rmtree(fresh, ignore_errors=True)
            run("debootstrap", "--variant=minbase", "bookworm", fresh)
            # By apt and not by debootstrap, which does not know virtual packages.
            install = ["chroot", fresh, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "apt-get", "--quiet", "--yes",
                       "--no-install-recommends", "install"]
            run(*install, *STOCK)
            run(*install, "--download-only", *sorted(packages))
            prepare(fresh)
            fresh.rename(folder)
    return folder


def prepare(root):
    # The network stands before the machine starts, as this test makes it.
    write(root / "etc/cloud/cloud.cfg.d/99-test.cfg", "datasource_list: [NoCloud]\nnetwork: {config: disabled}\nlocale: false\n")
    # A machine's packages come without what is merely recommended only where apt is told so; keep what was fetched.
    write(root / "etc/apt/apt.conf.d/99-test", 'APT::Install-Recommends "false";\nAPT::Keep-Downloaded-Packages "true";\n'
          'Acquire::Retries "0";\n')
    for unit in ("systemd-resolved", "systemd-timesyncd", "apt-daily.timer", "apt-daily-upgrade.timer"):
        link = root / "etc/systemd/system" / (unit if "." in unit else unit + ".service")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    (root / "etc/machine-id").write_text("")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
