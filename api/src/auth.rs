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

mod frame_sender;
mod kiosk;
mod request;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use chrono::{DateTime, TimeDelta, Utc};
use types::{Role, UserId};
use uuid::Uuid;

use crate::domain::api_keys::{self, Scopes};
use crate::domain::second_factor;
use crate::domain::sessions::{self, token_hash};
use crate::domain::users::By;
use crate::error::ApiError;
use crate::models;
use crate::models::feed_tokens::DEVICE;
use crate::models::scope::Scope;
use crate::state::App;

pub use crate::domain::kiosk::Kiosk;
pub use frame_sender::{Credential, FrameSender};
pub use kiosk::{ended_kiosk_cookie, kiosk_cookie};
use request::{app, check_own_origin};
pub use request::{
    bearer, check_origin, client_address, ended_cookie, session_cookie, session_of, sign_in_from, subprotocol,
};

/// How long after a password was given what asks for a fresh sign-in may be done.
const FRESH: TimeDelta = TimeDelta::minutes(30);
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
            let scope = sessions::scope(conn, role, user.id)?;
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

async fn authenticate(request: &HttpRequest) -> Result<CurrentUser, ApiError> {
    let user = identify(request).await?;
    if user.must_enrol { Err(ApiError::TotpEnrolmentRequired) } else { Ok(user) }
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
