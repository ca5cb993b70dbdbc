//! Who takes messages: a mail server and an HTTP server on loopback, real enough to be spoken to.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use api::config::MessagesConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A message as the mail server took it.
#[derive(Debug, Clone)]
pub struct Taken {
    pub to: Vec<String>,
    pub data: String,
}

impl Taken {
    /// A header, unfolded.
    pub fn header(&self, name: &str) -> String {
        let head = self.data.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let prefix = format!("{}:", name.to_lowercase());
        let line = head.split("\r\n").find(|line| line.to_lowercase().starts_with(&prefix));
        line.map(|line| line[prefix.len()..].trim().to_owned()).unwrap_or_default()
    }

    /// The bodies of all parts whose head contains a text, decoded.
    pub fn parts(&self, containing: &str) -> Vec<String> {
        let mut found = Vec::new();
        for part in self.data.split("\r\n--") {
            let Some((head, body)) = part.split_once("\r\n\r\n") else { continue };
            if !head.contains(containing) {
                continue;
            }
            let plain = body.trim_end_matches("\r\n");
            let bytes = if head.contains("Content-Transfer-Encoding: base64") {
                STANDARD.decode(plain.replace("\r\n", "")).unwrap()
            } else if head.contains("Content-Transfer-Encoding: quoted-printable") {
                unquoted(plain)
            } else {
                plain.as_bytes().to_vec()
            };
            found.push(String::from_utf8(bytes).unwrap());
        }
        found
    }

    /// The body in plain text.
    pub fn text(&self) -> String {
        self.parts("text/plain").concat().replace("\r\n", "\n")
    }
}

fn unquoted(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' {
            let hex = std::str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

/// How a mail server speaks TLS.
#[derive(Clone)]
enum Security {
    None,
    /// From the first byte.
    Implicit(TlsAcceptor),
    /// After `STARTTLS` (RFC 3207), and before it nothing else.
    Upgrade(TlsAcceptor),
}

/// A mail server (RFC 5321, as much as a client needs).
#[derive(Clone)]
pub struct MailServer {
    port: u16,
    security: Security,
    taken: Arc<Mutex<Vec<Taken>>>,
    /// Every line that came before TLS.
    overheard: Arc<Mutex<Vec<String>>>,
    /// What it answers to RCPT in place of 250.
    refusal: Arc<Mutex<Option<&'static str>>>,
}

impl MailServer {
    pub async fn start() -> Self {
        Self::start_with(Security::None).await
    }

    /// One that speaks TLS as `mode` of the settings says, with a certificate that it makes in `folder`.
    pub async fn start_tls(mode: &str, folder: &Path) -> Self {
        let config = api::tls::self_signed(folder, IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::start_with(match mode {
            "implicit" => Security::Implicit(acceptor),
            _ => Security::Upgrade(acceptor),
        })
        .await
    }

    async fn start_with(security: Security) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, overheard, refusal) = (Arc::default(), Arc::default(), Arc::default());
        let server = Self { port, security, taken, overheard, refusal };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move {
                    let _ = serving.serve(stream).await;
                });
            }
        });
        server
    }

    /// What came before TLS.
    pub fn overheard(&self) -> Vec<String> {
        self.overheard.lock().unwrap().clone()
    }

    /// Settings that send by it.
    pub fn settings(&self) -> MessagesConfig {
        MessagesConfig {
            smtp_host: Some("127.0.0.1".to_owned()),
            smtp_port: Some(self.port),
            smtp_tls: Some("none".to_owned()),
            smtp_from: Some("attendance@example.org".to_owned()),
            ..MessagesConfig::default()
        }
    }

    pub fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    /// What was taken for an address.
    pub fn taken_for(&self, address: &str) -> Vec<Taken> {
        self.taken().into_iter().filter(|taken| taken.to == [address]).collect()
    }

    /// Refuses every recipient with an answer, or none.
    pub fn refuse(&self, answer: Option<&'static str>) {
        *self.refusal.lock().unwrap() = answer;
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        match &self.security {
            Security::None => self.converse(stream, true).await?,
            Security::Implicit(acceptor) => self.converse(acceptor.accept(stream).await?, true).await?,
            Security::Upgrade(acceptor) => {
                if let Some(stream) = self.upgrade(stream).await? {
                    self.converse(acceptor.accept(stream).await?, false).await?;
                }
            }
        }
        Ok(())
    }

    /// Until the client asks for TLS.
    async fn upgrade(&self, stream: TcpStream) -> std::io::Result<Option<TcpStream>> {
        let mut lines = BufReader::new(stream);
        lines.write_all(b"220 sink\r\n").await?;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            self.overheard.lock().unwrap().push(line.trim_end().to_owned());
            let command = line.trim_end().to_uppercase();
            if command == "STARTTLS" {
                lines.write_all(b"220 go on\r\n").await?;
                return Ok(Some(lines.into_inner()));
            }
            let greeting = command.starts_with("EHLO");
            let answer: &[u8] =
                if greeting { b"250-sink\r\n250 STARTTLS\r\n" } else { b"530 STARTTLS first\r\n" };
            lines.write_all(answer).await?;
        }
    }

    async fn converse(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        greet: bool,
    ) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream);
        let mut to = Vec::new();
        if greet {
            lines.write_all(b"220 sink\r\n").await?;
            lines.flush().await?;
        }
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let command = line.trim_end().to_uppercase();
            let refusal = *self.refusal.lock().unwrap();
            let answer = if command.starts_with("RCPT TO:") {
                to.push(line.trim_end()[8..].trim_matches(['<', '>', ' ']).to_owned());
                refusal.unwrap_or("250 ok").to_owned()
            } else if command.starts_with("MAIL FROM:") || command == "RSET" {
                to.clear();
                "250 ok".to_owned()
            } else if command == "DATA" {
                lines.write_all(b"354 go on\r\n").await?;
                lines.flush().await?;
                let data = Self::read_data(&mut lines).await?;
                self.taken.lock().unwrap().push(Taken { to: std::mem::take(&mut to), data });
                "250 taken".to_owned()
            } else if command == "QUIT" {
                lines.write_all(b"221 bye\r\n").await?;
                return lines.flush().await;
            } else if command.starts_with("EHLO") {
                "250-sink\r\n250-AUTH PLAIN\r\n250 8BITMIME".to_owned()
            } else if command.starts_with("AUTH PLAIN") {
                "235 welcome".to_owned()
            } else {
                "250 ok".to_owned()
            };
            lines.write_all(format!("{answer}\r\n").as_bytes()).await?;
            lines.flush().await?;
        }
    }

    async fn read_data(lines: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<String> {
        let mut data = String::new();
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).await?;
            if line == ".\r\n" || line.is_empty() {
                return Ok(data);
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }
}

/// A request as the HTTP server got it.
#[derive(Debug, Clone)]
pub struct Got {
    pub head: String,
    pub body: String,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<String> {
        let prefix = format!("{}:", name.to_lowercase());
        let line = self.head.split("\r\n").find(|line| line.to_lowercase().starts_with(&prefix))?;
        Some(line[prefix.len()..].trim().to_owned())
    }
}

/// An HTTP server that answers as it is told, and 200 from then on.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<String>>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let receiver = Self { url, got: Arc::default(), answers: Arc::default() };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move {
                    let _ = serving.serve(stream).await;
                });
            }
        });
        receiver
    }

    /// Answers the next request with a status line and headers.
    pub fn answer(&self, head: &str) {
        self.answers.lock().unwrap().push_back(head.to_owned());
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
        let end = loop {
            let read = stream.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            bytes.extend_from_slice(&buffer[..read]);
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut got = Got { head, body: String::new() };
        let length: usize = got.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        while bytes.len() < end + 4 + length {
            let read = stream.read(&mut buffer).await?;
            bytes.extend_from_slice(&buffer[..read]);
        }
        got.body = String::from_utf8(bytes[end + 4..].to_vec()).unwrap();
        self.got.lock().unwrap().push(got);
        let answer = self.answers.lock().unwrap().pop_front().unwrap_or_else(|| "200 OK".to_owned());
        let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await
    }
}
