//! Passwords for PostgreSQL by the identity that a cloud gave to this machine or function.
//!
//! Neither cloud wants a stored password: AWS takes a request that the machine's role has signed, Azure a token of the
//! machine's managed identity. Both stand where the password stands, for new connections alone, and end within minutes
//! or hours, so a pool asks for one whenever it connects. What is asked over the network is bounded in time, and tells
//! what to look at where it fails. Clients for TLS want a provider of cryptography, which the program installs first.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod aws;
mod azure;
#[cfg(test)]
mod served;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Result;

use crate::aws::Aws;
use crate::azure::Azure;

/// How a program signs in to its database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DatabaseAuth {
    /// With the password that its settings hold.
    #[default]
    Password,
    /// With the role that AWS gave to the machine or function (`rds_iam`).
    Aws,
    /// With the managed identity that Azure gave to it (Entra).
    Azure,
}

/// `DATABASE_AUTH` holds something else.
#[derive(Debug, thiserror::Error)]
#[error("DATABASE_AUTH must be password, aws or azure; it is {0:?}")]
pub struct UnknownAuth(String);

impl FromStr for DatabaseAuth {
    type Err = UnknownAuth;

    fn from_str(text: &str) -> Result<Self, UnknownAuth> {
        match text {
            "" | "password" => Ok(Self::Password),
            "aws" => Ok(Self::Aws),
            "azure" => Ok(Self::Azure),
            other => Err(UnknownAuth(other.to_owned())),
        }
    }
}

/// What goes where the password goes. Debug does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The password itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Makes passwords; clones share what is kept.
#[derive(Clone)]
pub struct SignIn {
    identity: Identity,
}

#[derive(Clone)]
enum Identity {
    None,
    Aws(Arc<Aws>),
    Azure(Arc<Azure>),
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.identity {
            Identity::None => "SignIn(password)",
            Identity::Aws(_) => "SignIn(aws)",
            Identity::Azure(_) => "SignIn(azure)",
        })
    }
}

impl SignIn {
    /// Reads from the environment what `auth` needs; asks nobody yet.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn from_env(auth: DatabaseAuth) -> Result<Self> {
        let identity = match auth {
            DatabaseAuth::Password => Identity::None,
            DatabaseAuth::Aws => Identity::Aws(Arc::new(Aws::from_env()?)),
            DatabaseAuth::Azure => Identity::Azure(Arc::new(Azure::from_env()?)),
        };
        Ok(Self { identity })
    }

    /// The password for a new connection to this server, as this role; none where the settings hold it. `host` must be
    /// the server's name as the cloud gave it: AWS signs it.
    ///
    /// # Errors
    /// When the cloud gives no credentials or token in time.
    pub async fn password(&self, host: &str, port: u16, user: &str) -> Result<Option<Password>> {
        match &self.identity {
            Identity::None => Ok(None),
            Identity::Aws(aws) => aws.password(host, port, user).await.map(Some),
            Identity::Azure(azure) => azure.token().await.map(Some),
        }
    }
}

/// A setting that is there and not empty.
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_is_one_of_three_words() {
        assert_eq!("".parse::<DatabaseAuth>().unwrap(), DatabaseAuth::Password);
        assert_eq!("password".parse::<DatabaseAuth>().unwrap(), DatabaseAuth::Password);
        assert_eq!("aws".parse::<DatabaseAuth>().unwrap(), DatabaseAuth::Aws);
        assert_eq!("azure".parse::<DatabaseAuth>().unwrap(), DatabaseAuth::Azure);
        let error = "AWS".parse::<DatabaseAuth>().unwrap_err().to_string();
        assert_eq!(error, "DATABASE_AUTH must be password, aws or azure; it is \"AWS\"");
    }

    #[test]
    fn debug_prints_no_password() {
        let password = Password("geheim".to_owned());
        assert!(!format!("{password:?}").contains("geheim"));
        assert_eq!(password.expose(), "geheim");
    }

    #[tokio::test]
    async fn a_password_of_the_settings_is_not_made_here() {
        let sign_in = SignIn::from_env(DatabaseAuth::Password).unwrap();
        assert_eq!(sign_in.password("db", 5432, "app").await.unwrap(), None);
        assert_eq!(format!("{sign_in:?}"), "SignIn(password)");
    }
}
