//! The database goes through PostgreSQL's own `pg_dump` and `pg_restore`, which run as children; nothing of it is on a
//! disk unsealed.

use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use chrono::Utc;
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use sealing::{PublicKey, SecretKey};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::sealed_file::{SealedReader, SealedWriter};
use super::{DATABASE, Dumped, Progress, Stored, at, hex};
use crate::config::Secret;
use crate::{db, models};

/// Pieces between a child and the network, each at most [`PIECE`] bytes.
const UNDER_WAY: usize = 16;
const PIECE: usize = 256 * 1024;
/// A multipart upload has at most 10,000 parts: this is enough for 300 GB.
const PART: usize = 32 * 1024 * 1024;
const PARTS_AT_ONCE: usize = 3;

/// The newest of the programs that Debian keeps beside each other, or whatever is called so.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse::<u32>().ok()?, version.path())))
        .map(|(version, folder)| (version, folder.join("bin").join(name)))
        .filter(|(_, path)| path.exists())
        .max();
    newest.map_or_else(|| name.into(), |(_, path)| path)
}

/// Starts one of PostgreSQL's programs; the password is in its environment, where other users do not see it.
fn start(name: &str, url: &Secret, arguments: &[&str], stdin: Stdio, stdout: Stdio) -> Result<Child> {
    let (url, password) = db::without_password(&db::with_password(url)?);
    let mut command = Command::new(program(name));
    if let Some(password) = password {
        command.env("PGPASSWORD", password.expose());
    }
    command
        .args(arguments)
        .args(["--no-password", "--dbname", &url])
        .stdin(stdin)
        .stdout(stdout)
        .stderr(Stdio::piped());
    command.spawn().with_context(|| format!("{name} cannot be started: install PostgreSQL's client programs"))
}

/// Waits for a child whose standard error `said` collects.
fn end(name: &str, mut child: Child, said: thread::JoinHandle<String>) -> Result<()> {
    let status = child.wait()?;
    let said = said.join().unwrap_or_default();
    ensure!(status.success(), "{name} failed: {}", said.trim());
    Ok(())
}

fn listen(child: &mut Child) -> thread::JoinHandle<String> {
    let errors = child.stderr.take();
    thread::spawn(move || {
        let mut said = String::new();
        // What cannot be read is not said; the exit code tells.
        let _ = errors.map(|mut errors| errors.read_to_string(&mut said));
        said
    })
}

/// Hands on what is written to it.
struct Outlet {
    pieces: Sender<Bytes>,
    piece: Vec<u8>,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.piece));
        self.pieces.blocking_send(piece).map_err(|_| io::Error::from(ErrorKind::BrokenPipe))
    }
}

/// Dumps the database as this moment sees it.
pub async fn dump(
    place: &Arc<dyn ObjectStore>,
    name: &str,
    url: &Secret,
    recipient: &PublicKey,
) -> Result<Dumped> {
    let (pieces, mut arriving) = mpsc::channel(UNDER_WAY);
    let (url, recipient) = (url.clone(), recipient.clone());
    let dumping = tokio::task::spawn_blocking(move || dump_into(pieces, &url, &recipient));
    let upload =
        place.put_multipart(&at(name, DATABASE)).await.context("the place of backups cannot be written")?;
    let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut progress = Progress::of("bytes of the database kept", 0);
    while let Some(piece) = arriving.recv().await {
        hash.update(&piece);
        bytes += piece.len() as u64;
        progress.add(piece.len() as u64);
        upload.wait_for_capacity(PARTS_AT_ONCE).await.context("the place of backups cannot be written")?;
        upload.put(piece);
    }
    match dumping.await? {
        Ok((at, rows)) => {
            upload.finish().await.context("the place of backups cannot be written")?;
            Ok(Dumped { file: Stored { path: DATABASE.to_owned(), bytes, sha256: hex(hash) }, at, rows })
        }
        Err(error) => {
            upload.abort().await?;
            Err(error)
        }
    }
}

type Moment = (chrono::DateTime<Utc>, std::collections::BTreeMap<String, i64>);

fn dump_into(pieces: Sender<Bytes>, url: &Secret, recipient: &PublicKey) -> Result<Moment> {
    let mut conn = db::connect(url).context("the database cannot be reached")?;
    let snapshot = models::backup::export_snapshot(&mut conn)?;
    let now = Utc::now();
    let arguments = ["--format=custom", "--compress=1", "--snapshot", &snapshot];
    let mut child = start("pg_dump", url, &arguments, Stdio::null(), Stdio::piped())?;
    let said = listen(&mut child);
    let mut output = child.stdout.take().context("pg_dump has no output")?;
    let mut sealed = SealedWriter::new(Outlet { pieces, piece: Vec::new() }, recipient)?;
    let copied = io::copy(&mut output, &mut sealed);
    drop(output);
    end("pg_dump", child, said)?;
    copied?;
    sealed.finish()?;
    let rows = models::backup::table_counts(&mut conn)?;
    Ok((now, rows))
}

/// Reads what arrives.
struct Inlet {
    pieces: Receiver<Bytes>,
    piece: Bytes,
}

impl Read for Inlet {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let given = into.len().min(self.piece.len());
        into[..given].copy_from_slice(&self.piece.split_to(given));
        Ok(given)
    }
}

type Content = BoxStream<'static, object_store::Result<Bytes>>;

/// Opens a sealed dump and hands it to `work`, which reads it on a thread of its own.
async fn opening(
    mut content: Content,
    secret: &SecretKey,
    work: impl FnOnce(SealedReader<Inlet>) -> Result<()> + Send + 'static,
) -> Result<()> {
    let (pieces, arriving) = mpsc::channel(UNDER_WAY);
    let secret = secret.clone();
    let working = tokio::task::spawn_blocking(move || {
        let inlet = Inlet { pieces: arriving, piece: Bytes::new() };
        work(SealedReader::new(inlet, &secret).context("the database of the backup cannot be opened")?)
    });
    while let Some(piece) = content.try_next().await.context("the backup cannot be read")? {
        // Whoever does not read on says why below.
        if pieces.send(piece).await.is_err() {
            break;
        }
    }
    drop(pieces);
    working.await?
}

/// Opens a sealed dump from its beginning to its end.
pub async fn open_all(content: Content, secret: &SecretKey) -> Result<()> {
    opening(content, secret, |mut dump| {
        let mut head = [0; 5];
        dump.read_exact(&mut head).context("the database of the backup cannot be opened")?;
        ensure!(&head == b"PGDMP", "the database of the backup is no dump of PostgreSQL");
        io::copy(&mut dump, &mut io::sink()).context("the database of the backup cannot be opened")?;
        Ok(())
    })
    .await
}

/// Fills an empty database, in one transaction.
pub async fn load(content: Content, secret: &SecretKey, url: &Secret) -> Result<()> {
    let url = url.clone();
    opening(content, secret, move |mut dump| {
        let arguments = ["--no-owner", "--single-transaction", "--exit-on-error"];
        let mut child = start("pg_restore", &url, &arguments, Stdio::piped(), Stdio::null())?;
        let said = listen(&mut child);
        let mut input = child.stdin.take().context("pg_restore has no input")?;
        let copied = io::copy(&mut dump, &mut input);
        if copied.as_ref().is_err_and(|error| error.kind() == ErrorKind::InvalidData) {
            // Nothing of a damaged dump is committed.
            child.kill()?;
        }
        drop(input);
        let ended = end("pg_restore", child, said);
        match copied {
            Ok(_) => ended,
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                Err(error).context("the database of the backup cannot be opened")
            }
            // pg_restore read no further, and says why.
            Err(error) => ended.and(Err(error.into())),
        }
    })
    .await
}
