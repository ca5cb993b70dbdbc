//! Proving who one is, at sign-in and again before what matters most. Every wrong answer counts (`throttle`).

use crate::domain::passwords;
use crate::domain::throttle::Attempt;
use crate::error::ApiError;
use crate::models;
use crate::models::users::User;
use crate::state::App;

/// Checks the password of an account, which may not exist: that takes as long and is answered alike.
///
/// # Errors
/// 401 for a wrong password, a disabled account or one that was never opened; 429 after too many failures; 503.
pub async fn password(app: &App, attempt: &Attempt, password: String) -> Result<User, ApiError> {
    let _turn = attempt.turn().await;
    let checked = attempt.clone();
    let user = app
        .db
        .run(move |conn| {
            checked.check(conn)?;
            Ok(models::users::find_by_email(conn, checked.account())?)
        })
        .await?;
    let stored = user.as_ref().and_then(|user| user.password_hash.clone());
    let right = passwords::verify(password, stored).await?;
    let whose = user.as_ref().map(|user| user.id);
    match user.filter(|user| right && user.disabled_at.is_none()) {
        Some(user) => Ok(user),
        None => {
            let attempt = attempt.clone();
            app.db.run(move |conn| attempt.failed(conn, "session.refused", whose)).await?;
            Err(ApiError::WrongCredentials)
        }
    }
}

/// The same of somebody signed in, for whom a wrong answer is a field to correct and no end of the session.
///
/// # Errors
/// 422 that names `field` for a wrong password; 429, 503.
pub async fn password_of(app: &App, attempt: &Attempt, given: String, field: &str) -> Result<(), ApiError> {
    match password(app, attempt, given).await {
        Ok(_) => Ok(()),
        Err(ApiError::WrongCredentials) => {
            Err(ApiError::invalid(field, "This is not your current password."))
        }
        Err(error) => Err(error),
    }
}

/// An e-mail address to sign in with, as it is stored.
///
/// # Errors
/// 422.
pub fn email(text: &str) -> Result<String, ApiError> {
    let email = text.trim().to_owned();
    let parts = email.split_once('@').filter(|(name, host)| !name.is_empty() && !host.is_empty());
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    match parts {
        Some((_, host)) if !host.contains('@') && email.len() <= 254 && email.chars().all(plain) => Ok(email),
        _ => Err(ApiError::invalid("email", "This is not an e-mail address.")),
    }
}
