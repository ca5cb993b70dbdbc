//! Webhooks: signed requests to a program.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{CONTENT_TYPE, USER_AGENT};
use sha2::Sha256;
use uuid::Uuid;

use super::{DEADLINE, Failure, Reach, bounded, unanswered};

/// The header of the signature.
pub const SIGNATURE: &str = "Attendance-Signature";
/// The header that names a delivery.
const DELIVERY: &str = "Attendance-Delivery";

/// Posts a body to a webhook. Its addresses are looked up and checked now, and the connection goes to one of them.
///
/// # Errors
/// Why it was not taken over; for good where the address may not be reached.
pub async fn post(
    reach: &Reach,
    (url, secret): (&str, &[u8]),
    delivery: Uuid,
    body: String,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let url = reach.check(url).map_err(Failure::lasting)?;
    let looked_up = tokio::time::timeout(DEADLINE / 3, reach.resolve(&url)).await;
    let addresses =
        looked_up.map_err(|_| Failure::passing("The name of the host was not found in time."))??;
    let client = reqwest::Client::builder()
        .timeout(DEADLINE / 2)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .resolve_to_addrs(url.host_str().unwrap_or_default(), &addresses)
        .build()
        .map_err(unanswered)?;
    let request = client
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, "Attendance")
        .header(DELIVERY, delivery.to_string())
        .header(SIGNATURE, signature(secret, now.timestamp(), &body))
        .body(body);
    let answer = request.send().await.map_err(unanswered)?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    if status.is_redirection() {
        return Err(Failure::passing(format!(
            "It answered {}: redirects are not followed. Set the address where it ends.",
            status.as_u16()
        )));
    }
    Err(Failure::passing(format!("It answered {}: {}", status.as_u16(), bounded(answer).await)))
}

/// `t=SECONDS,v1=HEX`: HMAC-SHA-256 over the seconds, a dot and the body.
fn signature(secret: &[u8], seconds: i64, body: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{seconds}.{body}").as_bytes());
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector was made with `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret`.
    #[test]
    fn signatures_are_those_of_other_programs() {
        assert_eq!(signature(b"secret", 1_700_000_000, r#"{"a":1}"#), format!("t=1700000000,v1={VECTOR}"));
    }

    const VECTOR: &str = "49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686";
}
