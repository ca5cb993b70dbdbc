//! AWS: the role of the machine or function signs a request for `rds-db:connect`, and RDS takes the signed address as
//! password. It is signed anew for every connection, which costs microseconds and asks nobody; the role's credentials
//! are kept by `object_store` and renewed before they end.
//!
//! The signature is Signature Version 4 in the query string, of one request whose form never changes.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow, ensure};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, AwsCredentialProvider};
use object_store::{BackoffConfig, ClientConfigKey, RetryConfig};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use crate::{Password, setting};

/// How long RDS takes the password; it allows no more.
const VALID: Duration = Duration::from_secs(15 * 60);
/// For the credentials, all tries together.
const LIMIT: Duration = Duration::from_secs(6);
const ONE_TRY: &str = "2s";
const SERVICE: &str = "rds-db";
/// All but what RFC 3986 calls unreserved.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub struct Aws {
    region: String,
    credentials: AwsCredentialProvider,
}

impl Aws {
    /// Credentials are looked for as for S3: environment (functions), web identity, container, then the machine's
    /// metadata service, version 2.
    pub fn from_env() -> Result<Self> {
        let region = setting("AWS_REGION").or_else(|| setting("AWS_DEFAULT_REGION"));
        Self::new(AmazonS3Builder::from_env(), region)
    }

    fn new(builder: AmazonS3Builder, region: Option<String>) -> Result<Self> {
        let region = region.context("AWS_REGION must name the region of the database")?;
        let plain = region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        ensure!(plain, "AWS_REGION must name a region, as eu-central-1; it is {region:?}");
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_millis(500),
                base: 2.0,
            },
            max_retries: 2,
            retry_timeout: LIMIT,
        };
        // No bucket is ever opened.
        let store = builder
            .with_bucket_name("none")
            .with_region(&region)
            .with_retry(retry)
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), ONE_TRY)
            .build()
            .context("credentials of AWS cannot be looked for")?;
        Ok(Self { region, credentials: store.credentials().clone() })
    }

    pub async fn password(&self, host: &str, port: u16, user: &str) -> Result<Password> {
        let credential = timeout(LIMIT, self.credentials.get_credential())
            .await
            .unwrap_or_else(|_| Err(too_late()))
            .map_err(|error| anyhow!(error))
            .context(
                "AWS gave no credentials to sign in to the database with. Look whether this machine or function has \
                 a role, and whether its metadata service (169.254.169.254) can be reached",
            )?;
        Ok(Password(signed(&credential, &self.region, host, port, user, SystemTime::now())))
    }
}

fn too_late() -> object_store::Error {
    object_store::Error::Generic { store: "AWS", source: format!("no answer within {LIMIT:?}").into() }
}

/// `host:port/?Action=connect&DBUser=…&X-Amz-…`, without the scheme, as RDS wants it.
fn signed(
    credential: &AwsCredential,
    region: &str,
    host: &str,
    port: u16,
    user: &str,
    now: SystemTime,
) -> String {
    let time = DateTime::<Utc>::from(now).format("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    let scope = format!("{day}/{region}/{SERVICE}/aws4_request");
    let host = format!("{host}:{port}");
    // In the order of their names, as the signature wants them.
    let fields = [
        ("Action", Some("connect".to_owned())),
        ("DBUser", Some(user.to_owned())),
        ("X-Amz-Algorithm", Some("AWS4-HMAC-SHA256".to_owned())),
        ("X-Amz-Credential", Some(format!("{}/{scope}", credential.key_id))),
        ("X-Amz-Date", Some(time.clone())),
        ("X-Amz-Expires", Some(VALID.as_secs().to_string())),
        ("X-Amz-Security-Token", credential.token.clone()),
        ("X-Amz-SignedHeaders", Some("host".to_owned())),
    ];
    let fields = fields.iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let query = fields.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, &ENCODED)));
    let query = query.collect::<Vec<_>>().join("&");
    let request = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{}", hex(&Sha256::digest([])));
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let first = format!("AWS4{}", credential.secret_key).into_bytes();
    let key =
        [day, region, SERVICE, "aws4_request"].iter().fold(first, |key, part| authenticated(&key, part));
    format!("{host}/?{query}&X-Amz-Signature={}", hex(&authenticated(&key, &text)))
}

fn authenticated(key: &[u8], text: &str) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
