//! Sign-in by OpenID Connect: authorization code with PKCE, for a provider that the configuration names.
//!
//! A browser that begins gets a random token in a cookie. State, nonce and code verifier follow from the token, whose
//! hash alone is kept: only the browser that began can end a sign-in, and once. Whoever comes back is looked up by
//! issuer and subject; somebody who is not known that way is bound to the account of the e-mail address that the
//! provider vouches for. Accounts are made only where the configuration says so, and never owners; an account that is
//! there keeps the role that it was given here.
//!
//! A second factor that the provider saw counts. Where an account has one here and the provider does not say so, the
//! sign-in waits for its code under the same cookie. The setting that admins need one asks for one that is enrolled here.

mod accounts;
mod http;
mod provider;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{Connection, PgConnection};
use hmac::{Hmac, KeyInit, Mac};
use openidconnect::url::Url;
use serde_json::json;
use sha2::Sha256;
use types::{OidcRefusal, OidcSignedIn, OidcView};
use uuid::Uuid;

pub use provider::{Identity, Provider};

use crate::domain::second_factor;
use crate::domain::sessions::{self, SignInFrom, new_token, token_hash};
use crate::domain::throttle::Attempt;
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::oidc::SignInRow;
use crate::models::users::User;
use crate::state::App;

/// How long a sign-in may take.
pub const HOLDS: TimeDelta = TimeDelta::minutes(10);
/// How far the provider's clock may be behind.
const SKEW: TimeDelta = TimeDelta::seconds(60);
const MOST_CHARACTERS: usize = 1000;

/// What binds a request to the provider to the browser that made it.
#[derive(Clone)]
pub struct Bound {
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Is shown with the code (RFC 7636).
    pub verifier: String,
}

impl Bound {
    /// Follows from the token in the browser's cookie.
    fn to(token: &str) -> Result<Self, ApiError> {
        let derive = |what: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).map_err(anyhow::Error::from)?;
            mac.update(what.as_bytes());
            Ok::<_, ApiError>(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
        };
        Ok(Self { state: derive("state")?, nonce: derive("nonce")?, verifier: derive("verifier")? })
    }
}

/// What the provider sends back with the browser.
#[derive(Debug, Clone, Default)]
pub struct Returned {
    /// What to exchange for an ID token.
    pub code: Option<String>,
    /// What was sent along.
    pub state: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// Who answers (RFC 9207).
    pub issuer: Option<String>,
}

/// How a browser that comes back goes on.
#[derive(Debug)]
pub enum Outcome {
    /// Signed in, under this token, or confirmed, under the one it has.
    Done {
        /// The new session's token.
        token: Option<String>,
        /// The page to show.
        return_to: String,
    },
    /// The second factor is to be given.
    SecondFactor,
}

/// What to show on the sign-in page.
pub fn view(app: &App) -> OidcView {
    match &app.oidc {
        Some(provider) => OidcView { enabled: true, label: provider.config.label.clone() },
        None => OidcView { enabled: false, label: String::new() },
    }
}

fn provider(app: &App) -> Result<&Provider, ApiError> {
    app.oidc.as_ref().ok_or(ApiError::NotFound("provider of sign-ins: ATTENDANCE_OIDC_ISSUER names one"))
}

/// A page of this site, by its path.
///
/// # Errors
/// 422 for whatever could lead elsewhere.
pub fn local_path(text: &str) -> Result<String, ApiError> {
    let wrong = || ApiError::invalid("return", "Give the path of a page of this site.");
    let plain = |c: char| c.is_ascii_graphic() && c != '\\' && c != '"' && c != '<' && c != '>';
    if text.len() > MOST_CHARACTERS || !text.starts_with('/') || !text.chars().all(plain) {
        return Err(wrong());
    }
    // As a browser reads it: `//host` and what dots make of it are no pages of this site.
    let here = Url::parse("https://site.invalid/").map_err(anyhow::Error::from)?;
    let there = here.join(text).map_err(|_| wrong())?;
    let path = there.path();
    if there.origin() != here.origin() || path.starts_with("//") || path.starts_with("/api/") {
        return Err(wrong());
    }
    Ok(text.to_owned())
}

/// Begins a sign-in; `confirms` is the session to confirm instead of starting one. Returns the address to send the
/// browser to, and the token for its cookie.
///
/// # Errors
/// 404 where no provider is configured; [`ApiError::OidcRefused`] while it is away; 503.
pub async fn begin(
    app: &App,
    return_to: String,
    old_session: Option<Vec<u8>>,
    confirms: Option<Uuid>,
) -> Result<(String, String), ApiError> {
    let provider = provider(app)?;
    let (token, token_hash) = new_token();
    let address = provider.authorize_url(Bound::to(&token)?, confirms.is_some()).await;
    let address = address.map_err(ApiError::OidcRefused)?;
    let now = Utc::now();
    let row = SignInRow {
        token_hash,
        return_to,
        old_session,
        confirms,
        user_id: None,
        authenticated_at: None,
        created_at: now,
        expires_at: now + HOLDS,
    };
    app.db.run(move |conn| Ok(models::oidc::insert(conn, &row)?)).await?;
    Ok((address, token))
}

/// Ends a sign-in with what the provider sent back; `token` is that of the browser's cookie.
///
/// # Errors
/// 404 where no provider is configured; [`ApiError::OidcRefused`]; 503.
pub async fn come_back(
    app: &App,
    token: Option<String>,
    returned: Returned,
    from: SignInFrom,
) -> Result<Outcome, ApiError> {
    let provider = provider(app)?;
    let refuse = |why| Err(ApiError::OidcRefused(why));
    let Some(token) = token else { return refuse(OidcRefusal::Expired) };
    let bound = Bound::to(&token)?;
    // Both are hashed: what differs where is not to be learnt from how long it takes.
    if returned.state.as_deref().map(token_hash) != Some(token_hash(&bound.state)) {
        return refuse(OidcRefusal::Expired);
    }
    let hash = token_hash(&token);
    let taken = app.db.run(move |conn| Ok(models::oidc::take(conn, &hash, false)?)).await?;
    let Some(row) = taken else { return refuse(OidcRefusal::Expired) };
    let outcome = match (returned.code, returned.issuer) {
        (_, Some(issuer)) if issuer != provider.issuer() => refuse(OidcRefusal::TokenRefused),
        (None, _) => {
            // The provider's words go into the log, quoted and cut; they are anybody's who knows the address.
            let error: String = returned.error.unwrap_or_default().chars().take(100).collect();
            tracing::info!(oidc.error = ?error, "the provider sends somebody back without a code");
            refuse(OidcRefusal::Denied)
        }
        (Some(code), _) => match provider.identify(code, bound).await {
            Ok(identity) => admit(app, row, identity, &from).await,
            Err(why) => refuse(why),
        },
    };
    if let Err(ApiError::OidcRefused(why)) = &outcome {
        let detail = json!({ "oidc": why.name() });
        let audit = move |conn: &mut PgConnection| {
            let subject = ("user", None);
            Ok(models::audit::insert(conn, Actor::System, "session.refused", subject, detail)?)
        };
        app.db.run(audit).await?;
    }
    outcome
}

/// Lets somebody in whom the provider vouches for, or asks for their second factor.
async fn admit(
    app: &App,
    row: SignInRow,
    identity: Identity,
    from: &SignInFrom,
) -> Result<Outcome, ApiError> {
    let authenticated_at = identity.authenticated_at.map(|at| at.min(Utc::now()));
    if row.confirms.is_some() && authenticated_at.is_none_or(|at| at < row.created_at - SKEW) {
        return Err(ApiError::OidcRefused(OidcRefusal::NotRecent));
    }
    let rules = app.oidc.as_ref().map(|provider| provider.config.create_accounts);
    let (create, from) = (rules.unwrap_or_default(), from.clone());
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                let user = accounts::of(conn, &identity, create)?;
                if !identity.second_factor && second_factor::stands(conn, user.id)? {
                    let waiting = SignInRow {
                        user_id: Some(user.id),
                        authenticated_at,
                        expires_at: Utc::now() + HOLDS,
                        ..row
                    };
                    models::oidc::insert(conn, &waiting)?;
                    return Ok(Outcome::SecondFactor);
                }
                let return_to = row.return_to.clone();
                let token = finish(conn, &user, &row, authenticated_at, &from)?;
                Ok(Outcome::Done { token, return_to })
            })
        })
        .await
}

/// Starts the session, under a new token; or confirms the one that it is about.
fn finish(
    conn: &mut PgConnection,
    user: &User,
    row: &SignInRow,
    authenticated_at: Option<DateTime<Utc>>,
    from: &SignInFrom,
) -> Result<Option<String>, ApiError> {
    if let Some(session) = row.confirms {
        if !models::sessions::confirm_of(conn, user.id, session)? {
            return Err(ApiError::OidcRefused(OidcRefusal::OtherAccount));
        }
        return Ok(None);
    }
    if let Some(old) = &row.old_session {
        models::sessions::delete(conn, old)?;
    }
    let (token, id_hash) = new_token();
    sessions::start(conn, user.id, id_hash.clone(), from)?;
    // A provider may let people pass who showed hours ago who they are: what asks for a fresh sign-in asks again then.
    let confirmed_at = authenticated_at.unwrap_or(DateTime::UNIX_EPOCH);
    models::sessions::set_confirmed_at(conn, &id_hash, confirmed_at)?;
    Ok(Some(token))
}

/// Takes the second factor of a sign-in that waits for it.
///
/// # Errors
/// 404 where none waits any more; 401 for a wrong code; 429; [`ApiError::OidcRefused`]; 503.
pub async fn second_factor(
    app: &App,
    token: Option<String>,
    code: String,
    from: SignInFrom,
) -> Result<(Option<String>, OidcSignedIn), ApiError> {
    let gone = || ApiError::NotFound("sign-in under way any more: begin again");
    let hash = token_hash(&token.ok_or_else(gone)?);
    let looked_up = hash.clone();
    let user = app
        .db
        .run(move |conn| {
            let (_, user) = models::oidc::find_waiting(conn, &looked_up)?.ok_or_else(gone)?;
            Ok(models::users::find(conn, user)?)
        })
        .await?;
    let attempt = Attempt::on(&user.email, from.address);
    let checked = attempt.clone();
    app.db.run(move |conn| checked.check(conn)).await?;
    second_factor::check(app, &attempt, user.id, Some(code)).await?;
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                let row = models::oidc::take(conn, &hash, true)?.ok_or_else(gone)?;
                let user = models::users::find_for_update(conn, user.id)?;
                if user.disabled_at.is_some() {
                    return Err(ApiError::OidcRefused(OidcRefusal::AccountDisabled));
                }
                attempt.succeeded(conn)?;
                let token = finish(conn, &user, &row, row.authenticated_at, &from)?;
                Ok((token, OidcSignedIn { return_to: row.return_to }))
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_this_site_and_no_other() {
        for path in ["/", "/people", "/people/1?x=1&y=//2", "/settings/users#top", "/a//b"] {
            assert_eq!(local_path(path).ok().as_deref(), Some(path));
        }
        for path in [
            "",
            "people",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/..//evil.example",
            "/.//evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/api/v1/session/oidc/start",
            "/x/../api/v1/people",
            "/\"onclick=",
            "/a b",
            "/é",
        ] {
            assert!(local_path(path).is_err(), "{path:?}");
        }
        assert!(local_path(&format!("/{}", "a".repeat(MOST_CHARACTERS))).is_err());
    }

    #[test]
    fn what_binds_a_request_differs_by_use_and_by_browser() {
        let (one, other) = (Bound::to("one").expect("derived"), Bound::to("other").expect("derived"));
        let all = [&one.state, &one.nonce, &one.verifier, &other.state, &other.nonce, &other.verifier];
        let distinct: std::collections::BTreeSet<_> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(one.verifier.len(), 43, "the shortest that RFC 7636 allows, with all of its randomness");
        assert_eq!(Bound::to("one").expect("derived").state, one.state);
    }
}
