//! Who sends frames: a feed's token, its kiosk, or somebody signed in.

use std::net::IpAddr;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use chrono::{TimeDelta, Utc};
use types::{FeedId, Role};
use uuid::Uuid;

use super::request::{app, bearer, client_address};
use super::{CurrentUser, Extraction, Shown, authenticate, kiosk};
use crate::domain::api_keys;
use crate::domain::sessions::token_hash;
use crate::error::{ApiError, missing};
use crate::models;
use crate::models::audit::Actor;
use crate::models::feed_tokens::DEVICE;
use crate::models::feeds::Feed;
use crate::state::App;

/// How often it is written down that a feed's token is used.
const TOKEN_USE_NOTED: TimeDelta = TimeDelta::minutes(1);

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

/// What a token of a `kind` opens, and the token's id; notes now and then that it is used, and from where.
pub(super) async fn opened_by(
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
