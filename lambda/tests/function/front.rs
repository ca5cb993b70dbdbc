//! Stands before PostgreSQL, speaks TLS for it with a certificate of its own authority, and can be taken away.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_rustls::TlsAcceptor;

/// What becomes of connections; those that stand end whenever it changes, except that a frozen one stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They reach the server.
    Open,
    /// They are ended.
    Closed,
    /// Nothing is answered or passed on any more.
    Frozen,
    /// The server says that it has no TLS.
    WithoutTls,
    /// Whoever connects is asked for the password in clear (inside TLS), as RDS and Entra do, and refused.
    Refusing,
}

pub struct Front {
    pub port: u16,
    mode: watch::Sender<Mode>,
    passwords: watch::Receiver<Vec<String>>,
    connections: Arc<AtomicUsize>,
    folder: TempDir,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Front {
    /// With a certificate for `name`.
    pub async fn start(server: &Config, name: &str) -> Self {
        let (folder, tls) = certificate(name);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, seen) = watch::channel(Mode::Open);
        let (told, passwords) = watch::channel(Vec::new());
        let connections = Arc::new(AtomicUsize::new(0));
        let (counted, server) = (connections.clone(), server.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, SeqCst);
                let (tls, server, mut seen, told) = (tls.clone(), server.clone(), seen.clone(), told.clone());
                seen.mark_unchanged();
                tokio::spawn(async move {
                    let mode = *seen.borrow();
                    let mut served = pin!(serve(stream, tls, &server, mode, &told));
                    tokio::select! {
                        _ = &mut served => {}
                        _ = seen.changed() => {
                            if *seen.borrow() == Mode::Frozen {
                                // Held open, and nothing passed on, until it changes again.
                                let _ = seen.changed().await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, mode, passwords, connections, folder }
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// The authority that the certificate comes from.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// What was sent as password.
    pub fn passwords(&self) -> Vec<String> {
        self.passwords.borrow().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    tls: TlsAcceptor,
    server: &Config,
    mode: Mode,
    told: &watch::Sender<Vec<String>>,
) -> std::io::Result<()> {
    match mode {
        Mode::Closed => return Ok(()),
        Mode::Frozen => return std::future::pending().await,
        Mode::Open | Mode::WithoutTls | Mode::Refusing => {}
    }
    let mut asked = [0; 8];
    stream.read_exact(&mut asked).await?;
    assert_eq!(asked, [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f], "the first message asks for TLS");
    if mode == Mode::WithoutTls {
        stream.write_all(b"N").await?;
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await?;
        told.send_modify(|all| all.push(String::from_utf8_lossy(&rest).into_owned()));
        return Ok(());
    }
    stream.write_all(b"S").await?;
    let mut stream = tls.accept(stream).await?;
    if mode == Mode::Refusing {
        return refuse(&mut stream, told).await;
    }
    let mut server = open(server).await?;
    copy_bidirectional(&mut stream, &mut server).await.map(|_| ())
}

async fn open(server: &Config) -> std::io::Result<Box<dyn Stream>> {
    let port = server.get_ports().first().copied().unwrap_or(5432);
    Ok(match &server.get_hosts()[0] {
        Host::Unix(folder) => Box::new(UnixStream::connect(folder.join(format!(".s.PGSQL.{port}"))).await?),
        Host::Tcp(name) => Box::new(TcpStream::connect((name.as_str(), port)).await?),
    })
}

async fn refuse(stream: &mut impl Stream, told: &watch::Sender<Vec<String>>) -> std::io::Result<()> {
    let length = stream.read_u32().await?;
    stream.read_exact(&mut vec![0; length as usize - 4]).await?;
    stream.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]).await?; // AuthenticationCleartextPassword
    assert_eq!(stream.read_u8().await?, b'p');
    let mut password = vec![0; stream.read_u32().await? as usize - 4];
    stream.read_exact(&mut password).await?;
    let text = String::from_utf8_lossy(&password).trim_end_matches('\0').to_owned();
    told.send_modify(|all| all.push(text));
    let error = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0";
    stream.write_all(b"E").await?;
    stream.write_u32(u32::try_from(error.len()).unwrap() + 4).await?;
    stream.write_all(error).await?;
    stream.shutdown().await
}

/// An authority in a file, and TLS with a certificate that it gave for `name`.
pub fn certificate(name: &str) -> (TempDir, TlsAcceptor) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = TempDir::new().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    std::fs::write(folder.path().join("authority.pem"), authority.pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (folder, TlsAcceptor::from(Arc::new(config)))
}
