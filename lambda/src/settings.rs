//! Settings from the environment.

use std::fmt;

use anyhow::{Context, Result, ensure};
use sign_in::{DatabaseAuth, SignIn};

use crate::roots::Roots;

/// Where the database is and how to sign in there.
pub struct Settings {
    pub host: String,
    pub port: u16,
    pub name: String,
    pub user: String,
    /// For `DATABASE_AUTH=password` alone.
    pub password: Option<String>,
    pub sign_in: SignIn,
    pub roots: Roots,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("host", &self.host).field("user", &self.user).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads them all.
    ///
    /// # Errors
    /// When one is missing or makes no sense.
    pub fn from_env() -> Result<Self> {
        let needed = |name: &str| setting(name).with_context(|| format!("{name} must be set"));
        let auth: DatabaseAuth = setting("DATABASE_AUTH").unwrap_or_default().parse()?;
        let password = setting("PGPASSWORD");
        ensure!(
            auth != DatabaseAuth::Password || password.is_some(),
            "DATABASE_AUTH=password wants PGPASSWORD; in a cloud set DATABASE_AUTH to aws or azure"
        );
        Ok(Self {
            host: needed("DATABASE_HOST")?,
            port: match setting("DATABASE_PORT") {
                Some(port) => port.parse().context("DATABASE_PORT must be a port")?,
                None => 5432,
            },
            name: setting("DATABASE_NAME").unwrap_or_else(|| "attendance".to_owned()),
            user: setting("DATABASE_USER").unwrap_or_else(|| "attendance_stats".to_owned()),
            password,
            sign_in: SignIn::from_env(auth)?,
            roots: Roots::new(setting("PGSSLROOTCERT"))?,
        })
    }
}

/// A setting that is there and not empty.
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
