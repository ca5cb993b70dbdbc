//! Text messages: an API that is compatible with Twilio's, or AWS SNS.

use std::fmt;

use anyhow::{Context, Result};
use object_store::aws::{AmazonS3Builder, AwsAuthorizer, AwsCredentialProvider};
use object_store::client::{HttpRequest, HttpRequestBody};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};

use super::{DEADLINE, Failure, bounded, set, unanswered};
use crate::config::{MessagesConfig, Secret};

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");

/// What sends text messages.
pub struct Texter {
    client: reqwest::Client,
    provider: Provider,
}

enum Provider {
    Twilio { url: Url, account: String, token: Secret, from: String },
    Sns { url: Url, region: String, credentials: AwsCredentialProvider },
}

impl fmt::Debug for Texter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Texter").finish_non_exhaustive()
    }
}

impl Texter {
    /// Reads the settings; none where no provider is named.
    ///
    /// # Errors
    /// When they lack something.
    pub fn new(config: &MessagesConfig) -> Result<Option<Self>> {
        let provider = match set(&config.sms) {
            Some("twilio") => twilio(config)?,
            Some("sns") => sns(config)?,
            _ => return Ok(None),
        };
        // The settings name the host, so it may be anywhere; nobody else's answer leads elsewhere.
        let client = reqwest::Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Some(Self { client, provider }))
    }

    /// The number that messages come from, where it is known.
    pub fn sender(&self) -> Option<String> {
        match &self.provider {
            Provider::Twilio { from, .. } => Some(from.clone()),
            Provider::Sns { .. } => None,
        }
    }

    /// Hands a message over.
    ///
    /// # Errors
    /// Why the provider did not take it.
    pub async fn send(&self, to: &str, text: &str) -> Result<(), Failure> {
        let request = match &self.provider {
            Provider::Twilio { url, account, token, from } => self
                .client
                .post(url.clone())
                .basic_auth(account, Some(token.expose()))
                .header(CONTENT_TYPE, FORM)
                .body(form(&[("To", to), ("From", from), ("Body", text)])),
            Provider::Sns { url, region, credentials } => {
                let body = form(&[
                    ("Action", "Publish"),
                    ("Version", "2010-03-31"),
                    ("PhoneNumber", to),
                    ("Message", text),
                ]);
                let credential = credentials.get_credential().await.map_err(|error| {
                    Failure::passing(format!("There are no credentials for AWS: {error}"))
                })?;
                let mut signed = HttpRequest::new(HttpRequestBody::from(body.clone()));
                *signed.method_mut() = Method::POST;
                *signed.uri_mut() = url
                    .as_str()
                    .parse()
                    .map_err(|_| Failure::lasting("ATTENDANCE_SNS_URL is not an address."))?;
                signed.headers_mut().insert(CONTENT_TYPE, FORM);
                AwsAuthorizer::new(&credential, "sns", region)
                    .try_authorize(&mut signed, None)
                    .map_err(|error| Failure::passing(format!("The request cannot be signed: {error}")))?;
                self.client.post(url.clone()).headers(signed.headers().clone()).body(body)
            }
        };
        let answer = request.send().await.map_err(unanswered)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let why = format!("The SMS provider answered {}: {}", status.as_u16(), bounded(answer).await);
        // What it says of this very message, such as a number that is none.
        if status.as_u16() == 400 { Err(Failure::lasting(why)) } else { Err(Failure::passing(why)) }
    }
}

fn twilio(config: &MessagesConfig) -> Result<Provider> {
    let account = set(&config.twilio_account).context("ATTENDANCE_TWILIO_ACCOUNT must name the account")?;
    let base = set(&config.twilio_url).unwrap_or("https://api.twilio.com").trim_end_matches('/');
    let url = format!("{base}/2010-04-01/Accounts/{account}/Messages.json");
    Ok(Provider::Twilio {
        url: Url::parse(&url).context("ATTENDANCE_TWILIO_URL is not an address")?,
        account: account.to_owned(),
        token: config.twilio_token.clone().context("ATTENDANCE_TWILIO_TOKEN must be set")?,
        from: set(&config.twilio_from).context("ATTENDANCE_TWILIO_FROM must name the sender")?.to_owned(),
    })
}

fn sns(config: &MessagesConfig) -> Result<Provider> {
    let region = set(&config.sns_region).context("ATTENDANCE_SNS_REGION must name the region")?.to_owned();
    let url = match set(&config.sns_url) {
        Some(url) => url.to_owned(),
        None => format!("https://sns.{region}.amazonaws.com/"),
    };
    // Credentials are found as for S3; no bucket is ever opened.
    let store = AmazonS3Builder::from_env().with_bucket_name("none").with_region(&region).build();
    let store = store.context("credentials for AWS SNS cannot be looked for")?;
    Ok(Provider::Sns {
        url: Url::parse(&url).context("ATTENDANCE_SNS_URL is not an address")?,
        region,
        credentials: store.credentials().clone(),
    })
}

/// Fields as a form's body.
fn form(fields: &[(&str, &str)]) -> String {
    let url = Url::parse_with_params("form:", fields);
    url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

/// A phone number as the providers take it (E.164): `+` and digits, without what people write between them.
pub fn phone(text: &str) -> Option<String> {
    let plain: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/' | '\u{a0}')).collect();
    let plain = plain.strip_prefix("00").map(|rest| format!("+{rest}")).unwrap_or(plain);
    let digits = plain.strip_prefix('+')?;
    let right = (7..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    right.then_some(plain)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::StaticCredentialProvider;
    use object_store::aws::AwsCredential;

    use super::*;

    #[test]
    fn phone_numbers_are_international() {
        assert_eq!(phone("+49 (30) 1234-567").as_deref(), Some("+49301234567"));
        assert_eq!(phone("0049 30 1234567").as_deref(), Some("+49301234567"));
        for bad in ["030 1234567", "+0301234567", "+49", "+49 30 1234567 ext 5", "", "+4930123456789012"] {
            assert_eq!(phone(bad), None, "{bad}");
        }
    }

    /// The signature is worked out again from what the server got (AWS Signature Version 4).
    #[tokio::test]
    async fn requests_to_sns_are_signed() {
        use hmac::{Hmac, KeyInit, Mac};
        use sha2::{Digest, Sha256};
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        crate::tls::install_provider();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let host = listener.local_addr().expect("an address").to_string();
        let url = Url::parse(&format!("http://{host}/")).expect("an address");
        let credential = AwsCredential {
            key_id: "AKID".to_owned(),
            secret_key: "secret".to_owned(),
            token: Some("session".to_owned()),
        };
        let credentials: AwsCredentialProvider = Arc::new(StaticCredentialProvider::new(credential));
        let provider = Provider::Sns { url, region: "eu-central-1".to_owned(), credentials };
        let texter = Texter { client: reqwest::Client::new(), provider };
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut got = Vec::new();
            let mut buffer = [0; 4096];
            while !String::from_utf8_lossy(&got).contains("Message=Hello") {
                let read = stream.read(&mut buffer).await.expect("a request");
                got.extend_from_slice(&buffer[..read]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.expect("an answer");
            String::from_utf8(got).expect("text")
        };
        let (sent, got) = tokio::join!(texter.send("+4930", "Hello"), server);
        assert_eq!(sent, Ok(()));
        let (head, body) = got.split_once("\r\n\r\n").expect("a body");
        let header = |name: &str| {
            let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
            line.and_then(|line| line.split_once(": ")).map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        assert_eq!(body, "Action=Publish&Version=2010-03-31&PhoneNumber=%2B4930&Message=Hello");
        let authorization = header("authorization");
        let part = |name: &str| {
            let rest = authorization.split_once(name).map(|(_, rest)| rest).unwrap_or_default();
            rest.split(',').next().unwrap_or_default().to_owned()
        };
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mac = |key: &[u8], text: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        };
        let names = part("SignedHeaders=");
        assert!(
            ["host", "x-amz-date", "x-amz-security-token"].iter().all(|name| names.contains(name)),
            "{names}"
        );
        let headers: String = names.split(';').map(|name| format!("{name}:{}\n", header(name))).collect();
        let request = format!("POST\n/\n\n{headers}\n{names}\n{}", hex(&Sha256::digest(body)));
        let date = header("x-amz-date");
        let scope = format!("{}/eu-central-1/sns/aws4_request", &date[..8]);
        assert_eq!(part("Credential="), format!("AKID/{scope}"));
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(request)));
        let key = ["eu-central-1", "sns", "aws4_request"]
            .iter()
            .fold(mac(b"AWS4secret", &date[..8]), |key, part| mac(&key, part));
        assert_eq!(part("Signature="), hex(&mac(&key, &text)));
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(form(&[("To", "+4930"), ("Body", "a b&c=d\n")]), "To=%2B4930&Body=a+b%26c%3Dd%0A");
    }
}
