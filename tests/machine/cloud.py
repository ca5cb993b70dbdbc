#!/usr/bin/env python3
"""The clouds as far as a machine meets them, for boot.py: metadata, storage, secrets, the register of API machines, DNS.

    cloud.py FOLDER

FOLDER/cloud.json says who is who. FOLDER/bucket holds the archives, FOLDER/secrets a file for each secret that has a value;
both may change at any time. Each request is a line of FOLDER/requests.jsonl, and FOLDER/register.json is who is registered.
Signatures of AWS are computed anew and compared, tokens of Azure must be those that were given out; a machine's role may
do what its policy in terraform/ allows and nothing else."""

import hashlib
import hmac
import json
import re
import socketserver
import ssl
import struct
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1])
GIVEN = json.loads((FOLDER / "cloud.json").read_text())
REGION, ADDRESS, MACHINES = GIVEN["region"], GIVEN["address"], GIVEN["machines"]
EMPTY = hashlib.sha256().hexdigest()
lock = threading.Lock()
register, version, raced = {}, [0], []


def keys_of(role):
    return {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": f"ASIA{role.upper()}", "SecretAccessKey": f"secret/of+{role}",
            "Token": f"token//{role}==", "LastUpdated": "2026-01-01T00:00:00Z", "Expiration": "2099-01-01T00:00:00Z"}


def token_of(role, resource):
    return hashlib.sha256(f"{role} {resource}".encode()).hexdigest()


class Denied(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def check_signature(handler, role, service, body):
    """Signature version 4 as Amazon describes it; what is not signed does not count."""
    match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)",
                         handler.headers.get("Authorization", ""))
    if not match:
        raise Denied(403, "MissingAuthenticationToken")
    key, day, region, signed_service, names, signature = match.groups()
    credentials = keys_of(role)
    if (key, region, signed_service) != (credentials["AccessKeyId"], REGION, service):
        raise Denied(403, f"the signature is for {key} {region} {signed_service}")
    names = names.split(";")
    wanted = {"host", "x-amz-date", "x-amz-security-token"} | ({"x-amz-content-sha256"} if service == "s3" else set())
    if not wanted <= set(names) or handler.headers.get("x-amz-security-token") != credentials["Token"]:
        raise Denied(403, f"signed are {names}")
    path, _, query = handler.path.partition("?")
    headers = "".join(f"{name}:{' '.join(handler.headers[name].split())}\n" for name in names)
    payload = hashlib.sha256(body).hexdigest()
    if service == "s3" and handler.headers["x-amz-content-sha256"] != payload:
        raise Denied(400, "XAmzContentSHA256Mismatch")
    canonical = "\n".join([handler.command, path, query, headers, ";".join(names), payload])
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", handler.headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    step = ("AWS4" + credentials["SecretAccessKey"]).encode()
    for part in (day, region, service, "aws4_request"):
        step = hmac.digest(step, part.encode(), "sha256")
    if not hmac.compare_digest(hmac.digest(step, text.encode(), "sha256").hex(), signature):
        raise Denied(403, "SignatureDoesNotMatch")


def file_of(kind, name):
    path = FOLDER / kind / name
    return path.read_bytes() if path.is_file() else None


def note_register():
    fresh = FOLDER / "register.json.new"
    fresh.write_text(json.dumps(sorted(register.values())))
    fresh.rename(FOLDER / "register.json")


# --- AWS ---


def aws_metadata(handler, role, _):
    if handler.path == "/latest/api/token" and handler.command == "PUT" and handler.headers.get("X-aws-ec2-metadata-token-ttl-seconds"):
        return 200, f"imds-{role}"
    if handler.headers.get("X-aws-ec2-metadata-token") != f"imds-{role}":
        raise Denied(401, "version 1 is switched off")
    path = handler.path.removeprefix("/latest/meta-data/")
    answers = {"iam/security-credentials/": f"attendance-{role}", f"iam/security-credentials/attendance-{role}": json.dumps(keys_of(role)),
               "local-ipv4": handler.client_address[0], "instance-id": f"i-{role}"}
    return (200, answers[path]) if path in answers else (404, "")


def aws_storage(handler, role, body):
    check_signature(handler, role, "s3", body)
    if handler.command != "GET" or not handler.path.startswith("/releases/"):
        raise Denied(403, "AccessDenied")
    archive = file_of("bucket", handler.path[1:])
    return (200, archive) if archive is not None else (404, "NoSuchKey")


SECRETS = {"api": {"master", "audit"}, "migrate": {"admin"}, "edge": set()}


def aws_service(handler, role, body):
    service = handler.headers["Host"].split(".")[0]
    check_signature(handler, role, service, body)
    action = handler.headers.get("X-Amz-Target", "").split(".")[-1]
    if service == "autoscaling":
        told = dict(urllib.parse.parse_qsl(body.decode()))
        well = role == "api" and told["Action"] == "CompleteLifecycleAction" and told["InstanceId"] == "i-api"
        return (200, "<CompleteLifecycleActionResponse/>") if well else (403, "AccessDenied")
    told = json.loads(body)
    if service == "secretsmanager" and action == "GetSecretValue":
        if told["SecretId"] not in SECRETS[role]:
            return 400, json.dumps({"__type": "AccessDeniedException"})
        value = file_of("secrets", told["SecretId"])
        if value is None:
            return 400, json.dumps({"__type": "ResourceNotFoundException", "Message": "no value for AWSCURRENT"})
        return 200, json.dumps({"SecretString": value.decode()})
    if service == "servicediscovery" and role == "api" and told["ServiceId"] == "srv-api":
        return 200, json.dumps(cloud_map(action, told))
    if service == "logs" and told["logStreamName"].startswith(f"{role}/") and told["logGroupName"] == "attendance":
        return aws_logs(action, told)
    return 400, json.dumps({"__type": "AccessDeniedException"})


def cloud_map(action, told):
    with lock:
        if action == "RegisterInstance":
            register[told["InstanceId"]] = told["Attributes"]["AWS_INSTANCE_IPV4"]
        elif action == "DeregisterInstance":
            register.pop(told["InstanceId"], None)
        note_register()
        return {"Instances": [{"Id": name, "Attributes": {"AWS_INSTANCE_IPV4": address}} for name, address in register.items()]}


streams = set()


def aws_logs(action, told):
    if action == "CreateLogStream":
        streams.add(told["logStreamName"])
    elif told["logStreamName"] not in streams:
        return 400, json.dumps({"__type": "ResourceNotFoundException"})
    else:
        with open(FOLDER / "logs.jsonl", "a") as file:
            for event in told["logEvents"]:
                file.write(json.dumps({"stream": told["logStreamName"]} | json.loads(event["message"])) + "\n")
    return 200, "{}"


# --- Azure ---


def azure_metadata(handler, role, _):
    if handler.headers.get("Metadata") != "true":
        raise Denied(400, "the header Metadata is missing")
    path, _, query = handler.path.partition("?")
    told = dict(urllib.parse.parse_qsl(query))
    if path == "/metadata/identity/oauth2/token" and told.get("client_id") == f"client-{role}":
        return 200, json.dumps({"access_token": token_of(role, told["resource"]), "token_type": "Bearer", "resource": told["resource"],
                                "expires_in": "86399", "expires_on": "4070908800", "not_before": "0", "client_id": told["client_id"]})
    if path == "/metadata/instance":
        interface = {"ipv4": {"ipAddress": [{"privateIpAddress": handler.client_address[0]}]}}
        return 200, json.dumps({"compute": {"name": role, "resourceId": f"/machines/{role}"}, "network": {"interface": [interface]}})
    if path == "/metadata/scheduledevents" and told.get("api-version"):
        return 200, (file_of(".", "events.json") or b'{"DocumentIncarnation":1,"Events":[]}')
    return 404, ""


def azure_service(handler, role, body):
    host = handler.headers["Host"]
    resource = {"store.blob.core.windows.net": "https://storage.azure.com/", "vault.vault.azure.net": "https://vault.azure.net",
                "management.azure.com": "https://management.azure.com/"}[host]
    if handler.headers.get("Authorization") != f"Bearer {token_of(role, resource)}":
        raise Denied(401, "no token for this")
    path, _, query = handler.path.partition("?")
    if host.startswith("store."):
        if handler.command != "GET" or not path.startswith("/releases/") or not handler.headers.get("x-ms-version"):
            raise Denied(403, "AuthorizationPermissionMismatch")
        archive = file_of("bucket", path[1:])
        return (200, archive) if archive is not None else (404, "BlobNotFound")
    if "api-version=" not in query:
        raise Denied(400, "MissingApiVersionParameter")
    if host.startswith("vault."):
        name = path.removeprefix("/secrets/")
        if name not in SECRETS[role]:
            raise Denied(403, "Forbidden")
        value = file_of("secrets", name)
        return (200, json.dumps({"value": value.decode()})) if value is not None else (404, json.dumps({"error": {"code": "SecretNotFound"}}))
    if path == "/zones/internal/A/api" and role == "api":
        return azure_records(handler, body)
    if path == f"/machines/{role}/deallocate" and handler.command == "POST" and role == "migrate":
        return 202, ""
    raise Denied(403, "AuthorizationFailed")


def azure_records(handler, body):
    with lock:
        etag = f'"{version[0]}"' if register else None
        if handler.command == "GET":
            if not register:
                return 404, "{}"
            records = [{"ipv4Address": address} for address in register.values()]
            return 200, json.dumps({"etag": etag, "properties": {"ttl": 5, "aRecords": records}})
        if not raced:  # somebody else was faster once
            raced.append(True)
            register["10.99.0.99"] = "10.99.0.99"
            version[0] += 1
            return 412, "{}"
        fits = handler.headers.get("If-Match") == etag if register else handler.headers.get("If-None-Match") == "*"
        if not fits:
            return 412, "{}"
        register.clear()
        if handler.command == "PUT":
            register.update({one["ipv4Address"]: one["ipv4Address"] for one in json.loads(body)["properties"]["aRecords"]})
        version[0] += 1
        note_register()
        return 200, "{}"


# --- what they share ---


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        role, host = MACHINES.get(self.client_address[0], "nobody"), self.headers.get("Host", "")
        try:
            status, text = self.service(host)(self, role, body)
        except Denied as error:
            status, text = error.status, str(error)
        except (KeyError, ValueError, AttributeError) as error:
            status, text = 500, f"the cloud does not understand: {error!r}"
        with lock, open(FOLDER / "requests.jsonl", "a") as file:
            told = {"role": role, "method": self.command, "host": host, "path": self.path, "status": status,
                    "target": self.headers.get("X-Amz-Target"), "text": text[:200] if isinstance(text, str) and status >= 400 else ""}
            file.write(json.dumps(told) + "\n")
        content = text if isinstance(text, bytes) else text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def service(self, host):
        if host == "169.254.169.254":
            return {"aws": aws_metadata, "azure": azure_metadata}[GIVEN["cloud"]]
        if host == "truststore.pki.rds.amazonaws.com":
            return lambda handler, *_: (200, file_of(".", "ca.pem")) if handler.path == f"/{REGION}/{REGION}-bundle.pem" else (404, "")
        if host.endswith(f".s3.{REGION}.amazonaws.com"):
            return aws_storage
        return aws_service if host.endswith(".amazonaws.com") else azure_service

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


class Names(socketserver.BaseRequestHandler):
    """DNS: `api` in the zone is who is registered, every other name this server; there are no IPv6 addresses."""

    def handle(self):
        query, socket = self.request
        end = query.index(b"\0", 12)
        labels, at = [], 12
        while at < end:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += query[at] + 1
        question = query[12:end + 5]
        name, kind = ".".join(labels), struct.unpack(">H", query[end + 1:end + 3])[0]
        with lock:
            registered = list(register.values())
        addresses = registered if name == f"api.{GIVEN['zone']}" else [ADDRESS] if "." in name else []
        addresses = addresses if kind == 1 else []
        code = 0 if addresses or kind != 1 else 3
        head = query[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, len(addresses), 0, 0)
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH4B", 1, 1, 5, 4, *map(int, address.split("."))) for address in addresses)
        socket.sendto(head + question + records, self.client_address)


def main():
    metadata = ThreadingHTTPServer(("169.254.169.254", 80), Handler)
    services = ThreadingHTTPServer((ADDRESS, 443), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "server.pem", FOLDER / "server.key")
    services.socket = context.wrap_socket(services.socket, server_side=True, do_handshake_on_connect=False)
    for server in (metadata, services, socketserver.ThreadingUDPServer((ADDRESS, 53), Names)):
        threading.Thread(target=server.serve_forever).start()
    (FOLDER / "ready").touch()


main()
