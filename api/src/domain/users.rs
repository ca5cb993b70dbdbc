//! Accounts: making, changing and removing them. What concerns an owner, or makes one, takes an owner, and one who
//! can sign in always remains.

use std::collections::HashMap;

use chrono::Utc;
use diesel::{Connection, PgConnection};
use serde_json::json;
use types::{
    AccountView, CreateUser, FeedId, GroupId, Invitation, PersonId, Role, UpdateUser, UserCreated, UserId,
};
use uuid::Uuid;

use crate::domain::sessions::role;
use crate::domain::{credentials, invitations, passwords};
use crate::error::ApiError;
use crate::models;
use crate::models::audit::Actor;
use crate::models::users::{NewUser, User, UserChanges};
use crate::state::App;

/// The admin who asks.
#[derive(Debug, Clone, Copy)]
pub struct By {
    /// Their id.
    pub id: UserId,
    /// Whether they are an owner.
    pub owner: bool,
}

impl By {
    /// Whether they may touch this account.
    ///
    /// # Errors
    /// 403 for an owner's, unless an owner asks.
    pub fn may_touch(self, user: &User) -> Result<(), ApiError> {
        self.may_make_owner(user.owner)
    }

    fn may_make_owner(self, owner: bool) -> Result<(), ApiError> {
        if owner && !self.owner {
            return Err(ApiError::Forbidden("What concerns an owner takes an owner."));
        }
        Ok(())
    }
}

/// Users as admins see them.
fn views(conn: &mut PgConnection, users: Vec<User>) -> Result<Vec<AccountView>, ApiError> {
    let ids: Vec<Uuid> = users.iter().map(|user| user.id).collect();
    let mut groups: HashMap<Uuid, Vec<GroupId>> = HashMap::new();
    for (user, group) in models::users::groups_of(conn, &ids)? {
        groups.entry(user).or_default().push(GroupId(group));
    }
    let mut feeds: HashMap<Uuid, Vec<FeedId>> = HashMap::new();
    for (user, feed) in models::users::feeds_of(conn, &ids)? {
        feeds.entry(user).or_default().push(FeedId(feed));
    }
    let guarded = models::second_factors::confirmed(conn, &ids)?;
    let bound = models::oidc::bound(conn, &ids)?;
    let view = |user: User| AccountView {
        id: UserId(user.id),
        role: role(&user.role),
        owner: user.owner,
        groups: groups.remove(&user.id).unwrap_or_default(),
        feeds: feeds.remove(&user.id).unwrap_or_default(),
        person: user.person_id.map(PersonId),
        disabled: user.disabled_at.is_some(),
        invited: user.password_hash.is_none() && !bound.contains(&user.id),
        second_factor: guarded.contains(&user.id),
        created_at: user.created_at,
        email: user.email,
    };
    Ok(users.into_iter().map(view).collect())
}

fn view(conn: &mut PgConnection, user: User) -> Result<AccountView, ApiError> {
    views(conn, vec![user])?.pop().ok_or(ApiError::NotFound("user"))
}

fn missing(error: diesel::result::Error) -> ApiError {
    match error {
        diesel::result::Error::NotFound => ApiError::NotFound("user"),
        error => error.into(),
    }
}

/// All users, by e-mail address.
///
/// # Errors
/// 503.
pub async fn list(app: &App) -> Result<Vec<AccountView>, ApiError> {
    app.db
        .run(|conn| {
            let users = models::users::list(conn)?;
            views(conn, users)
        })
        .await
}

/// One user.
///
/// # Errors
/// 404.
pub async fn find(app: &App, id: UserId) -> Result<AccountView, ApiError> {
    app.db
        .run(move |conn| {
            let user = models::users::find(conn, id.0).map_err(missing)?;
            view(conn, user)
        })
        .await
}

/// Adds a user, with a password or an invitation.
///
/// # Errors
/// 403, 409 for an e-mail address or a person that is taken, 422.
pub async fn create(app: &App, by: By, request: CreateUser) -> Result<UserCreated, ApiError> {
    let email = credentials::email(&request.email)?;
    by.may_make_owner(request.owner)?;
    check_roles(request.role, request.owner, !request.groups.is_empty())?;
    let password_hash = match request.password {
        Some(password) => {
            passwords::check_new("password", &password)?;
            Some(passwords::hash(password).await?)
        }
        None => None,
    };
    let new = NewUser {
        id: Uuid::now_v7(),
        email,
        password_hash,
        role: request.role.name().to_owned(),
        owner: request.owner,
        person_id: request.person.map(|id| id.0),
    };
    let reach = Reach { groups: Some(request.groups), feeds: Some(request.feeds) };
    let origin = app.site.origins.first().cloned().unwrap_or_default();
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                check_person(conn, new.person_id)?;
                let user = models::users::insert(conn, &new)?;
                reach.set(conn, user.id)?;
                let detail = json!({ "role": user.role, "owner": user.owner });
                audit(conn, by, "user.created", user.id, detail)?;
                let invitation = match user.password_hash {
                    Some(_) => None,
                    None => {
                        let by = Some(by.id.0);
                        Some(invitations::invite(conn, user.id, by, invitations::TO_JOIN, &origin)?)
                    }
                };
                Ok(UserCreated { account: view(conn, user)?, invitation })
            })
        })
        .await
}

/// What a user may reach besides what their role gives; `None` stays.
struct Reach {
    groups: Option<Vec<GroupId>>,
    feeds: Option<Vec<FeedId>>,
}

impl Reach {
    fn set(&self, conn: &mut PgConnection, user: Uuid) -> Result<(), ApiError> {
        if let Some(groups) = &self.groups {
            let ids: Vec<Uuid> = groups.iter().map(|id| id.0).collect();
            refuse("groups", "group", &models::groups::missing(conn, &ids)?)?;
            models::users::set_groups(conn, user, &ids)?;
        }
        if let Some(feeds) = &self.feeds {
            let ids: Vec<Uuid> = feeds.iter().map(|id| id.0).collect();
            refuse("feeds", "feed", &models::feeds::missing(conn, &ids)?)?;
            models::users::set_feeds(conn, user, &ids)?;
        }
        Ok(())
    }
}

fn refuse(field: &str, what: &str, missing: &[Uuid]) -> Result<(), ApiError> {
    match missing.first() {
        Some(id) => Err(ApiError::invalid(field, format!("There is no {what} {id}."))),
        None => Ok(()),
    }
}

fn check_person(conn: &mut PgConnection, person: Option<Uuid>) -> Result<(), ApiError> {
    match person {
        Some(id) => models::people::find(conn, id)
            .map(drop)
            .map_err(|_| ApiError::invalid("person", format!("There is no person {id}."))),
        None => Ok(()),
    }
}

fn check_roles(role: Role, owner: bool, groups: bool) -> Result<(), ApiError> {
    if owner && role != Role::Admin {
        return Err(ApiError::invalid("owner", "An owner is an admin."));
    }
    if groups && role != Role::Manager {
        return Err(ApiError::invalid("groups", "Only a manager is put in charge of groups."));
    }
    Ok(())
}

/// Changes a user. Another role, and being disabled, end their sessions.
///
/// # Errors
/// 403, 404, 409 for what is taken or would leave no owner, 422.
pub async fn update(app: &App, by: By, id: UserId, request: UpdateUser) -> Result<AccountView, ApiError> {
    let email = request.email.as_deref().map(credentials::email).transpose()?;
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                // Before any row is: two owners who demote each other at once come one after the other.
                models::users::lock(conn)?;
                let before = models::users::find_for_update(conn, id.0).map_err(missing)?;
                by.may_touch(&before)?;
                let was = shape(&view(conn, before.clone())?);
                let role = request.role.unwrap_or_else(|| role(&before.role));
                let owner = request.owner.unwrap_or(before.owner && role == Role::Admin);
                by.may_make_owner(owner)?;
                check_roles(role, owner, request.groups.as_ref().is_some_and(|groups| !groups.is_empty()))?;
                let changes = UserChanges {
                    email: email.unwrap_or_else(|| before.email.clone()),
                    role: role.name().to_owned(),
                    owner,
                    person_id: request.person.map_or(before.person_id, |person| person.map(|id| id.0)),
                    disabled_at: match request.disabled {
                        Some(true) => before.disabled_at.or_else(|| Some(Utc::now())),
                        Some(false) => None,
                        None => before.disabled_at,
                    },
                };
                if changes.person_id != before.person_id {
                    check_person(conn, changes.person_id)?;
                }
                let user = models::users::update(conn, id.0, &changes)?;
                keep_an_owner(conn, &before)?;
                let groups = if role == Role::Manager { request.groups } else { Some(Vec::new()) };
                Reach { groups, feeds: request.feeds }.set(conn, id.0)?;
                end_what_ended(conn, &before, &user)?;
                let account = view(conn, user)?;
                let detail = json!({ "before": was, "after": shape(&account) });
                audit(conn, by, "user.updated", id.0, detail)?;
                Ok(account)
            })
        })
        .await
}

/// What the audit keeps of an account: all that an admin can change.
fn shape(account: &AccountView) -> serde_json::Value {
    json!({ "email": account.email, "role": account.role, "owner": account.owner, "groups": account.groups,
        "feeds": account.feeds, "person": account.person, "disabled": account.disabled })
}

/// Ends sessions where what they may do has changed, and invitations where nobody may come in by them.
fn end_what_ended(conn: &mut PgConnection, before: &User, after: &User) -> Result<(), ApiError> {
    let disabled = after.disabled_at.is_some();
    if (&before.role, before.owner) != (&after.role, after.owner) || disabled {
        models::sessions::delete_of_user(conn, after.id)?;
    }
    if disabled {
        models::invitations::delete_of_user(conn, after.id)?;
    }
    Ok(())
}

/// Refuses a change that took the last owner who can sign in. Call it under the lock, after the change.
fn keep_an_owner(conn: &mut PgConnection, before: &User) -> Result<(), ApiError> {
    if before.owner && models::users::count_owners(conn)? == 0 {
        return Err(ApiError::LastOwner);
    }
    Ok(())
}

/// Removes a user; their sessions end. What they did stays in the audit.
///
/// # Errors
/// 403, 404, 409 for the last owner.
pub async fn delete(app: &App, by: By, id: UserId) -> Result<(), ApiError> {
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                models::users::lock(conn)?;
                let before = models::users::find_for_update(conn, id.0).map_err(missing)?;
                by.may_touch(&before)?;
                let was = shape(&view(conn, before.clone())?);
                models::users::delete(conn, id.0)?;
                keep_an_owner(conn, &before)?;
                audit(conn, by, "user.deleted", id.0, json!({ "before": was }))
            })
        })
        .await
}

/// Gives a user a link to set a new password with; the old one holds until then.
///
/// # Errors
/// 403, 404, 422 for a disabled account.
pub async fn reset(app: &App, by: By, id: UserId) -> Result<Invitation, ApiError> {
    let origin = app.site.origins.first().cloned().unwrap_or_default();
    app.db
        .run(move |conn| {
            conn.transaction(|conn| {
                let user = models::users::find_for_update(conn, id.0).map_err(missing)?;
                by.may_touch(&user)?;
                if user.disabled_at.is_some() {
                    return Err(ApiError::invalid("disabled", "Enable this account first."));
                }
                let link = invitations::invite(conn, id.0, Some(by.id.0), invitations::TO_RESET, &origin)?;
                audit(conn, by, "user.reset_offered", id.0, json!({ "expires_at": link.expires_at }))?;
                Ok(link)
            })
        })
        .await
}

/// Whether an admin may see and end the sessions of a user.
///
/// # Errors
/// 403, 404.
pub fn check_touch(conn: &mut PgConnection, by: By, id: UserId) -> Result<(), ApiError> {
    by.may_touch(&models::users::find(conn, id.0).map_err(missing)?)
}

fn audit(
    conn: &mut PgConnection,
    by: By,
    action: &str,
    user: Uuid,
    detail: serde_json::Value,
) -> Result<(), ApiError> {
    Ok(models::audit::insert(conn, Actor::User(by.id.0), action, ("user", Some(user)), detail)?)
}
