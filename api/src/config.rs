//! Configuration: one struct per concern, every value a flag and an environment variable, secrets redacted.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use ipnetwork::IpNetwork;
use types::Role;

/// A value that never prints.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        Ok(Self(value.trim().to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// How many days backups are kept where nobody says it. With a run a day each is gone by its 35th day.
pub const BACKUP_DAYS: u32 = 34;

/// Everything `attendance serve` is told.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where and how to listen.
    #[command(flatten)]
    pub http: HttpConfig,
    /// PostgreSQL.
    #[command(flatten)]
    pub database: DatabaseConfig,
    /// Connection URL of a standby that follows the database; reports are read there.
    #[arg(long = "database-replica-url", env = "DATABASE_REPLICA_URL", hide_env_values = true)]
    pub replica: Option<Secret>,
    /// The recognizer.
    #[command(flatten)]
    pub recognizer: RecognizerConfig,
    /// Files and keys.
    #[command(flatten)]
    pub data: DataConfig,
    /// How many days backups are kept, which reports of erasures name; 0: without end.
    #[arg(
        long,
        env = "ATTENDANCE_BACKUP_DAYS",
        default_value_t = BACKUP_DAYS,
        value_parser = clap::value_parser!(u32).range(..=36500)
    )]
    pub backup_days: u32,
    /// How messages leave.
    #[command(flatten)]
    pub messages: MessagesConfig,
    /// Sign-in by OpenID Connect.
    #[command(flatten)]
    pub oidc: OidcConfig,
}

/// Where and how to listen.
#[derive(Debug, Clone, Args)]
pub struct HttpConfig {
    /// Address to listen on.
    #[arg(long, env = "ATTENDANCE_HOST", default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// Port to listen on; 0 takes a free one.
    #[arg(long, env = "ATTENDANCE_PORT", default_value_t = 8080)]
    pub port: u16,
    /// Address for `/metrics`, which are for operators alone.
    #[arg(long, env = "ATTENDANCE_METRICS_HOST", default_value = "127.0.0.1")]
    pub metrics_host: IpAddr,
    /// Port for `/metrics`; 0 turns it off.
    #[arg(long, env = "ATTENDANCE_METRICS_PORT", default_value_t = 9464)]
    pub metrics_port: u16,
    /// `self` serves https with a certificate of its own making, `off` plain http.
    #[arg(long, env = "ATTENDANCE_TLS", default_value = "off", value_parser = ["off", "self", ""])]
    pub tls: String,
    /// The address people type, for example `https://attendance.example.org`; requests of browsers must come
    /// from it. Default: derived from host and port.
    #[arg(long, env = "ATTENDANCE_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Where the other API processes of this site reach this one, for example `http://10.0.1.5:8080`; absent: there
    /// are no others. It must not be reachable from outside.
    #[arg(long, env = "ATTENDANCE_PEER_URL")]
    pub peer_url: Option<String>,
    /// Folder of the built single-page app; without it only the API is served.
    #[arg(long, env = "ATTENDANCE_SPA")]
    pub spa: Option<PathBuf>,
    /// Proxies whose `X-Forwarded-For` is believed: comma-separated networks.
    #[arg(long, env = "ATTENDANCE_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpNetwork>,
}

impl HttpConfig {
    /// Whether this process itself speaks TLS.
    pub fn tls_self(&self) -> bool {
        self.tls == "self"
    }

    /// The origins that a browser may come from; the first is the one to print.
    ///
    /// # Errors
    /// When the public URL is not an http(s) origin.
    pub fn origins(&self, bound: SocketAddr) -> Result<Vec<String>> {
        if let Some(url) = self.public_url.as_deref().filter(|url| !url.is_empty()) {
            return Ok(vec![server("ATTENDANCE_PUBLIC_URL", url)?]);
        }
        let scheme = if self.tls_self() { "https" } else { "http" };
        let port = bound.port();
        let mut hosts = Vec::new();
        if self.host.is_unspecified() {
            hosts.extend(local_addresses());
        } else {
            hosts.push(bracketed(self.host));
        }
        if self.host.is_loopback() || self.host.is_unspecified() {
            hosts.extend(["127.0.0.1".to_owned(), "localhost".to_owned()]);
        }
        hosts.dedup();
        Ok(hosts.into_iter().map(|host| format!("{scheme}://{host}:{port}")).collect())
    }
}

/// The address of a server, which the variable `name` gives, as browsers write an origin: in small letters, without the
/// usual port and without a slash at its end.
///
/// # Errors
/// When it is anything but http or https, a host and perhaps a port.
pub fn server(name: &str, url: &str) -> Result<String> {
    let bare = reqwest::Url::parse(url).ok().filter(|parsed| {
        let more =
            [parsed.username(), parsed.query().unwrap_or_default(), parsed.fragment().unwrap_or_default()];
        matches!(parsed.scheme(), "http" | "https") && parsed.path() == "/" && more == [""; 3]
    });
    let wanted = "must look like https://name or http://name:port, without a path";
    let bare = bare.with_context(|| format!("{name} {wanted}; it is {url:?}"))?;
    Ok(bare.origin().ascii_serialization())
}

fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// The address other machines of the network reach this one at, as the routing table tells it; nothing is
/// sent.
fn local_addresses() -> Option<String> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(bracketed(socket.local_addr().ok()?.ip()))
}

/// PostgreSQL.
#[derive(Debug, Clone, Args)]
pub struct DatabaseConfig {
    /// Connection URL of the application role.
    #[arg(id = "database_url", long = "database-url", env = "DATABASE_URL", hide_env_values = true)]
    pub url: Secret,
    /// Connections to keep at most.
    #[arg(long = "database-pool", env = "DATABASE_POOL", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub pool_size: u32,
}

/// The recognizer.
#[derive(Debug, Clone, Args)]
pub struct RecognizerConfig {
    /// Base URL.
    #[arg(
        id = "recognizer_url",
        long = "recognizer-url",
        env = "RECOGNIZER_URL",
        default_value = "http://127.0.0.1:8081"
    )]
    pub url: String,
    /// File with the shared secret, needed beyond loopback.
    #[arg(long = "recognizer-secret-file", env = "RECOGNIZER_SECRET_FILE")]
    pub secret_file: Option<PathBuf>,
    /// PEM file with the certificate authority of the recognizer.
    #[arg(long = "recognizer-ca", env = "RECOGNIZER_CA")]
    pub ca: Option<PathBuf>,
    /// How long a frame may take, in milliseconds, before it is answered 503.
    #[arg(long = "recognizer-deadline-ms", env = "RECOGNIZER_DEADLINE_MS", default_value_t = 2000,
        value_parser = clap::value_parser!(u64).range(100..=60_000))]
    pub deadline_ms: u64,
}

impl RecognizerConfig {
    /// How long a frame may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }
}

/// How messages leave: e-mail, SMS, webhooks. What is not set is not used; an empty value sets nothing.
#[derive(Debug, Clone, Default, Args)]
pub struct MessagesConfig {
    /// The SMTP server that takes e-mail over.
    #[arg(long, env = "ATTENDANCE_SMTP_HOST")]
    pub smtp_host: Option<String>,
    /// Its port. Default: 587, with `implicit` 465, with `none` 25.
    #[arg(long, env = "ATTENDANCE_SMTP_PORT")]
    pub smtp_port: Option<u16>,
    /// `starttls` (the default), `implicit` or `none`. Without TLS only on loopback.
    #[arg(long, env = "ATTENDANCE_SMTP_TLS", value_parser = ["starttls", "implicit", "none", ""])]
    pub smtp_tls: Option<String>,
    /// Speaks SMTP without TLS to other machines, too.
    #[arg(long, env = "ATTENDANCE_SMTP_ALLOW_PLAIN")]
    pub smtp_allow_plain: bool,
    /// PEM file with the certificate authority of the SMTP server, where it has one of its own.
    #[arg(long, env = "ATTENDANCE_SMTP_CA")]
    pub smtp_ca: Option<PathBuf>,
    /// User name at the SMTP server.
    #[arg(long, env = "ATTENDANCE_SMTP_USER")]
    pub smtp_user: Option<String>,
    /// Password at the SMTP server.
    #[arg(long, env = "ATTENDANCE_SMTP_PASSWORD", hide_env_values = true)]
    pub smtp_password: Option<Secret>,
    /// The address that e-mail comes from.
    #[arg(long, env = "ATTENDANCE_SMTP_FROM")]
    pub smtp_from: Option<String>,
    /// The most bytes of a report that is attached to an e-mail. Default: 10 MB.
    #[arg(long, env = "ATTENDANCE_MAIL_ATTACHMENT_BYTES")]
    pub attachment_bytes: Option<u64>,
    /// What sends text messages: `twilio` or `sns`.
    #[arg(long, env = "ATTENDANCE_SMS", value_parser = ["twilio", "sns", ""])]
    pub sms: Option<String>,
    /// Base URL of an API that is compatible with Twilio's. Default: `https://api.twilio.com`.
    #[arg(long, env = "ATTENDANCE_TWILIO_URL")]
    pub twilio_url: Option<String>,
    /// The account there.
    #[arg(long, env = "ATTENDANCE_TWILIO_ACCOUNT")]
    pub twilio_account: Option<String>,
    /// Its token.
    #[arg(long, env = "ATTENDANCE_TWILIO_TOKEN", hide_env_values = true)]
    pub twilio_token: Option<Secret>,
    /// The phone number that text messages come from.
    #[arg(long, env = "ATTENDANCE_TWILIO_FROM")]
    pub twilio_from: Option<String>,
    /// The AWS region whose SNS is used; credentials come from their usual environment variables or the machine's role.
    #[arg(long, env = "ATTENDANCE_SNS_REGION")]
    pub sns_region: Option<String>,
    /// Address of SNS. Default: that of the region.
    #[arg(long, env = "ATTENDANCE_SNS_URL")]
    pub sns_url: Option<String>,
    /// Networks that webhooks may reach although they are not public: comma-separated.
    #[arg(long, env = "ATTENDANCE_WEBHOOK_NETWORKS", value_delimiter = ',')]
    pub webhook_networks: Vec<IpNetwork>,
    /// Allows webhooks with plain `http`.
    #[arg(long, env = "ATTENDANCE_WEBHOOK_HTTP")]
    pub webhook_http: bool,
}

/// Files and keys.
#[derive(Debug, Clone, Args)]
pub struct DataConfig {
    /// Folder for state: first admin, certificate, objects, master key.
    #[arg(id = "data", long = "data", env = "ATTENDANCE_DATA", default_value = "./data")]
    pub folder: PathBuf,
    /// File with the master keys. Default: `master.key` in the data folder.
    #[arg(long, env = "ATTENDANCE_MASTER_KEY_FILE")]
    pub master_key_file: Option<PathBuf>,
    /// Where photos are kept: `file:FOLDER`, `s3://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`; credentials for
    /// the clouds come from their usual environment variables or the machine's role. Default: `objects` in the
    /// data folder.
    #[arg(long, env = "ATTENDANCE_STORAGE")]
    pub storage: Option<String>,
}

impl DataConfig {
    /// File with the master keys.
    pub fn master_key_file(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| self.folder.join("master.key"))
    }

    /// File with the key of the audit's chain, beside the master keys.
    pub fn audit_key_file(&self) -> PathBuf {
        self.master_key_file().with_file_name("audit.key")
    }

    /// Where photos are kept.
    pub fn storage(&self) -> String {
        match self.storage.as_deref() {
            Some(url) if !url.is_empty() => url.to_owned(),
            _ => format!("file:{}", self.folder.join("objects").display()),
        }
    }

    /// Makes the folder, readable by its owner alone.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(&self) -> Result<()> {
        use std::os::unix::fs::DirBuilderExt;
        if !self.folder.is_dir() {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&self.folder)
                .with_context(|| format!("the data folder {} cannot be made", self.folder.display()))?;
        }
        Ok(())
    }
}

/// Sign-in by OpenID Connect; off without an issuer.
#[derive(Debug, Clone, Default, Args)]
pub struct OidcConfig {
    /// The provider, exactly as its discovery document names itself.
    #[arg(long = "oidc-issuer", env = "ATTENDANCE_OIDC_ISSUER")]
    pub issuer: Option<String>,
    /// What the provider calls this site.
    #[arg(long = "oidc-client-id", env = "ATTENDANCE_OIDC_CLIENT_ID")]
    pub client_id: Option<String>,
    /// File with the secret that the provider knows this site by; a public client has none.
    #[arg(long = "oidc-client-secret-file", env = "ATTENDANCE_OIDC_CLIENT_SECRET_FILE")]
    pub client_secret_file: Option<PathBuf>,
    /// What the button on the sign-in page says.
    #[arg(long = "oidc-label", env = "ATTENDANCE_OIDC_LABEL", default_value = "Single sign-on")]
    pub label: String,
    /// Scopes to ask for besides `openid`, comma-separated.
    #[arg(
        long = "oidc-scopes",
        env = "ATTENDANCE_OIDC_SCOPES",
        default_value = "email,profile",
        value_delimiter = ','
    )]
    pub scopes: Vec<String>,
    /// Algorithms that ID tokens may be signed with, comma-separated; of these only those that the provider names.
    #[arg(
        long = "oidc-algorithms",
        env = "ATTENDANCE_OIDC_ALGORITHMS",
        default_value = "RS256,RS384,RS512,PS256,PS384,PS512,ES256,ES384",
        value_delimiter = ',',
        value_parser = OIDC_ALGORITHMS
    )]
    pub algorithms: Vec<String>,
    /// Private networks in which the provider may be, comma-separated; public addresses always may.
    #[arg(long = "oidc-networks", env = "ATTENDANCE_OIDC_NETWORKS", value_delimiter = ',')]
    pub networks: Vec<IpNetwork>,
    /// PEM file with the certificate authority of the provider, where it is one of your own.
    #[arg(long = "oidc-ca", env = "ATTENDANCE_OIDC_CA")]
    pub ca: Option<PathBuf>,
    /// Believe every e-mail address of the provider, also where it does not say that it was verified.
    #[arg(
        long = "oidc-trust-email",
        env = "ATTENDANCE_OIDC_TRUST_EMAIL",
        default_value = "false",
        action = ArgAction::Set,
        value_parser = BoolishValueParser::new()
    )]
    pub trust_email: bool,
    /// Values of `amr` or `acr` that say that the provider saw a second factor, comma-separated.
    #[arg(
        long = "oidc-second-factor",
        env = "ATTENDANCE_OIDC_SECOND_FACTOR",
        default_value = "mfa",
        value_delimiter = ','
    )]
    pub second_factor: Vec<String>,
    /// Make accounts for people whom nobody here knows, with the role that the claim gives.
    #[arg(
        long = "oidc-create-accounts",
        env = "ATTENDANCE_OIDC_CREATE_ACCOUNTS",
        default_value = "false",
        action = ArgAction::Set,
        value_parser = BoolishValueParser::new()
    )]
    pub create_accounts: bool,
    /// The claim that says what somebody is; dots lead into objects, as in `realm_access.roles`.
    #[arg(long = "oidc-role-claim", env = "ATTENDANCE_OIDC_ROLE_CLAIM")]
    pub role_claim: Option<String>,
    /// What its values mean here, comma-separated: `teachers=manager,it=admin`. Of several the most powerful counts.
    #[arg(long = "oidc-roles", env = "ATTENDANCE_OIDC_ROLES", value_delimiter = ',')]
    pub roles: Vec<RoleOfValue>,
}

/// Signatures by a key of the provider's: what is signed with the client's secret, or not at all, is not believed.
const OIDC_ALGORITHMS: [&str; 8] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384"];

/// What a value of a claim means here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleOfValue {
    /// The value.
    pub value: String,
    /// The role it gives.
    pub role: Role,
}

impl FromStr for RoleOfValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            || format!("{text:?} must look like teachers=manager, with admin, manager, guard or member");
        let (value, role) = text.rsplit_once('=').ok_or_else(wrong)?;
        let role = Role::ALL.into_iter().find(|known| known.name() == role.trim()).ok_or_else(wrong)?;
        Ok(Self { value: value.trim().to_owned(), role })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_a_claim_gives_a_role_by_name() {
        let rule = "ou=staff=manager".parse::<RoleOfValue>();
        assert_eq!(rule, Ok(RoleOfValue { value: "ou=staff".to_owned(), role: Role::Manager }));
        for wrong in ["teachers", "teachers=owner", ""] {
            assert!(wrong.parse::<RoleOfValue>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_server_has_an_address_and_nothing_behind_it() {
        for (given, kept) in [
            ("http://10.0.1.5:8080", "http://10.0.1.5:8080"),
            ("https://API-2.internal:443/", "https://api-2.internal"),
            ("http://[fd00::5]:8081", "http://[fd00::5]:8081"),
        ] {
            assert_eq!(server("NAME", given).expect("an address"), kept);
        }
        for wrong in [
            "",
            "foo",
            "10.0.1.5:8080",
            "ftp://10.0.1.5",
            "http://",
            "http://host/path",
            "http://host?x",
            "http://me@host",
        ] {
            let error = server("NAME", wrong).expect_err(wrong).to_string();
            assert!(error.starts_with("NAME must look like"), "{error}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let secret: Secret = "hunter2".parse().expect("infallible");
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(secret.expose(), "hunter2");
    }
}
