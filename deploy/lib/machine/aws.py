"""AWS: the machine's role by IMDSv2, Secrets Manager, Cloud Map, CloudWatch Logs."""

import json
import urllib.parse

from machine.web import Refused, fetch, fetch_json

METADATA = "http://169.254.169.254/latest"


class Cloud:
    sign_in = "aws"

    def __init__(self, settings):
        self.settings = settings
        self.region = settings["REGION"]

    def metadata(self, path):
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": "300"}
        _, token = fetch("PUT", f"{METADATA}/api/token", headers=headers, direct=True, timeout=5)
        headers = {"X-aws-ec2-metadata-token": token.decode()}
        return fetch("GET", f"{METADATA}/{path}", headers=headers, direct=True, timeout=5)[1].decode()

    def credentials(self):
        path = "meta-data/iam/security-credentials/"
        role = self.metadata(path).split()[0]
        return json.loads(self.metadata(path + role))

    def call(self, service, target, body, version="1.1"):
        headers = {"Content-Type": f"application/x-amz-json-{version}", "X-Amz-Target": target}
        sign = (service, self.region, self.credentials())
        host = f"https://{service}.{self.region}.amazonaws.com/"
        return fetch_json("POST", host, headers=headers, body=json.dumps(body), sign=sign)

    def address(self):
        return self.metadata("meta-data/local-ipv4")

    def secret(self, name):
        """The secret's text, or None while it has no value yet."""
        try:
            return self.call("secretsmanager", "secretsmanager.GetSecretValue", {"SecretId": name})["SecretString"]
        except Refused as error:
            if b"ResourceNotFoundException" in error.body:
                return None
            raise

    def admin_environment(self):
        """The managed server's administrator: RDS keeps the password, this machine's role alone may read it."""
        told = json.loads(self.secret(self.settings["DATABASE_ADMIN_SECRET"]) or "{}")
        if not told:
            return None
        return told["username"], {"PGPASSWORD": told["password"]}

    def prepare_arguments(self):
        return ["--sign-in", "aws"]

    def database_authority(self):
        """Amazon's own certificate authority of this region, which no system trusts by itself."""
        return f"https://truststore.pki.rds.amazonaws.com/{self.region}/{self.region}-bundle.pem"

    def environment(self):
        bucket = self.settings["BUCKET"]
        return {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region, "ATTENDANCE_STORAGE": f"s3://{bucket}/photos"}

    def cloud_map(self, action, **body):
        body["ServiceId"] = self.settings["CLOUD_MAP_SERVICE"]
        return self.call("servicediscovery", f"Route53AutoNaming_v20170314.{action}", body)

    def registered(self):
        instances, page = {}, {}
        while True:
            answer = self.cloud_map("ListInstances", **page)
            for instance in answer.get("Instances", []):
                instances[instance["Attributes"].get("AWS_INSTANCE_IPV4")] = instance["Id"]
            if not answer.get("NextToken"):
                return instances
            page = {"NextToken": answer["NextToken"]}

    def register(self, address):
        if address in self.registered():
            return
        # The address is the name, so that a machine that comes back with it takes its place.
        self.cloud_map("RegisterInstance", InstanceId=address, Attributes={"AWS_INSTANCE_IPV4": address})

    def deregister(self, address):
        name = self.registered().get(address)
        if name is None:
            return
        try:
            self.cloud_map("DeregisterInstance", InstanceId=name)
        except Refused as error:
            if b"InstanceNotFound" not in error.body:
                raise

    def launched(self):
        """The group counts this machine from now on, and may end an older one."""
        if not self.settings.get("LAUNCH_HOOK"):
            return
        body = {"Action": "CompleteLifecycleAction", "Version": "2011-01-01", "LifecycleActionResult": "CONTINUE",
                "AutoScalingGroupName": self.settings["GROUP"], "LifecycleHookName": self.settings["LAUNCH_HOOK"],
                "InstanceId": self.metadata("meta-data/instance-id")}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        sign = ("autoscaling", self.region, self.credentials())
        try:
            fetch("POST", f"https://autoscaling.{self.region}.amazonaws.com/", headers=headers, body=urllib.parse.urlencode(body), sign=sign)
        except Refused as error:
            # After a restart: there is nothing left to complete.
            if b"No active Lifecycle Action" not in error.body:
                raise

    def ending(self):
        """A machine that the group ends is shut down in order."""
        return False

    def release_machine(self):
        """Shutting down is enough: the machine was made to end with that."""

    def send_logs(self, group, stream, events):
        body = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
        try:
            return self.call("logs", "Logs_20140328.PutLogEvents", body)
        except Refused as error:
            if b"ResourceNotFoundException" not in error.body:
                raise
        made = {"logGroupName": group, "logStreamName": stream}
        try:
            self.call("logs", "Logs_20140328.CreateLogStream", made)
        except Refused as error:
            if b"ResourceAlreadyExists" not in error.body:
                raise
        return self.call("logs", "Logs_20140328.PutLogEvents", body)

    def name(self):
        return urllib.parse.quote(self.metadata("meta-data/instance-id"))
