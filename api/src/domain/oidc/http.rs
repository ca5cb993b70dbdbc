//! How the provider is asked: with limits on time and size, and not just anywhere.
//!
//! The provider names its own addresses, so each is checked: https, or http on this machine alone; a name is resolved
//! once and connected to at that address; private networks are closed unless the configuration opens them. Redirects
//! are not followed, and proxies are not used, which would resolve names again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use ipnetwork::IpNetwork;
use openidconnect::url::{Host, Url};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::config::OidcConfig;

/// All of an answer must have come by then.
const DEADLINE: Duration = Duration::from_secs(5);
/// A discovery document has a few kilobytes, and so has a set of keys.
const MOST_BYTES: usize = 1 << 20;

/// Asks the provider.
#[derive(Debug)]
pub struct Http {
    client: reqwest::Client,
    open: Arc<[IpNetwork]>,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum HttpError {
    #[error("{0} is not asked: it must be https, or http on this machine")]
    Plain(String),
    #[error(
        "{0} is not asked: it is in no public network, and ATTENDANCE_OIDC_NETWORKS does not name its own"
    )]
    Closed(String),
    #[error("the answer is larger than {MOST_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    Failed(#[from] reqwest::Error),
    #[error(transparent)]
    Unreadable(#[from] http::Error),
}

impl Http {
    /// Connects when it is first asked.
    ///
    /// # Errors
    /// When the certificate authority cannot be read.
    pub fn new(config: &OidcConfig) -> Result<Self> {
        let open: Arc<[IpNetwork]> = config.networks.clone().into();
        let mut client = reqwest::Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(OpenAddresses(open.clone())));
        if let Some(path) = &config.ca {
            let pem = std::fs::read(path)
                .with_context(|| format!("ATTENDANCE_OIDC_CA: {} cannot be read", path.display()))?;
            let ca = reqwest::Certificate::from_pem(&pem).with_context(|| {
                format!("ATTENDANCE_OIDC_CA: {} is not a PEM certificate", path.display())
            })?;
            client = client.tls_certs_only([ca]);
        }
        Ok(Self { client: client.build()?, open })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        self.check(request.url())?;
        let mut answer = self.client.execute(request).await?;
        let mut response = http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(HttpError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }

    /// Names are looked at as they are resolved; addresses never are, so they are here.
    fn check(&self, url: &Url) -> Result<(), HttpError> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        let here = address.map_or(url.host_str() == Some("localhost"), |address| address.is_loopback());
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Err(HttpError::Plain(url.origin().ascii_serialization()));
        }
        match address {
            Some(address) if !may_ask(address, &self.open) => Err(HttpError::Closed(address.to_string())),
            _ => Ok(()),
        }
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Resolves names to addresses that may be asked.
#[derive(Debug)]
struct OpenAddresses(Arc<[IpNetwork]>);

impl Resolve for OpenAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let open = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let open: Vec<SocketAddr> = found.filter(|found| may_ask(found.ip(), &open)).collect();
            if open.is_empty() {
                return Err(HttpError::Closed(name.as_str().to_owned()).into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

fn may_ask(address: IpAddr, open: &[IpNetwork]) -> bool {
    let plain = address.to_canonical();
    open.iter().any(|network| network.contains(plain)) || is_public(plain)
}

/// Whether an address is one of the Internet's, by the special-purpose registries of IANA (RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let protocols = a == 192 && b == 0 && c == 0;
    let benchmarks = a == 198 && (18..20).contains(&b);
    !(a == 0
        || a >= 224
        || shared
        || protocols
        || benchmarks
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation())
}

/// Global unicast is 2000::/3. Of it, 6to4 carries an address of the other kind; Teredo and documentation are nobody's.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    match segments {
        [0x2002, high, low, ..] => {
            let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        [0x2001, 0..0x200, ..] | [0x2001, 0xdb8, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_networks_are_closed_unless_they_are_named() {
        let open = ["10.1.0.0/16".parse().expect("a network")];
        for (address, asked) in [
            ("203.0.114.7", true),
            ("2606:4700::1111", true),
            ("10.1.2.3", true),
            ("::ffff:10.1.2.3", true),
            ("10.2.0.1", false),
            ("127.0.0.1", false),
            ("::1", false),
            ("169.254.169.254", false),
            ("::ffff:169.254.169.254", false),
            ("2002:a9fe:a9fe::1", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("fd00:ec2::254", false),
            ("fe80::1", false),
            ("100.64.0.1", false),
            ("192.168.1.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
        ] {
            assert_eq!(may_ask(address.parse().expect("an address"), &open), asked, "{address}");
        }
    }
}
