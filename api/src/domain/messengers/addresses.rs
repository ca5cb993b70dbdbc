//! Which addresses a webhook may reach: what an admin of the page types must not open the server's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnetwork::IpNetwork;
use reqwest::Url;

use super::Failure;

/// Where webhooks may go.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Networks that are allowed although they are not public.
    pub networks: Vec<IpNetwork>,
    /// Whether plain `http` is allowed.
    pub http: bool,
}

impl Reach {
    fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        is_public(address) || self.networks.iter().any(|network| network.contains(address))
    }

    /// An address that may be tried, as far as it can be told without asking for names.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn check(&self, text: &str) -> Result<Url, String> {
        let url = Url::parse(text).map_err(|_| "This is not an address: write https://….".to_owned())?;
        match url.scheme() {
            "https" => {}
            "http" if self.http => {}
            "http" => return Err("Use https: the server's settings do not allow plain http.".to_owned()),
            _ => return Err("Use https.".to_owned()),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("Leave user name and password out: requests are signed.".to_owned());
        }
        if url.fragment().is_some() {
            return Err("Leave out what stands after the #: it is not sent.".to_owned());
        }
        match literal(&url) {
            Some(address) if !self.allows(address) => Err(refused(address)),
            Some(_) => Ok(url),
            None if url.host_str().is_some_and(|host| !host.is_empty()) => Ok(url),
            None => Err("This address names no host.".to_owned()),
        }
    }

    /// The addresses of a host, all of which may be reached. Connect to these and ask for no names again.
    ///
    /// # Errors
    /// Where there are none, and for good where one of them may not be reached.
    pub async fn resolve(&self, url: &Url) -> Result<Vec<SocketAddr>, Failure> {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(443);
        let found: Vec<SocketAddr> = match literal(url) {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => tokio::net::lookup_host((host, port))
                .await
                .map_err(|error| Failure::passing(format!("The name {host} has no address: {error}.")))?
                .collect(),
        };
        if found.is_empty() {
            return Err(Failure::passing(format!("The name {host} has no address.")));
        }
        match found.iter().find(|address| !self.allows(address.ip())) {
            Some(address) => Err(Failure::lasting(refused(address.ip()))),
            None => Ok(found),
        }
    }
}

fn refused(address: IpAddr) -> String {
    format!("{address} is not on the public internet, and the server's settings do not allow it.")
}

/// The address that stands in a URL in place of a name.
fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

/// Whether an address is on the public internet, by the registries of special-purpose addresses (IANA; RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(matches!(a, 0 | 10 | 127 | 224..=255)
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 168)
        || (a == 198 && (b == 18 || b == 19))
        || matches!((a, b, c), (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113)))
}

/// Global unicast alone, without documentation and without what carries an IPv4 address (Teredo, 6to4).
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    (0x2000..0x4000).contains(&a)
        && !(a == 0x2001 && (b < 0x200 || b == 0xdb8))
        && a != 0x2002
        && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_reached() {
        let reach = Reach::default();
        for inside in [
            "127.0.0.1",
            "127.8.9.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.5",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.88.99.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "100::1",
            "3fff::1",
            "5f00::1",
        ] {
            assert!(!reach.allows(inside.parse().expect("an address")), "{inside}");
        }
        for outside in
            ["1.1.1.1", "172.32.0.1", "100.128.0.1", "8.8.8.8", "2606:4700::1111", "2a00:1450:4001::1"]
        {
            assert!(reach.allows(outside.parse().expect("an address")), "{outside}");
        }
        let allowed = Reach { networks: vec!["10.0.0.0/8".parse().expect("a network")], http: false };
        assert!(allowed.allows("10.1.1.1".parse().expect("an address")));
        assert!(allowed.allows("::ffff:10.1.1.1".parse().expect("an address")));
        assert!(!allowed.allows("127.0.0.1".parse().expect("an address")));
    }

    #[test]
    fn addresses_are_checked_before_they_are_stored() {
        let reach = Reach::default();
        for good in ["https://example.org/hook", "https://example.org:8443/a?b=c", "https://1.1.1.1/"] {
            assert!(reach.check(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.org",
            "ftp://example.org",
            "http://example.org",
            "file:///etc/passwd",
            "https://",
            "https://user:pw@example.org/",
            "https://user@example.org/",
            "https://example.org/#x",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://10.0.0.1:8443/x",
        ] {
            assert!(reach.check(bad).is_err(), "{bad}");
        }
        assert!(Reach { http: true, ..Reach::default() }.check("http://example.org/").is_ok());
    }
}
