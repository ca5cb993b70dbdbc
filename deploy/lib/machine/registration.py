"""The register of API machines: when this machine goes among those that the proxy asks, and how it leaves them."""

import signal
import socket
import sys
import time

from machine.web import Refused, Unreachable, answers, persist, say, until_told

API_PORT = 8080
RECOGNIZER_PORT = 8081
# Looks at the own API.
LOOK_SECONDS = 5
# A cloud takes a minute at most until its DNS knows that an address was taken out. A resolver may say the old for five seconds
# more, and so may the proxy, which asks every five: then nothing new comes.
NAME_SECONDS = 60
DRAIN_SECONDS = 12
# A register that refuses is asked for so long to take the machine out.
LEAVE_SECONDS = 20
# Every so many looks the machine puts itself in anew, should somebody have taken it out, and looks at its neighbours.
ROUND = 3
# A neighbour that misses this many rounds is gone without a word.
MISSES = 3
# The cloud ends this machine: attendance-registration.service switches it off in order.
ENDING = 75


def reachable(address):
    try:
        socket.create_connection((address, API_PORT), timeout=2).close()
        return True
    except OSError:
        return False


def another_is_ready(cloud, own):
    return any(answers(f"http://{address}:{API_PORT}/readyz") for address in cloud.registered() if address != own)


def register(cloud, name):
    """Runs until it is told to stop, and takes the machine out then, before the API is stopped."""
    address = persist("The machine's own address", cloud.address)
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    hits, misses, misses_of, looks, inside, launched = 0, 0, {}, 0, False, False
    while not stopping:
        healthy = answers(f"http://127.0.0.1:{API_PORT}/readyz")
        hits, misses = (hits + 1, 0) if healthy else (0, misses + 1)
        recognizes = not launched and answers(f"http://127.0.0.1:{RECOGNIZER_PORT}/readyz")
        try:
            # Whether the API has its gallery shows once it knows the recognizer: one good look may be too early. A machine
            # that cannot recognize is better than none.
            if hits >= 2 and not inside and (recognizes or launched or not another_is_ready(cloud, address)):
                cloud.register(address)
                inside = True
                say(f"{address} is healthy and takes requests")
            elif healthy and inside and looks % ROUND == 0:
                cloud.register(address)
            # Where no other one is ready either, the fault is in what they share, as the database, and nothing is gained.
            elif inside and misses >= 2 and another_is_ready(cloud, address):
                cloud.deregister(address)
                inside = False
                say(f"{address} is not healthy and takes no more requests")
            if inside and recognizes:
                cloud.launched()
                launched = True
            if inside and looks % ROUND == 0:
                look_at_neighbours(cloud, address, misses_of)
        except (Refused, Unreachable, ValueError, LookupError) as error:
            say(f"The register of API machines: {error!r}; trying again in {LOOK_SECONDS} s")
        looks += 1
        if cloud.ending():
            say("The cloud ends this machine")
            leave(cloud, name, address, inside)
            sys.exit(ENDING)
        until_told(stopping, LOOK_SECONDS)
    leave(cloud, name, address, inside)


def look_at_neighbours(cloud, own, misses_of):
    """A machine that was lost could not take itself out, so the others do it; one that only was away comes back."""
    known = set(cloud.registered()) - {own}
    for gone in set(misses_of) - known:
        del misses_of[gone]
    for address in known:
        misses_of[address] = 0 if reachable(address) else misses_of.get(address, 0) + 1
        if misses_of[address] >= MISSES:
            cloud.deregister(address)
            say(f"{address} does not answer any more and was taken out")


def leave(cloud, name, address, inside):
    """Takes the machine out, and returns when the proxy sends nothing more here."""
    was_named = named(name, address)
    take_out(cloud, address)
    end = time.monotonic() + NAME_SECONDS
    while named(name, address) and time.monotonic() < end:
        time.sleep(1)
    if inside or was_named:
        time.sleep(DRAIN_SECONDS)


def named(name, address):
    """Whether DNS has the address under the name; where nobody answers, it may."""
    try:
        return address in {found[4][0] for found in socket.getaddrinfo(name, API_PORT, socket.AF_INET, socket.SOCK_STREAM)}
    except socket.gaierror as error:
        return error.errno not in (socket.EAI_NONAME, socket.EAI_NODATA)


def take_out(cloud, address):
    end = time.monotonic() + LEAVE_SECONDS
    while True:
        try:
            cloud.deregister(address)
            return say(f"{address} was taken out")
        except (Refused, Unreachable, ValueError, LookupError) as error:
            if time.monotonic() > end:
                return say(f"{address} could not be taken out: {error}; the others will do it")
        time.sleep(2)
