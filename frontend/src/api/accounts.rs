//! Calls about one's own account, others' accounts and keys.

use gloo_net::http::Method;
use types::{
    AcceptInvitation, AccountView, ChangePassword, ConfirmSession, ConfirmTotp, CreateKey, CreateUser,
    Invitation, InvitationAccepted, KeyCreated, KeyView, OpenSession, Page, RecoveryCodes, TotpEnrolment,
    UpdateUser, UserCreated, UserId,
};
use uuid::Uuid;

use super::{Api, Body, Coming, json, read};

/// The part of an answer that is shown this once.
#[derive(serde::Deserialize)]
struct Once<T> {
    #[serde(alias = "invitation")]
    key: T,
}

impl Api {
    pub fn change_password(self, request: &ChangePassword) -> Coming<()> {
        self.done(Method::PUT, "session/password".to_owned(), json(request))
    }

    pub fn confirm_session(self, request: &ConfirmSession) -> Coming<()> {
        self.done(Method::POST, "session/confirmation".to_owned(), json(request))
    }

    pub fn begin_totp(self) -> Coming<TotpEnrolment> {
        self.read(Method::POST, "session/totp".to_owned(), Body::Nothing)
    }

    pub fn confirm_totp(self, code: String) -> Coming<RecoveryCodes> {
        self.read(Method::POST, "session/totp/confirmation".to_owned(), json(&ConfirmTotp { code }))
    }

    pub fn remove_totp(self, request: &ConfirmSession) -> Coming<()> {
        self.done(Method::POST, "session/totp/removal".to_owned(), json(request))
    }

    pub fn own_sessions(self) -> Coming<Page<OpenSession>> {
        self.get("sessions".to_owned())
    }

    pub fn end_own_session(self, id: Uuid) -> Coming<()> {
        self.done(Method::DELETE, format!("sessions/{id}"), Body::Nothing)
    }

    pub fn end_other_sessions(self) -> Coming<()> {
        self.done(Method::DELETE, "sessions".to_owned(), Body::Nothing)
    }

    pub fn accept_invitation(self, request: &AcceptInvitation) -> Coming<InvitationAccepted> {
        self.read(Method::POST, "invitations/acceptance".to_owned(), json(request))
    }

    pub fn users(self) -> Coming<Page<AccountView>> {
        self.get("users".to_owned())
    }

    /// Adds an account; the invitation comes this once.
    pub fn create_user(self, request: &CreateUser) -> Coming<UserCreated> {
        let answer = self.send(Method::POST, "users".to_owned(), json(request));
        Box::pin(async move {
            // Read twice: one type with both parts flattened would bring a second JSON reader into the page.
            let text = answer.await?;
            let invitation = read::<Once<Invitation>>(&text)?.key;
            Ok(UserCreated { account: read(&text)?, invitation: Some(invitation) })
        })
    }

    pub fn update_user(self, id: UserId, changes: &UpdateUser) -> Coming<AccountView> {
        self.read(Method::PATCH, format!("users/{id}"), json(changes))
    }

    pub fn delete_user(self, id: UserId) -> Coming<()> {
        self.done(Method::DELETE, format!("users/{id}"), Body::Nothing)
    }

    /// A link by which somebody sets a new password.
    pub fn reset_user(self, id: UserId) -> Coming<Invitation> {
        self.read(Method::POST, format!("users/{id}/reset"), Body::Nothing)
    }

    pub fn remove_user_totp(self, id: UserId) -> Coming<()> {
        self.done(Method::DELETE, format!("users/{id}/totp"), Body::Nothing)
    }

    pub fn user_sessions(self, id: UserId) -> Coming<Page<OpenSession>> {
        self.get(format!("users/{id}/sessions"))
    }

    pub fn end_user_session(self, id: UserId, session: Uuid) -> Coming<()> {
        self.done(Method::DELETE, format!("users/{id}/sessions/{session}"), Body::Nothing)
    }

    pub fn end_user_sessions(self, id: UserId) -> Coming<()> {
        self.done(Method::DELETE, format!("users/{id}/sessions"), Body::Nothing)
    }

    pub fn keys(self) -> Coming<Page<KeyView>> {
        self.get("keys".to_owned())
    }

    /// Makes a key; it comes this once.
    pub fn create_key(self, request: &CreateKey) -> Coming<KeyCreated> {
        let answer = self.send(Method::POST, "keys".to_owned(), json(request));
        Box::pin(async move {
            let text = answer.await?;
            Ok(KeyCreated { view: read(&text)?, key: read::<Once<String>>(&text)?.key })
        })
    }

    pub fn revoke_key(self, id: Uuid) -> Coming<()> {
        self.done(Method::DELETE, format!("keys/{id}"), Body::Nothing)
    }
}
