//! The provider: what it says of itself, the address that people are sent to, and who it says that somebody is.
//!
//! What it says of itself, its keys included, is fetched when it is first needed, so that a provider that is away keeps
//! nothing from starting. It is fetched again after an hour, and at once when a token names a key that is unknown, but
//! for that not more often than once a minute: a token of anybody's making may name any key.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
    CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse,
    CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, Client, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenClaims,
    IdTokenFields, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError,
    Scope, SignatureVerificationError, StandardErrorResponse, StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use types::{OidcRefusal, Role};

use super::Bound;
use super::http::Http;
use crate::config::{OidcConfig, Secret};

/// What the provider says of itself is believed for this long.
const KEPT_FOR: Duration = Duration::from_secs(3600);
/// An unknown key is looked for at most this often.
const KEYS_EVERY: Duration = Duration::from_secs(60);
/// A provider that did not answer is not asked again at once: people would queue up behind it.
const AGAIN_AFTER: Duration = Duration::from_secs(3);
/// How far clocks may differ.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// A provider of OpenID Connect, by its configuration.
#[derive(Debug)]
pub struct Provider {
    /// The configuration.
    pub config: OidcConfig,
    issuer: IssuerUrl,
    client_id: ClientId,
    secret: Option<ClientSecret>,
    redirect_url: RedirectUrl,
    http: Http,
    known: Mutex<Known>,
}

/// What is known of the provider, and when it was asked.
#[derive(Debug, Default)]
struct Known {
    metadata: Option<(Arc<CoreProviderMetadata>, Instant)>,
    failed_at: Option<Instant>,
    keys_asked_at: Option<Instant>,
}

/// Claims that are not of the standard.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    values: Map<String, Value>,
}

impl AdditionalClaims for Others {}

type Fields = IdTokenFields<
    Others,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Token = IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;
type Claims = IdTokenClaims<Others, CoreGenderClaim>;
type OidcClient = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<Fields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Who the provider says that somebody is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// Its name for them, which nobody else ever gets.
    pub subject: String,
    /// Their e-mail address, where the provider vouches for it.
    pub email: Option<String>,
    /// The role that their claims give.
    pub role: Option<Role>,
    /// Whether the provider saw a second factor.
    pub second_factor: bool,
    /// When they showed the provider who they are, where it says so.
    pub authenticated_at: Option<DateTime<Utc>>,
}

impl Provider {
    /// The provider that is configured, where one is; it is not asked yet. `origin` is where this site is.
    ///
    /// # Errors
    /// When the configuration is incomplete or names a file that cannot be read.
    pub fn new(config: &OidcConfig, origin: &str) -> Result<Option<Self>> {
        let Some(issuer) = config.issuer.as_deref().map(str::trim).filter(|issuer| !issuer.is_empty()) else {
            return Ok(None);
        };
        let issuer = IssuerUrl::new(issuer.to_owned())
            .with_context(|| format!("ATTENDANCE_OIDC_ISSUER must be an address; it is {issuer:?}"))?;
        let id = config.client_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        let id = id.context("ATTENDANCE_OIDC_CLIENT_ID is missing: what the provider calls this site")?;
        let secret = match &config.client_secret_file {
            Some(path) => {
                let read = std::fs::read_to_string(path).with_context(|| {
                    format!("ATTENDANCE_OIDC_CLIENT_SECRET_FILE: {} cannot be read", path.display())
                })?;
                Some(ClientSecret::new(read.parse::<Secret>()?.expose().to_owned()))
            }
            None => None,
        };
        ensure!(
            !config.create_accounts || (config.role_claim.is_some() && !config.roles.is_empty()),
            "ATTENDANCE_OIDC_CREATE_ACCOUNTS needs ATTENDANCE_OIDC_ROLE_CLAIM and ATTENDANCE_OIDC_ROLES"
        );
        Ok(Some(Self {
            config: config.clone(),
            issuer,
            client_id: ClientId::new(id.to_owned()),
            secret,
            redirect_url: RedirectUrl::new(format!("{origin}/api/v1/session/oidc/callback"))?,
            http: Http::new(config)?,
            known: Mutex::default(),
        }))
    }

    /// Who the provider is.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// The address that a browser is sent to; `again` asks people to show once more who they are.
    ///
    /// # Errors
    /// [`OidcRefusal::ProviderUnavailable`].
    pub async fn authorize_url(&self, bound: Bound, again: bool) -> Result<String, OidcRefusal> {
        let metadata = self.metadata().await?;
        let client = self.client(&metadata);
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(bound.verifier));
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(bound.state),
                move || Nonce::new(bound.nonce),
            )
            .set_pkce_challenge(challenge)
            .add_scopes(self.config.scopes.iter().filter(|scope| !scope.is_empty()).cloned().map(Scope::new));
        if again {
            request = request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO);
        }
        Ok(request.url().0.into())
    }

    /// Exchanges the code that a browser brought for an ID token, and checks that.
    ///
    /// # Errors
    /// [`OidcRefusal::ProviderUnavailable`], [`OidcRefusal::TokenRefused`].
    pub async fn identify(&self, code: String, bound: Bound) -> Result<Identity, OidcRefusal> {
        let metadata = self.metadata().await?;
        let client = self.client(&metadata);
        let exchange = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| {
            tracing::warn!(error.cause = %error, "the provider names no token endpoint");
            OidcRefusal::ProviderUnavailable
        })?;
        let answer = exchange
            .set_pkce_verifier(PkceCodeVerifier::new(bound.verifier))
            .request_async(&self.http)
            .await
            .map_err(|error| {
                tracing::warn!(error.cause = chain(&error), "the provider gives no token for a code");
                match error {
                    RequestTokenError::Request(_) => OidcRefusal::ProviderUnavailable,
                    _ => OidcRefusal::TokenRefused,
                }
            })?;
        let refused = |cause: String| {
            tracing::warn!(error.cause = cause, "an ID token is refused");
            OidcRefusal::TokenRefused
        };
        let token = answer.id_token().ok_or_else(|| refused("there is none".to_owned()))?;
        let nonce = Nonce::new(bound.nonce);
        let claims = match self.claims(&metadata, token, &nonce) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let metadata = self.metadata_with_new_keys(&metadata).await;
                self.claims(&metadata, token, &nonce)
            }
            checked => checked,
        };
        let claims = claims.map_err(|error| refused(chain(&error)))?;
        Ok(self.identity(claims))
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> OidcClient {
        let (id, secret) = (self.client_id.clone(), self.secret.clone());
        let client = Client::from_provider_metadata(metadata.clone(), id, secret)
            .set_redirect_uri(self.redirect_url.clone());
        // The standard's default is the header; a provider that takes the body alone says so.
        let methods = metadata.token_endpoint_auth_methods_supported();
        let body_alone = methods.is_some_and(|methods| {
            methods.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        if body_alone { client.set_auth_type(AuthType::RequestBody) } else { client }
    }

    /// The claims of a token whose signature, issuer, audience, times and nonce are right.
    fn claims<'t>(
        &self,
        metadata: &CoreProviderMetadata,
        token: &'t Token,
        nonce: &Nonce,
    ) -> Result<&'t Claims, ClaimsVerificationError> {
        let configured = |algorithm: &&CoreJwsSigningAlgorithm| {
            name(algorithm).is_some_and(|name| self.config.algorithms.iter().any(|known| known == name))
        };
        let allowed: Vec<_> =
            metadata.id_token_signing_alg_values_supported().iter().filter(configured).cloned().collect();
        let client = self.client(metadata);
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(allowed)
            .set_time_fn(|| Utc::now() - SKEW)
            .set_issue_time_verifier_fn(|issued_at| {
                if issued_at <= Utc::now() + SKEW { Ok(()) } else { Err("issued in the future".to_owned()) }
            });
        let claims = token.claims(&verifier, nonce)?;
        // The library leaves this to its user: the token is for this client, or for nobody.
        if claims.authorized_party().is_some_and(|party| *party != self.client_id) {
            return Err(ClaimsVerificationError::InvalidAudience("another authorized party".to_owned()));
        }
        Ok(claims)
    }

    fn identity(&self, claims: &Claims) -> Identity {
        let others = &claims.additional_claims().values;
        // Entra ID says of an address that its domain's owner is the tenant (`xms_edov`), not that it was verified.
        let vouched = self.config.trust_email
            || claims.email_verified() == Some(true)
            || others.get("xms_edov").is_some_and(is_true);
        let email = claims.email().filter(|_| vouched).map(|email| email.as_str().to_owned());
        let methods = claims.auth_method_refs().into_iter().flatten().map(|method| method.as_str());
        let context = claims.auth_context_ref().map(|context| context.as_str());
        Identity {
            issuer: claims.issuer().as_str().to_owned(),
            subject: claims.subject().as_str().to_owned(),
            email,
            role: self.role(others),
            second_factor: methods
                .chain(context)
                .any(|told| self.config.second_factor.iter().any(|counts| counts == told)),
            authenticated_at: claims.auth_time(),
        }
    }

    /// The most powerful role that the claim gives.
    fn role(&self, claims: &Map<String, Value>) -> Option<Role> {
        let claim = claim(claims, self.config.role_claim.as_deref()?)?;
        let values: Vec<&str> = match claim {
            Value::String(value) => vec![value],
            Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let given = |role: &Role| {
            self.config.roles.iter().any(|rule| rule.role == *role && values.contains(&rule.value.as_str()))
        };
        Role::ALL.into_iter().find(given)
    }

    async fn metadata(&self) -> Result<Arc<CoreProviderMetadata>, OidcRefusal> {
        let mut known = self.known.lock().await;
        if let Some((metadata, at)) = &known.metadata
            && at.elapsed() < KEPT_FOR
        {
            return Ok(metadata.clone());
        }
        if known.failed_at.is_none_or(|at| at.elapsed() >= AGAIN_AFTER) {
            self.fetch(&mut known).await;
        }
        // One who was there an hour ago is not gone for want of an answer now.
        known.metadata.as_ref().map(|(metadata, _)| metadata.clone()).ok_or(OidcRefusal::ProviderUnavailable)
    }

    /// What the provider says of itself now, unless it was asked for an unknown key within the last minute.
    async fn metadata_with_new_keys(&self, seen: &Arc<CoreProviderMetadata>) -> Arc<CoreProviderMetadata> {
        let mut known = self.known.lock().await;
        let already = known.metadata.as_ref().is_some_and(|(metadata, _)| !Arc::ptr_eq(metadata, seen));
        if !already && known.keys_asked_at.is_none_or(|at| at.elapsed() >= KEYS_EVERY) {
            known.keys_asked_at = Some(Instant::now());
            self.fetch(&mut known).await;
        }
        known.metadata.as_ref().map_or_else(|| seen.clone(), |(metadata, _)| metadata.clone())
    }

    async fn fetch(&self, known: &mut Known) {
        match CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await {
            Ok(metadata) => {
                known.metadata = Some((Arc::new(metadata), Instant::now()));
                known.failed_at = None;
            }
            Err(error) => {
                tracing::warn!(
                    error.cause = chain(&error),
                    "the provider of sign-ins does not say who it is"
                );
                known.failed_at = Some(Instant::now());
            }
        }
    }
}

/// The name of an algorithm that signs with a key of the provider's own.
fn name(algorithm: &CoreJwsSigningAlgorithm) -> Option<&'static str> {
    use CoreJwsSigningAlgorithm as Algorithm;
    Some(match algorithm {
        Algorithm::RsaSsaPkcs1V15Sha256 => "RS256",
        Algorithm::RsaSsaPkcs1V15Sha384 => "RS384",
        Algorithm::RsaSsaPkcs1V15Sha512 => "RS512",
        Algorithm::RsaSsaPssSha256 => "PS256",
        Algorithm::RsaSsaPssSha384 => "PS384",
        Algorithm::RsaSsaPssSha512 => "PS512",
        Algorithm::EcdsaP256Sha256 => "ES256",
        Algorithm::EcdsaP384Sha384 => "ES384",
        _ => return None,
    })
}

/// A claim by its name, or by a path of names with dots between them.
fn claim<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    if let Some(claim) = claims.get(path) {
        return Some(claim);
    }
    let (first, rest) = path.split_once('.')?;
    claim(claims.get(first)?.as_object()?, rest)
}

/// Providers write it in several ways.
fn is_true(claim: &Value) -> bool {
    match claim {
        Value::Bool(value) => *value,
        Value::Number(value) => value.as_i64() == Some(1),
        Value::String(value) => value == "1" || value.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_claim_is_found_by_its_name_before_its_path() {
        let Value::Object(claims) = json!({
            "cognito:groups": ["staff"],
            "https://school.example/roles": ["teacher"],
            "realm_access": { "roles": ["guard"] },
        }) else {
            unreachable!("it is an object")
        };
        assert_eq!(claim(&claims, "cognito:groups"), Some(&json!(["staff"])));
        assert_eq!(claim(&claims, "https://school.example/roles"), Some(&json!(["teacher"])));
        assert_eq!(claim(&claims, "realm_access.roles"), Some(&json!(["guard"])));
        assert_eq!(claim(&claims, "realm_access.nothing"), None);
        assert_eq!(claim(&claims, "nothing"), None);
    }
}
