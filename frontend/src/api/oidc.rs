//! Signing in by a provider.

use gloo_net::http::Method;
use types::{OidcSecondFactor, OidcSignedIn, OidcView};

use super::{Api, Coming, json};

impl Api {
    pub fn oidc(self) -> Coming<OidcView> {
        self.get("session/oidc".to_owned())
    }

    pub fn oidc_second_factor(self, totp: String) -> Coming<OidcSignedIn> {
        let path = "session/oidc/second-factor".to_owned();
        self.read(Method::POST, path, json(&OidcSecondFactor { totp }))
    }
}
