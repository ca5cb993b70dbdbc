"""Requests by curl, which signs for AWS and is on every machine. Credentials stand in no command line."""

import json
import os
import subprocess
import time


class Refused(Exception):
    """An answer that is no success, with its status and body."""

    def __init__(self, what, status, body):
        super().__init__(f"{what} answers {status}: {body[:300].decode('utf-8', 'replace').strip()}")
        self.status = status
        self.body = body


class Unreachable(Exception):
    """No answer at all."""


class Stopped(Exception):
    """Trying again does not help."""


def quoted(value):
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def request(method, url, headers=None, body=None, sign=None, output=None, direct=False, timeout=30):
    """Status, headers (lower case) and body. `sign` is (service, region, credentials) of AWS, `output` a file for the body."""
    lines = [f"url = {quoted(url)}", f"request = {quoted(method)}", f"max-time = {timeout}", "connect-timeout = 5"]
    lines += ["silent", "show-error", "dump-header = /dev/stderr"]
    headers = dict(headers or {})
    if direct:  # the machine's own metadata: never through a proxy
        lines.append('noproxy = "*"')
    if sign:
        service, region, credentials = sign
        lines.append(f"aws-sigv4 = {quoted(f'aws:amz:{region}:{service}')}")
        lines.append(f"user = {quoted(credentials['AccessKeyId'] + ':' + credentials['SecretAccessKey'])}")
        headers["x-amz-security-token"] = credentials["Token"]
    lines += [f"header = {quoted(f'{name}: {value}')}" for name, value in headers.items()]
    if body is not None:
        lines.append('data-binary = "@-"')
    if output:
        lines.append(f"output = {quoted(output)}")
    config = os.memfd_create("curl")
    try:
        os.write(config, "\n".join(lines).encode())
        command = ["curl", "--disable", "--config", f"/dev/fd/{config}"]
        done = subprocess.run(command, input=(body or "").encode(), capture_output=True, pass_fds=[config], check=False)
    finally:
        os.close(config)
    told = done.stderr.decode("utf-8", "replace").replace("\r", "")
    if done.returncode:
        reason = [line for line in told.splitlines() if line.startswith("curl:")] or [f"curl ended with {done.returncode}"]
        raise Unreachable(f"{url.split('?')[0]}: {reason[-1]}")
    answer = [block for block in told.split("\n\n") if block.startswith("HTTP/")][-1].splitlines()
    names = dict(line.split(": ", 1) for line in answer[1:] if ": " in line)
    return int(answer[0].split()[1]), {name.lower(): value for name, value in names.items()}, done.stdout


def fetch(method, url, **more):
    """Headers and body of a success; anything else is `Refused`."""
    status, headers, body = request(method, url, **more)
    if not 200 <= status < 300:
        raise Refused(url.split("?")[0], status, body)
    return headers, body


def fetch_json(method, url, **more):
    return json.loads(fetch(method, url, **more)[1] or b"{}")


def answers(url):
    """Whether a part of this machine, or another machine, says that it is well."""
    try:
        return request("GET", url, direct=True, timeout=4)[0] == 200
    except Unreachable:
        return False


def say(text):
    print(text, flush=True)


def persist(what, attempt, first=2, longest=30):
    """Tries until it works, saying each time why not; `Stopped` and what is wrong for good come through."""
    pause = first
    while True:
        try:
            return attempt()
        except (Refused, Unreachable, OSError, ValueError, LookupError) as error:  # the last two: an answer of another form
            say(f"{what}: {error or repr(error)}; trying again in {pause} s")
        time.sleep(pause)
        pause = min(pause * 2, longest)


def until_told(stopping, seconds):
    end = time.monotonic() + seconds
    while not stopping and time.monotonic() < end:
        time.sleep(0.1)
