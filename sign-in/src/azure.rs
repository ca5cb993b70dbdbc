//! Azure: a token of the machine's or function's managed identity for the service of open source databases.
//!
//! A token is valid for hours; it is kept, and renewed some minutes before it ends. While a renewal fails, the one that
//! is still valid serves. One caller asks at a time; those that wait meanwhile take what it got, also when that is a
//! failure, so that a crowd of connections does not ask one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use reqwest::header::HeaderValue;
use reqwest::{RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use crate::{Password, setting};

const RESOURCE: &str = "https://ossrdbms-aad.database.windows.net";
const METADATA_SERVICE: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// Renewed when it has less than this to go: whoever got it needs some time to use it.
const MARGIN: Duration = Duration::from_secs(5 * 60);
/// After a failed renewal, for how long the token that is still valid serves before another try.
const BETWEEN_RENEWALS: Duration = Duration::from_secs(20);
const ONE_TRY: Duration = Duration::from_secs(2);
/// For all tries together.
const LIMIT: Duration = Duration::from_secs(6);
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(600)];

type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

pub struct Azure {
    client: reqwest::Client,
    source: Source,
    client_id: Option<String>,
    clock: Clock,
    kept: Mutex<Kept>,
}

/// Who gives tokens.
enum Source {
    /// A machine's metadata service.
    Machine { url: Url },
    /// What Azure Functions gives to its processes; the header's value keeps others on the host away.
    Function { url: Url, header: HeaderValue },
}

#[derive(Default)]
struct Kept {
    token: Option<Token>,
    failed: Option<(Instant, String)>,
}

struct Token {
    password: Password,
    ends: SystemTime,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_on: Seconds,
}

/// Seconds since 1970: text from both services, and a number from some versions.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Text(String),
    Number(u64),
}

/// What the services say of a failure.
#[derive(Deserialize)]
struct Refusal {
    #[serde(alias = "message")]
    error_description: String,
}

impl Azure {
    /// A function's endpoint where there is one, else the machine's metadata service. `AZURE_CLIENT_ID` chooses among
    /// user-assigned identities; without it the system-assigned one is asked for.
    pub fn from_env() -> Result<Self> {
        let source = match (setting("IDENTITY_ENDPOINT"), setting("IDENTITY_HEADER")) {
            (Some(url), Some(header)) => {
                let mut header =
                    HeaderValue::from_str(&header).context("IDENTITY_HEADER is no value of a header")?;
                header.set_sensitive(true);
                Source::Function {
                    url: Url::parse(&url).context("IDENTITY_ENDPOINT is not an address")?,
                    header,
                }
            }
            _ => Source::Machine { url: Url::parse(METADATA_SERVICE)? },
        };
        Self::new(source, setting("AZURE_CLIENT_ID"), Arc::new(SystemTime::now))
    }

    fn new(source: Source, client_id: Option<String>, clock: Clock) -> Result<Self> {
        // Both services are on the host itself: no proxy stands between, and nobody sends on from there.
        let client = reqwest::Client::builder()
            .timeout(ONE_TRY)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { client, source, client_id, clock, kept: Mutex::default() })
    }

    pub async fn token(&self) -> Result<Password> {
        let came = Instant::now();
        let mut kept = self.kept.lock().await;
        let left = |token: &Token| token.ends.duration_since((self.clock)()).unwrap_or_default();
        let valid = match &kept.token {
            Some(token) if left(token) > MARGIN => return Ok(token.password.clone()),
            Some(token) if left(token) > ONE_TRY => Some(token.password.clone()),
            _ => None,
        };
        match (&kept.failed, &valid) {
            (Some((at, _)), Some(token)) if at.elapsed() < BETWEEN_RENEWALS => return Ok(token.clone()),
            (Some((at, why)), None) if *at >= came => bail!("{why}"),
            _ => {}
        }
        let asked = timeout(LIMIT, self.ask()).await;
        match asked.unwrap_or_else(|_| bail!("no answer within {LIMIT:?}")).context(self.source.advice()) {
            Ok(token) => {
                let password = token.password.clone();
                *kept = Kept { token: Some(token), failed: None };
                Ok(password)
            }
            Err(error) => {
                kept.failed = Some((Instant::now(), format!("{error:#}")));
                let Some(token) = valid else { return Err(error) };
                tracing::warn!(
                    error.cause = format!("{error:#}"),
                    "the token for the database is not renewed yet"
                );
                Ok(token)
            }
        }
    }

    async fn ask(&self) -> Result<Token> {
        let mut pauses = PAUSES.iter();
        loop {
            let (why, passing) = match self.request().send().await {
                Ok(answer) if answer.status() == StatusCode::OK => {
                    let answer: Answer = answer.json().await.context("its answer is no token")?;
                    return self.token_of(answer);
                }
                Ok(answer) => {
                    let status = answer.status();
                    let said = answer.text().await.unwrap_or_default();
                    // 404 and 410: the service is being renewed, as its documentation has it.
                    let passing = matches!(status.as_u16(), 404 | 410 | 429) || status.is_server_error();
                    (format!("it answered {}: {}", status.as_u16(), reason(&said)), passing)
                }
                Err(error) => (format!("{:#}", anyhow::Error::from(error.without_url())), true),
            };
            match pauses.next() {
                Some(pause) if passing => sleep(*pause).await,
                _ => bail!(why),
            }
        }
    }

    fn request(&self) -> RequestBuilder {
        let (request, version) = match &self.source {
            Source::Machine { url } => {
                (self.client.get(url.clone()).header("Metadata", "true"), "2018-02-01")
            }
            Source::Function { url, header } => {
                (self.client.get(url.clone()).header("X-IDENTITY-HEADER", header.clone()), "2019-08-01")
            }
        };
        let client_id = self.client_id.as_deref().map(|id| ("client_id", id));
        request.query(&[("api-version", version), ("resource", RESOURCE)]).query(&client_id.as_slice())
    }

    fn token_of(&self, answer: Answer) -> Result<Token> {
        let seconds = match answer.expires_on {
            Seconds::Number(seconds) => seconds,
            Seconds::Text(text) => text.parse().context("its answer does not say when the token ends")?,
        };
        ensure!(!answer.access_token.is_empty(), "its answer holds no token");
        let ends = SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_secs(seconds))
            .context("its answer does not say when the token ends")?;
        ensure!(
            ends > (self.clock)(),
            "the token that it gave has ended already: look at the clock of this machine"
        );
        Ok(Token { password: Password(answer.access_token), ends })
    }
}

impl Source {
    fn advice(&self) -> String {
        match self {
            Self::Machine { url } => format!(
                "Azure gave no token to sign in to the database with. Look whether the identity that AZURE_CLIENT_ID \
                 names is assigned to this machine, and whether its metadata service ({}) can be reached",
                url.host_str().unwrap_or_default()
            ),
            Self::Function { .. } => {
                "Azure gave no token to sign in to the database with. Look whether the identity \
                                      that AZURE_CLIENT_ID names is assigned to this function"
                    .to_owned()
            }
        }
    }
}

/// What a service says of its failure, on one line and not too long.
fn reason(said: &str) -> String {
    let told = serde_json::from_str::<Refusal>(said).map(|refusal| refusal.error_description);
    let text = told.unwrap_or_else(|_| said.to_owned());
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests;
