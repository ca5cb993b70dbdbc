"""What of deploy/lib/machine can be tried without a machine."""

import os
import signal
import sys
from pathlib import Path
from unittest import mock

from image import run
from machines import ZONE
from telling import tell

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "deploy/lib"))
from machine import disks, registration  # noqa: E402

SILENT = {"say": lambda text: None}


def tell_of_looks():
    """When a machine goes in and out, by what its API, its recognizer and another machine's API answer at each look."""

    class Register:
        def __init__(self, looks):
            self.looks, self.done = list(looks), []

        def answers(self, url):
            own, recognizer, other = self.looks[0]
            return {f"http://127.0.0.1:{registration.API_PORT}/readyz": own, f"http://10.0.0.2:{registration.API_PORT}/readyz": other,
                    f"http://127.0.0.1:{registration.RECOGNIZER_PORT}/readyz": recognizer}[url]

        def address(self):
            return "10.0.0.1"

        def registered(self):
            return {"10.0.0.1": "1", "10.0.0.2": "2"}

        def register(self, address):
            self.done.append(f"{address} in")

        def deregister(self, address):
            self.done.append(f"{address} out")

        def launched(self):
            self.done.append("launched")

        def ending(self):
            self.done.append("look")
            self.looks.pop(0)
            return not self.looks

    def done(*looks):
        register = Register(looks)
        still = dict.fromkeys(["until_told", "leave", "look_at_neighbours"], lambda *_: None)
        with mock.patch.multiple(registration, answers=register.answers, **still, **SILENT):
            try:
                registration.register(register, f"api.{ZONE}")
            except SystemExit as end:
                register.done.append(end.code)
        return " ".join(map(str, register.done))

    before = signal.getsignal(signal.SIGTERM)
    good, blind, away, all_away = (1, 1, 1), (1, 0, 1), (0, 1, 1), (0, 1, 0)
    into = "look 10.0.0.1 in launched look"
    tell(done(good, good) == f"{into} 75", "a machine that is ready twice goes in")
    tell(done(blind, blind, blind, good) == "look look look 10.0.0.1 in launched look 75", "one without its recognizer waits for it")
    tell(done((1, 0, 0), (1, 0, 0), good) == "look 10.0.0.1 in look launched look 75", "but for where nobody else is ready")
    tell(done(good, good, away, away, away) == f"{into} look 10.0.0.1 out look look 75", "one that alone is not ready any more goes out")
    tell(done(good, good, *[all_away] * 4) == f"{into} look look look look 75", "none goes out for what all of them lack")
    signal.signal(signal.SIGTERM, before)


def tell_of_the_disk(folder):
    disk, calls, said = folder / "disk", [], []
    (folder / "units").mkdir(exist_ok=True)
    disk.touch()
    os.truncate(disk, 64 << 20)
    disks.UNITS, disks.systemctl, disks.say = folder / "units", lambda *arguments: calls.append(arguments[-1]), said.append
    disks.mount_certificates(str(disk))
    made = disk.read_bytes()
    disks.mount_certificates(str(disk))
    tell("ext4" in run("blkid", "--probe", disk) and made == disk.read_bytes(), "an empty disk of certificates gets a file system, once")
    unit = (folder / "units/var-lib-caddy.mount").read_text()
    tell(f"What={disk}\n" in unit and "Before=caddy.service" in unit and calls.count("var-lib-caddy.mount") == 2, "it is mounted before Caddy starts")
    disks.ATTACH_SECONDS = 0
    disks.mount_certificates("/dev/nothing")
    tell(len(said) == 1 and "was not attached" in said[0], "an edge whose disk does not come says so and goes on")
    disk.unlink()


def tell_of_neighbours():
    """An API machine that was lost without a word is taken out after some rounds, one that answers stays."""

    class Register:
        def __init__(self):
            self.addresses = {"10.0.0.1", "10.0.0.2", "10.0.0.3"}

        def registered(self):
            return {address: address for address in self.addresses}

        def deregister(self, address):
            self.addresses.discard(address)

    register, misses = Register(), {}
    sizes = []
    with mock.patch.multiple(registration, reachable=lambda address: address != "10.0.0.3", **SILENT):
        for _ in range(registration.MISSES):
            registration.look_at_neighbours(register, "10.0.0.1", misses)
            sizes.append(len(register.addresses))
    tell(sizes == [3] * (registration.MISSES - 1) + [2] and "10.0.0.3" not in register.addresses, "a neighbour that is lost without a word is taken out, and no sooner")
