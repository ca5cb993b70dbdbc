//! Who asks, as extractors: a handler's signature says who may call it.
//!
//! [`CurrentUser`] is anybody signed in, a member with their own record included; [`Viewer`] whoever may look at other
//! people's records, within their [`Scope`]; [`Manager`] whoever may mark attendance, within the same; [`Reader`] whoever
//! may see what attendance was, a member their own; [`Admin`] an admin; [`Owner`] an admin who is an owner;
//! [`FrameSender`] a feed's own token, its kiosk, an admin, or whoever is assigned to the feed; [`Kiosk`] a paired tablet, by
//! a cookie of its own that nothing else looks at. An API key counts as an admin
//! within its scopes. [`Account`] is anybody signed in but a key; [`InPerson`] the same, an admin who has yet to enrol a
//! second factor included; [`Fresh`] adds to a permission that their password was given lately, which no key has.
//! A handler without one of them is public; `routes` lists those. Requests that carry a cookie and change something, and WebSocket upgrades, must come from the site itself (`Origin`).

mod kiosk;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;

use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::PgConnection;
use types::{FeedId, Role, UserId};
use uuid::Uuid;

use crate::domain::api_keys::{self, Scopes};
use crate::domain::second_factor;
use crate::domain::sessions::{self, SignInFrom, token_hash};
use crate::domain::users::By;
use crate::error::ApiError;
use crate::models::audit::Actor;
use crate::models::feed_tokens::DEVICE;
use crate::models::feeds::Feed;
use crate::models::scope::Scope;
use crate::models::{self};
use crate::state::App;

pub use crate::domain::kiosk::Kiosk;
pub use kiosk::{ended_kiosk_cookie, kiosk_cookie};

const COOKIE: &str = "attendance_session";
/// How a browser, which cannot set headers on a WebSocket, sends a device token.
const SUBPROTOCOL: &str = "bearer.";
/// How long after a password was given what asks for a fresh sign-in may be done.
const FRESH: TimeDelta = TimeDelta::minutes(30);
/// How often it is written down that a feed's token is used.
const TOKEN_USE_NOTED: TimeDelta = TimeDelta::minutes(1);
const NO_KEY: ApiError = ApiError::Forbidden("A key cannot do this: it takes somebody who signs in.");

type Extraction<T> = Pin<Box<dyn Future<Output = Result<T, ApiError>>>>;

/// Somebody signed in.
#[derive(Debug, Clone)]
pub struct CurrentUser {
    /// Their id.
    pub id: UserId,
    /// Their e-mail address.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Whether they are an owner, who is an admin.
    pub owner: bool,
    /// Whose records they may see.
    pub scope: Scope,
    /// What they showed.
    pub shown: Shown,
    /// Whether they must enrol a second factor before anything else.
    pub must_enrol: bool,
}

/// What somebody signed in shows with a request.
#[derive(Debug, Clone)]
pub enum Shown {
    /// The cookie of a browser's session.
    Session {
        /// Hash of the cookie.
        hash: Vec<u8>,
        /// What the session is called.
        id: Uuid,
        /// When the password was last given.
        confirmed_at: DateTime<Utc>,
    },
    /// An API key.
    Key {
        /// Its hash.
        hash: Vec<u8>,
        /// What it opens.
        scopes: Scopes,
    },
}

/// Somebody with a browser's session; an admin who has yet to enrol a second factor, too.
#[derive(Debug, Clone)]
pub struct InPerson(pub CurrentUser);

/// Somebody with a browser's session, and no key, for what is their own.
#[derive(Debug, Clone)]
pub struct Account(pub CurrentUser);

/// A permission of somebody whose password was given within the last half hour.
#[derive(Debug, Clone)]
pub struct Fresh<P>(pub P);

/// Whoever may see other people's records: anybody but a member. What they see is bounded by their scope.
#[derive(Debug, Clone)]
pub struct Viewer(pub CurrentUser);

/// Whoever may mark attendance: a manager in their own groups, an admin everywhere.
#[derive(Debug, Clone)]
pub struct Manager(pub CurrentUser);

/// Whoever may see what attendance was: a manager in their own groups, an admin everywhere, a member their own.
#[derive(Debug, Clone)]
pub struct Reader(pub CurrentUser);

/// An admin.
#[derive(Debug, Clone)]
pub struct Admin(pub CurrentUser);

/// An admin who is an owner.
#[derive(Debug, Clone)]
pub struct Owner(pub CurrentUser);

/// Whoever may send frames to the feed in the path.
#[derive(Debug, Clone)]
pub struct FrameSender {
    /// The feed.
    pub feed: Feed,
    /// What opened it.
    pub credential: Credential,
    /// The sender's address.
    pub address: IpAddr,
}

/// What opened a feed.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Its token; by its hash it is looked up again later.
    Token(Vec<u8>),
    /// The cookie of a kiosk of the feed; by its hash it is looked up again later.
    Kiosk(Vec<u8>),
    /// An admin, or somebody who is assigned to the feed.
    User(CurrentUser),
}

impl Credential {
    /// Who an arrival is said to come from.
    pub fn actor(&self, feed: &Feed) -> Actor {
        match self {
            Self::Token(_) | Self::Kiosk(_) => Actor::Feed(feed.id),
            Self::User(user) => Actor::User(user.id.0),
        }
    }

    /// Whether the sender may date frames back as far as they like.
    pub fn may_backdate(&self) -> bool {
        match self {
            Self::Token(_) | Self::Kiosk(_) => false,
            Self::User(user) => match &user.shown {
                Shown::Session { .. } => user.role == Role::Admin,
                Shown::Key { scopes, .. } => scopes.has(api_keys::BACKFILL),
            },
        }
    }
}

impl FrameSender {
    /// Looks the permission up again, for connections that stay open; brings the feed's settings up to date.
    ///
    /// # Errors
    /// 401 or 403 when it ended, 404 when the feed is gone, 503 while the database is away.
    pub async fn renew(&mut self, app: &App) -> Result<(), ApiError> {
        let id = self.feed.id;
        self.feed = match &self.credential {
            Credential::Token(hash) => feed_by_token(app, hash.clone(), id, self.address).await?,
            Credential::Kiosk(hash) => kiosk::feed(app, hash.clone(), id, self.address).await?,
            Credential::User(user) => {
                user.renew(app).await?;
                feed_for(app, user, id).await?
            }
        };
        Ok(())
    }
}

impl CurrentUser {
    /// Looks them up again, for connections that stay open.
    ///
    /// # Errors
    /// 401 when session or key has ended, 403 when the role or its reach has changed, 503 while the database is away.
    pub async fn renew(&self, app: &App) -> Result<(), ApiError> {
        let user = match &self.shown {
            Shown::Session { hash, .. } => user_of_session(app, hash.clone()).await?,
            Shown::Key { hash, .. } => user_of_key(app, hash.clone(), None).await?,
        };
        let same = (user.role, user.owner, user.must_enrol) == (self.role, self.owner, self.must_enrol);
        if same && user.scope == self.scope {
            Ok(())
        } else {
            Err(ApiError::Forbidden("Your role has changed. Sign in again."))
        }
    }

    /// What their session is called.
    ///
    /// # Errors
    /// 403 for an API key.
    pub fn session(&self) -> Result<Uuid, ApiError> {
        match &self.shown {
            Shown::Session { id, .. } => Ok(*id),
            Shown::Key { .. } => Err(NO_KEY),
        }
    }

    /// Checks that their password was given within the last half hour.
    ///
    /// # Errors
    /// 403 otherwise, and for an API key.
    pub fn check_fresh(&self) -> Result<(), ApiError> {
        match &self.shown {
            Shown::Session { confirmed_at, .. } if Utc::now() - confirmed_at <= FRESH => Ok(()),
            Shown::Session { .. } => Err(ApiError::FreshSignInRequired),
            Shown::Key { .. } => Err(NO_KEY),
        }
    }

    /// Themselves, as whoever changes accounts.
    pub fn by(&self) -> By {
        By { id: self.id, owner: self.owner }
    }
}

async fn user_of_session(app: &App, hash: Vec<u8>) -> Result<CurrentUser, ApiError> {
    app.db
        .run(move |conn| {
            let (user, session) = sessions::find(conn, &hash)?;
            let role = sessions::role(&user.role);
            let scope = scope(conn, role, user.id)?;
            let must_enrol = role == Role::Admin && second_factor::must_enrol(conn, user.id)?;
            Ok(CurrentUser {
                id: UserId(user.id),
                email: user.email,
                role,
                owner: user.owner,
                scope,
                shown: Shown::Session { hash, id: session.id, confirmed_at: session.confirmed_at },
                must_enrol,
            })
        })
        .await
}

/// A key acts under its own id and name.
async fn user_of_key(app: &App, hash: Vec<u8>, from: Option<IpAddr>) -> Result<CurrentUser, ApiError> {
    app.db
        .run(move |conn| {
            let key = api_keys::find(conn, &hash, from)?;
            Ok(CurrentUser {
                id: UserId(key.id),
                email: key.name,
                role: Role::Admin,
                owner: false,
                scope: Scope::Everyone,
                shown: Shown::Key { hash, scopes: Scopes::parse(&key.scopes) },
                must_enrol: false,
            })
        })
        .await
}

/// Whose records somebody of a role may see.
///
/// # Errors
/// 503.
pub fn scope(conn: &mut PgConnection, role: Role, user: Uuid) -> Result<Scope, ApiError> {
    Ok(match role {
        Role::Admin | Role::Guard => Scope::Everyone,
        Role::Manager => match models::scope::groups_of(conn, user)? {
            groups if groups.is_empty() => Scope::Nobody,
            groups => Scope::Groups(groups),
        },
        Role::Member => models::scope::person_of(conn, user)?.map_or(Scope::Nobody, Scope::Person),
    })
}

/// What a token of a `kind` opens, and the token's id; notes now and then that it is used, and from where.
async fn opened_by(
    app: &App,
    kind: &'static str,
    hash: Vec<u8>,
    from: IpAddr,
) -> Result<Option<(Feed, Uuid)>, ApiError> {
    app.db
        .run(move |conn| {
            let Some((feed, token)) = models::feed_tokens::find(conn, kind, &hash)? else { return Ok(None) };
            let now = Utc::now();
            if token.last_used_at.is_none_or(|at| now - at >= TOKEN_USE_NOTED) {
                models::feed_tokens::used(conn, token.id, now, Some(from.into()))?;
            }
            Ok(Some((feed, token.id)))
        })
        .await
}

/// The feed that a token opens, where it is this one.
async fn feed_by_token(app: &App, hash: Vec<u8>, id: Uuid, from: IpAddr) -> Result<Feed, ApiError> {
    let (feed, _) = opened_by(app, DEVICE, hash, from).await?.ok_or(ApiError::Unauthenticated)?;
    if feed.id == id { Ok(feed) } else { Err(ApiError::Forbidden("This token belongs to another feed.")) }
}

/// The feed, where this user may send to it.
async fn feed_for(app: &App, user: &CurrentUser, id: Uuid) -> Result<Feed, ApiError> {
    let (user, anywhere) = (user.id.0, user.role == Role::Admin);
    app.db
        .run(move |conn| {
            if !anywhere && !models::users::is_assigned(conn, user, id)? {
                return Err(ApiError::Forbidden("You are not assigned to this feed."));
            }
            models::feeds::find(conn, id).map_err(|error| missing(error, "feed"))
        })
        .await
}

/// Names what is missing.
pub fn missing(error: diesel::result::Error, what: &'static str) -> ApiError {
    match error {
        diesel::result::Error::NotFound => ApiError::NotFound(what),
        error => error.into(),
    }
}

fn app(request: &HttpRequest) -> Result<App, ApiError> {
    let app = request.app_data::<web::Data<App>>();
    app.map(|app| App::clone(app)).ok_or_else(|| ApiError::Internal(anyhow::anyhow!("no App in this scope")))
}

/// The key, token or proof in a request's `Authorization`, or a device token in its subprotocol.
pub fn bearer(request: &HttpRequest) -> Option<String> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let authorization = header(header::AUTHORIZATION).and_then(|value| value.split_once(' '));
    if let Some((_, token)) = authorization.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
        return Some(token.trim().to_owned());
    }
    subprotocol(request).map(|protocol| protocol[SUBPROTOCOL.len()..].to_owned())
}

/// The subprotocol that carries a device token; the upgrade must name it in its answer.
pub fn subprotocol(request: &HttpRequest) -> Option<String> {
    let offered = request.headers().get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    offered.split(',').map(str::trim).find(|protocol| protocol.starts_with(SUBPROTOCOL)).map(str::to_owned)
}

/// Who asks, by session or key. This is the one place where a key's scopes are compared with what the route needs.
async fn identify(request: &HttpRequest) -> Result<CurrentUser, ApiError> {
    let app = app(request)?;
    let Some(session) = session_of(request) else {
        let token = bearer(request).ok_or(ApiError::Unauthenticated)?;
        let hash = token_hash(&token);
        if token.starts_with(api_keys::PREFIX) {
            let user = user_of_key(&app, hash, Some(client_address(request, &app))).await?;
            if let Shown::Key { scopes, .. } = &user.shown {
                let pattern = request.match_pattern().unwrap_or_default();
                scopes.check(&pattern, request.method().is_safe())?;
            }
            return Ok(user);
        }
        let found = app.db.run(move |conn| Ok(models::feed_tokens::find(conn, DEVICE, &hash)?)).await?;
        found.ok_or(ApiError::Unauthenticated)?;
        return Err(ApiError::Forbidden("A feed's token opens that feed's frames and nothing else."));
    };
    let user = user_of_session(&app, session).await?;
    check_own_origin(request, &app)?;
    Ok(user)
}

/// What is asked with a cookie and changes something, or opens a socket, must come from the site itself.
fn check_own_origin(request: &HttpRequest, app: &App) -> Result<(), ApiError> {
    let changes = !request.method().is_safe() || request.headers().contains_key(header::UPGRADE);
    if changes { check_origin(request, app, true) } else { Ok(()) }
}

async fn authenticate(request: &HttpRequest) -> Result<CurrentUser, ApiError> {
    let user = identify(request).await?;
    if user.must_enrol { Err(ApiError::TotpEnrolmentRequired) } else { Ok(user) }
}

/// Checks that a browser's request comes from the site itself.
///
/// # Errors
/// 403 when `Origin` names another site, or is missing although it is `required`.
pub fn check_origin(request: &HttpRequest, app: &App, required: bool) -> Result<(), ApiError> {
    match request.headers().get(header::ORIGIN) {
        Some(origin) if origin.to_str().is_ok_and(|origin| app.site.is_own(origin)) => Ok(()),
        None if !required => Ok(()),
        _ => Err(ApiError::WrongOrigin),
    }
}

/// The hash of the session id in the cookie.
pub fn session_of(request: &HttpRequest) -> Option<Vec<u8>> {
    request
        .cookie(COOKIE)
        .filter(|cookie| !cookie.value().is_empty())
        .map(|cookie| token_hash(cookie.value()))
}

/// The cookie that carries a session.
pub fn session_cookie(app: &App, token: &str) -> Cookie<'static> {
    Cookie::build(COOKIE, token.to_owned())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(app.site.https)
        .max_age(CookieDuration::seconds(sessions::ABSOLUTE.num_seconds()))
        .finish()
}

/// The cookie that takes a session away.
pub fn ended_cookie(app: &App) -> Cookie<'static> {
    let mut cookie = session_cookie(app, "");
    cookie.set_max_age(CookieDuration::ZERO);
    cookie
}

/// The client's address, through trusted proxies only.
pub fn client_address(request: &HttpRequest, app: &App) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip());
    let forwarded = request.headers().get("X-Forwarded-For").and_then(|value| value.to_str().ok());
    app.site.client_address(peer, forwarded)
}

/// From where and with what somebody signs in.
pub fn sign_in_from(request: &HttpRequest, app: &App) -> SignInFrom {
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    SignInFrom {
        address: client_address(request, app),
        user_agent: user_agent.map(str::to_owned),
        old_session: session_of(request),
    }
}

/// Reads the rest of a request, `B`, only once permission `A` is granted: nobody learns from how a body, an id or
/// a query is refused what they may not ask, and no body is read for them.
#[derive(Debug)]
pub struct After<A, B>(pub A, pub B);

impl<A, B> FromRequest for After<A, B>
where
    A: FromRequest<Error = ApiError> + 'static,
    B: FromRequest + 'static,
{
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let permission = A::from_request(&request, &mut Payload::None).await?;
            Ok(Self(permission, B::from_request(&request, &mut payload).await.map_err(Into::into)?))
        })
    }
}

impl FromRequest for CurrentUser {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { authenticate(&request).await })
    }
}

impl FromRequest for InPerson {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let user = identify(&request).await?;
            user.session()?;
            Ok(Self(user))
        })
    }
}

impl AsRef<CurrentUser> for InPerson {
    fn as_ref(&self) -> &CurrentUser {
        &self.0
    }
}

impl<P> FromRequest for Fresh<P>
where
    P: FromRequest<Error = ApiError> + AsRef<CurrentUser> + 'static,
{
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let permission = P::from_request(&request, &mut Payload::None).await?;
            permission.as_ref().check_fresh()?;
            Ok(Self(permission))
        })
    }
}

/// A permission that a role gives: who has it, and what is said to the others.
macro_rules! role_permission {
    ($permission:ident, $who:pat, $refusal:literal) => {
        impl TryFrom<CurrentUser> for $permission {
            type Error = ApiError;

            fn try_from(user: CurrentUser) -> Result<Self, ApiError> {
                match user {
                    $who => Ok(Self(user)),
                    _ => Err(ApiError::Forbidden($refusal)),
                }
            }
        }

        impl AsRef<CurrentUser> for $permission {
            fn as_ref(&self) -> &CurrentUser {
                &self.0
            }
        }

        impl FromRequest for $permission {
            type Error = ApiError;
            type Future = Extraction<Self>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let request = request.clone();
                Box::pin(async move { authenticate(&request).await?.try_into() })
            }
        }
    };
}

role_permission!(
    Viewer,
    CurrentUser { role: Role::Admin | Role::Manager | Role::Guard, .. },
    "A member sees their own record only."
);
role_permission!(
    Manager,
    CurrentUser { role: Role::Admin | Role::Manager, .. },
    "Only a manager, a teacher or an admin may do this."
);
role_permission!(
    Reader,
    CurrentUser { role: Role::Admin | Role::Manager | Role::Member, .. },
    "A guard sees arrivals, not what attendance was made of them."
);
role_permission!(
    Account,
    CurrentUser { shown: Shown::Session { .. }, .. },
    "A key cannot do this: it takes somebody who signs in."
);
role_permission!(Admin, CurrentUser { role: Role::Admin, .. }, "Only an admin may do this.");
role_permission!(Owner, CurrentUser { owner: true, .. }, "Only an owner may do this.");

impl FromRequest for FrameSender {
    type Error = ApiError;
    type Future = Extraction<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = app(&request)?;
            let address = client_address(&request, &app);
            // An id that is none is nobody's feed: who may send anywhere learns so, all others that they may not.
            let id = request.match_info().get("feed").and_then(|id| id.parse::<FeedId>().ok());
            let id = id.unwrap_or(FeedId(Uuid::nil())).0;
            match bearer(&request) {
                Some(token) if !token.starts_with(api_keys::PREFIX) => {
                    let hash = token_hash(&token);
                    let feed = feed_by_token(&app, hash.clone(), id, address).await?;
                    return Ok(Self { feed, credential: Credential::Token(hash), address });
                }
                Some(_) => {}
                // Beside a kiosk's cookie somebody may be signed in: the cookie counts for its own feed.
                None => {
                    if let Some(sender) = kiosk::sender(&request, &app, id).await? {
                        return Ok(sender);
                    }
                }
            }
            let user = authenticate(&request).await?;
            let feed = feed_for(&app, &user, id).await?;
            Ok(Self { feed, credential: Credential::User(user), address })
        })
    }
}
