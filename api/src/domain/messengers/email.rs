//! E-mail by SMTP.

use anyhow::{Context, Result, ensure};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as Part, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use uuid::Uuid;

use super::{DEADLINE, Failure, set};
use crate::config::MessagesConfig;

/// A message for one recipient.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Mail {
    /// Names it: the same in each attempt.
    pub id: Uuid,
    pub to: String,
    /// As whom it comes: the site's name.
    pub from_name: String,
    pub subject: String,
    pub text: String,
    /// The same as HTML.
    pub html: String,
    pub attachment: Option<Attachment>,
}

/// A file that comes with a message.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Attachment {
    pub name: String,
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// A connection to the SMTP server, made when it is first needed.
#[derive(Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

impl Mailer {
    /// Reads the settings; none where there is no server.
    ///
    /// # Errors
    /// When they lack the sender or ask for no TLS where that is not allowed.
    pub fn new(config: &MessagesConfig) -> Result<Option<Self>> {
        let Some(host) = set(&config.smtp_host) else { return Ok(None) };
        let from = set(&config.smtp_from)
            .context("ATTENDANCE_SMTP_FROM must say which address e-mail comes from")?;
        let from = from.parse().context("ATTENDANCE_SMTP_FROM is not an e-mail address")?;
        let mode = set(&config.smtp_tls).unwrap_or("starttls");
        let (tls, port) = match mode {
            "none" => {
                let here =
                    host.parse::<std::net::IpAddr>().map_or(host == "localhost", |ip| ip.is_loopback());
                ensure!(
                    here || config.smtp_allow_plain,
                    "ATTENDANCE_SMTP_TLS=none sends passwords and names in clear to {host}: set it to starttls or \
                     implicit, or ATTENDANCE_SMTP_ALLOW_PLAIN=true where the network is trusted"
                );
                (Tls::None, 25)
            }
            "implicit" => (Tls::Wrapper(parameters(host, config)?), 465),
            _ => (Tls::Required(parameters(host, config)?), 587),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(config.smtp_port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(DEADLINE));
        if let Some(user) = set(&config.smtp_user) {
            let password = config.smtp_password.as_ref().map(|password| password.expose().to_owned());
            transport =
                transport.credentials(Credentials::new(user.to_owned(), password.unwrap_or_default()));
        }
        Ok(Some(Self { transport: transport.build(), from }))
    }

    /// The address that e-mail comes from.
    pub fn sender(&self) -> String {
        self.from.to_string()
    }

    /// Hands a message over.
    ///
    /// # Errors
    /// Why the server did not take it.
    pub async fn send(&self, mail: Mail) -> Result<(), Failure> {
        let message = self.message(mail)?;
        let sent = tokio::time::timeout(DEADLINE, self.transport.send(message)).await;
        match sent {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() => {
                Err(Failure::lasting(format!("The mail server refused it: {}", causes(&error))))
            }
            Ok(Err(error)) => {
                Err(Failure::passing(format!("The mail server did not take it: {}", causes(&error))))
            }
            Err(_) => Err(Failure::passing("The mail server gave no answer in time.")),
        }
    }

    /// The message. Addresses are parsed, and `lettre` encodes what stands in headers: no line break gets there.
    fn message(&self, mail: Mail) -> Result<Message, Failure> {
        let to: Address =
            mail.to.parse().map_err(|_| Failure::lasting("The recipient is not an e-mail address."))?;
        let id = format!("<{}@{}>", mail.id, self.from.domain());
        let body = MultiPart::alternative()
            .singlepart(SinglePart::plain(mail.text))
            .singlepart(SinglePart::html(mail.html));
        let body = match mail.attachment {
            Some(file) => {
                let content_type = ContentType::parse(file.content_type)
                    .map_err(|error| Failure::lasting(format!("The attachment has no type: {error}.")))?;
                let part = Part::new(one_line(&file.name)).body(file.bytes, content_type);
                MultiPart::mixed().multipart(body).singlepart(part)
            }
            None => body,
        };
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        Message::builder()
            .from(Mailbox::new(Some(one_line(&mail.from_name)), self.from.clone()))
            .to(Mailbox::new(None, to))
            .subject(one_line(&mail.subject))
            .message_id(Some(id))
            .raw_header(automatic)
            .multipart(body)
            .map_err(|error| Failure::lasting(format!("The message cannot be written: {error}.")))
    }
}

fn parameters(host: &str, config: &MessagesConfig) -> Result<TlsParameters> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(path) = config.smtp_ca.as_ref().filter(|path| !path.as_os_str().is_empty()) {
        let pem = std::fs::read(path)
            .with_context(|| format!("ATTENDANCE_SMTP_CA: {} cannot be read", path.display()))?;
        let ca = Certificate::from_pem(&pem)
            .with_context(|| format!("ATTENDANCE_SMTP_CA: {} is not a PEM certificate", path.display()))?;
        parameters = parameters.add_root_certificate(ca);
    }
    parameters.build_rustls().context("TLS for SMTP cannot be set up")
}

fn causes(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// Without line breaks and other control characters, and not too long for a header.
fn one_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(200).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailer(change: impl FnOnce(&mut MessagesConfig)) -> Result<Option<Mailer>> {
        let mut config = MessagesConfig {
            smtp_host: Some("127.0.0.1".to_owned()),
            smtp_tls: Some("none".to_owned()),
            smtp_from: Some("attendance@example.org".to_owned()),
            ..MessagesConfig::default()
        };
        change(&mut config);
        Mailer::new(&config)
    }

    #[tokio::test]
    async fn without_tls_only_to_this_machine_unless_allowed() {
        assert!(mailer(|_| {}).expect("loopback").is_some());
        assert!(mailer(|config| config.smtp_host = None).expect("not set up").is_none());
        assert!(mailer(|config| config.smtp_from = None).is_err());
        let remote = |config: &mut MessagesConfig| config.smtp_host = Some("mail.example.org".to_owned());
        assert!(mailer(remote).is_err());
        assert!(
            mailer(|config| {
                remote(config);
                config.smtp_allow_plain = true;
            })
            .is_ok()
        );
    }

    #[tokio::test]
    async fn no_line_break_gets_into_a_header() {
        let mailer = mailer(|_| {}).expect("set up").expect("a mailer");
        let mail = |to: &str| Mail {
            id: Uuid::from_u128(7),
            to: to.to_owned(),
            from_name: "Site\r\nBcc: everybody@example.org".to_owned(),
            subject: "Absent: Ann\r\nBcc: all@example.org\r\n\r\n<script>".to_owned(),
            text: "Text\r\n.\r\nMAIL FROM:<x@example.org>".to_owned(),
            html: "<p>Text</p>".to_owned(),
            attachment: Some(Attachment {
                name: "a\r\nX-Evil: yes.csv".to_owned(),
                content_type: "text/csv; charset=utf-8",
                bytes: b"a,b".to_vec(),
            }),
        };
        let message = mailer.message(mail("ann@example.org")).expect("a message");
        let text = String::from_utf8(message.formatted()).expect("text");
        let headers = text.split("\r\n\r\n").next().expect("headers");
        for line in headers.split("\r\n") {
            assert!(!line.starts_with("Bcc:") && !line.starts_with("X-Evil"), "{headers}");
        }
        assert!(!text.contains("\r\nX-Evil"), "{text}");
        assert!(
            headers.contains("Message-ID: <00000000-0000-0000-0000-000000000007@example.org>"),
            "{headers}"
        );
        assert_eq!(message.envelope().to().len(), 1);
        for bad in
            ["ann@example.org\r\nRCPT TO:<all@example.org>", "Ann <ann@example.org>", "a@b, c@d", "nobody"]
        {
            assert!(mailer.message(mail(bad)).is_err_and(|failure| failure.lasting), "{bad}");
        }
    }
}
