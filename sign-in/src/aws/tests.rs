use super::*;
use crate::served::{Served, install_provider};

const HOST: &str = "attendance.c1.eu-central-1.rds.amazonaws.com";

fn credential(token: Option<&str>) -> AwsCredential {
    AwsCredential {
        key_id: "AKIDEXAMPLE".to_owned(),
        secret_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        token: token.map(str::to_owned),
    }
}

fn password_at_noon(token: Option<&str>) -> String {
    let now = DateTime::parse_from_rfc3339("2026-11-22T10:20:30Z").unwrap();
    signed(&credential(token), "eu-central-1", HOST, 5432, "attendance_stats", now.into())
}

/// The signatures come from AWS's own library for Python: botocore 1.44.5, `generate_db_auth_token`, its clock held at
/// this time. It puts the session token behind the signed headers, which the signature, made of sorted fields, does not
/// see.
#[test]
fn signatures_are_those_of_awss_own_library() {
    let start = format!(
        "{HOST}:5432/?Action=connect&DBUser=attendance_stats&X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIDEXAMPLE%2F20261122%2Feu-central-1%2Frds-db%2Faws4_request\
         &X-Amz-Date=20261122T102030Z&X-Amz-Expires=900"
    );
    assert_eq!(
        password_at_noon(None),
        format!(
            "{start}&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=7af2d3ed047d43e03577256f34ea3e0d9b35ed63425a7ea8aae0c6fb754f2f3c"
        )
    );
    assert_eq!(
        password_at_noon(Some("AQoDYXdz/EJr+12==")),
        format!(
            "{start}&X-Amz-Security-Token=AQoDYXdz%2FEJr%2B12%3D%3D&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=3c0819fb24e71dd701fd1d33f4e1a600a78ec0bf43fd566848150a28a103f916"
        )
    );
}

/// Plays the machine's metadata service, whose credentials end after so many seconds.
async fn metadata_service(seconds: i64) -> Served {
    Served::start(move |head, _| {
        let (method, rest) = head.split_once(' ').unwrap();
        let path = rest.split(' ').next().unwrap();
        let role = "/latest/meta-data/iam/security-credentials/";
        Some(match (method, path) {
            ("PUT", "/latest/api/token") => (200, "metadata-token".to_owned()),
            ("GET", path) if path.trim_end_matches('/') == role.trim_end_matches('/') => {
                (200, "attendance-api".to_owned())
            }
            ("GET", path) if path == format!("{role}attendance-api") => {
                let ends = (Utc::now() + chrono::Duration::seconds(seconds)).format("%Y-%m-%dT%H:%M:%SZ");
                let body = format!(
                    r#"{{"AccessKeyId":"ASIAROLE","SecretAccessKey":"role-secret","Token":"session","Expiration":"{ends}"}}"#
                );
                (200, body)
            }
            _ => (404, String::new()),
        })
    })
    .await
}

fn asking(service: &Served) -> Aws {
    install_provider();
    let builder = AmazonS3Builder::new().with_metadata_endpoint(&service.url);
    Aws::new(builder, Some("eu-west-1".to_owned())).unwrap()
}

#[tokio::test]
async fn the_role_of_the_machine_signs() {
    let service = metadata_service(6 * 3600).await;
    let aws = asking(&service);
    let password = aws.password(HOST, 5432, "attendance_app").await.unwrap();
    assert!(password.expose().contains("&X-Amz-Credential=ASIAROLE%2F"), "{}", password.expose());
    assert!(password.expose().contains("%2Feu-west-1%2Frds-db%2Faws4_request"));
    assert!(password.expose().contains("&X-Amz-Security-Token=session&"));
    assert!(!password.expose().contains("role-secret"));
    let heads = service.heads();
    assert!(heads[0].starts_with("PUT /latest/api/token"), "version 2 of the service: {heads:?}");
    assert!(heads[1..].iter().all(|head| head.contains("x-aws-ec2-metadata-token: metadata-token")));

    let before = service.heads().len();
    aws.password(HOST, 5432, "attendance_app").await.unwrap();
    assert_eq!(service.heads().len(), before, "credentials are kept");
}

#[tokio::test]
async fn credentials_that_end_soon_are_asked_for_again() {
    let service = metadata_service(60).await;
    let aws = asking(&service);
    aws.password(HOST, 5432, "attendance_app").await.unwrap();
    let before = service.heads().len();
    // object_store leaves a moment between two fetches.
    tokio::time::sleep(Duration::from_millis(200)).await;
    aws.password(HOST, 5432, "attendance_app").await.unwrap();
    assert!(service.heads().len() > before);
}

#[tokio::test]
async fn a_machine_without_a_role_is_told_what_to_look_at() {
    let service = Served::start(|_, _| Some((404, String::new()))).await;
    let error = format!("{:#}", asking(&service).password(HOST, 5432, "app").await.unwrap_err());
    assert!(
        error.starts_with("AWS gave no credentials to sign in to the database with. Look whether"),
        "{error}"
    );
    assert!(error.contains("404"), "the cause is there, too: {error}");
}

#[tokio::test]
async fn a_metadata_service_that_hangs_is_given_up() {
    let service = Served::start(|_, _| None).await;
    let since = std::time::Instant::now();
    asking(&service).password(HOST, 5432, "app").await.unwrap_err();
    assert!(since.elapsed() < LIMIT + Duration::from_secs(1), "{:?}", since.elapsed());
}

#[test]
fn the_region_is_needed() {
    install_provider();
    let error = |region: Option<&str>| {
        let made = Aws::new(AmazonS3Builder::new(), region.map(str::to_owned));
        made.err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(error(None), "AWS_REGION must name the region of the database");
    assert!(error(Some("eu-west-1/x")).contains("AWS_REGION must name a region"));
    assert_eq!(error(Some("eu-west-1")), "");
}
