"""Azure: the machine's identity by IMDS, Key Vault, the private DNS zone and the machine itself by ARM."""

import json
import os
import subprocess
import time
import urllib.parse

from machine.web import Refused, Unreachable, fetch, fetch_json, request, say

METADATA = "http://169.254.169.254/metadata"
MANAGEMENT = "https://management.azure.com"
DNS_VERSION = "2020-06-01"
COMPUTE_VERSION = "2024-07-01"
# Azure's guest agent, which a machine has wherever Azure itself made it, and the agent for logs that it installs.
GUEST_AGENT = "/var/lib/waagent"
LOG_AGENT = "azuremonitoragent.service"
AGENT_SECONDS = 600
# By then the agent has sent what the journal had, and has told Azure that it is there.
SEND_SECONDS = 120
# A role that was given a moment ago takes some minutes to count.
STOP_TRIES = 10
STOP_SECONDS = 30
# How often a change of the record set is tried anew when another machine was faster.
RACES = 20


class Cloud:
    sign_in = "azure"

    def __init__(self, settings):
        self.settings = settings

    def metadata(self, path, **query):
        url = f"{METADATA}/{path}?{urllib.parse.urlencode(query)}"
        return fetch_json("GET", url, headers={"Metadata": "true"}, direct=True, timeout=5)

    def bearer(self, resource):
        query = {"api-version": "2018-02-01", "resource": resource, "client_id": self.settings["CLIENT_ID"]}
        return {"Authorization": "Bearer " + self.metadata("identity/oauth2/token", **query)["access_token"]}

    def instance(self):
        return self.metadata("instance", **{"api-version": "2021-02-01"})

    def address(self):
        interface = self.instance()["network"]["interface"][0]
        return interface["ipv4"]["ipAddress"][0]["privateIpAddress"]

    def secret(self, name):
        """The secret's text, or None while it has no value yet; `name` is its address in the vault."""
        try:
            return fetch_json("GET", f"{name}?api-version=7.4", headers=self.bearer("https://vault.azure.net"))["value"]
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def admin_environment(self):
        """The server's Entra administrator is this machine's identity: there is no password."""
        return self.settings["DATABASE_ADMIN"], {}

    def prepare_arguments(self):
        arguments = ["--sign-in", "azure"]
        for role in ("owner", "app", "stats"):
            identity = self.settings.get(f"{role.upper()}_IDENTITY")
            if identity:
                arguments += ["--identity", f"{role}={identity}"]
        return arguments

    def database_authority(self):
        """The server's certificate is of an authority that every system trusts."""
        return None

    def environment(self):
        return {
            "AZURE_CLIENT_ID": self.settings["CLIENT_ID"],
            "AZURE_STORAGE_ACCOUNT_NAME": self.settings["STORAGE_ACCOUNT"],
            "ATTENDANCE_STORAGE": f"az://{self.settings['BUCKET']}/photos",
        }

    def record_set(self):
        """Addresses under `api` and the set's version; none and None where there is no set."""
        url = f"{MANAGEMENT}{self.settings['DNS_ZONE_ID']}/A/api?api-version={DNS_VERSION}"
        headers = self.bearer(f"{MANAGEMENT}/")
        try:
            told = fetch_json("GET", url, headers=headers)
        except Refused as error:
            if error.status != 404:
                raise
            return url, headers, [], None
        records = told["properties"].get("aRecords") or []
        return url, headers, [record["ipv4Address"] for record in records], told["etag"]

    def registered(self):
        return {address: address for address in self.record_set()[2]}

    def change(self, wanted):
        """Writes what `wanted` makes of the addresses, only over what was read: machines come and go at once."""
        for _ in range(RACES):
            url, headers, addresses, version = self.record_set()
            after = wanted(addresses)
            if sorted(after) == sorted(addresses):
                return
            headers |= {"If-Match": version} if version else {"If-None-Match": "*"}
            if after:
                properties = {"ttl": 5, "aRecords": [{"ipv4Address": address} for address in sorted(after)]}
                headers["Content-Type"] = "application/json"
                status, _, body = request("PUT", url, headers=headers, body=json.dumps({"properties": properties}))
            else:
                status, _, body = request("DELETE", url, headers=headers)
            if 200 <= status < 300:
                return
            if status not in (404, 409, 412):
                raise Refused(url.split("?")[0], status, body)
        raise Refused("the private DNS zone", 412, b"other machines changed the record set each time")

    def register(self, address):
        self.change(lambda addresses: sorted({*addresses, address}))

    def deregister(self, address):
        self.change(lambda addresses: [other for other in addresses if other != address])

    def launched(self):
        """The scale set asks the machine itself."""

    def ending(self):
        """A machine that the scale set ends is told so some minutes before, and nobody shuts it down."""
        try:
            events = self.metadata("scheduledevents", **{"api-version": "2020-07-01"}).get("Events", [])
            return any(event["EventType"] in ("Terminate", "Preempt") and self.name() in event["Resources"] for event in events)
        except (Refused, Unreachable, ValueError, LookupError):
            return False  # it takes a while until the first answer

    def release_machine(self):
        """A machine that only shuts down is still paid for; one that is deallocated is not. The agent for logs comes while
        the machine works: what it did must be sent first, and an agent that cannot be installed any more is an error for
        whoever made the machine."""
        if os.path.isdir(GUEST_AGENT):
            deadline = time.monotonic() + AGENT_SECONDS
            while subprocess.run(["systemctl", "is-active", "--quiet", LOG_AGENT], check=False).returncode and time.monotonic() < deadline:
                time.sleep(5)
            time.sleep(SEND_SECONDS)
        url = f"{MANAGEMENT}{self.instance()['compute']['resourceId']}/deallocate?api-version={COMPUTE_VERSION}"
        for tries in range(STOP_TRIES):
            try:
                fetch("POST", url, headers=self.bearer(f"{MANAGEMENT}/"), body="")
                return
            except (Refused, Unreachable) as error:
                say(f"This machine cannot deallocate itself: {error}")
            if tries + 1 < STOP_TRIES:
                time.sleep(STOP_SECONDS)
        say("It shuts down and goes on costing")

    def name(self):
        return self.instance()["compute"]["name"]
