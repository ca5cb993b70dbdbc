//! The database goes through PostgreSQL's own `pg_dump` and `pg_restore`, which run as children; nothing of it is on a
//! disk unsealed.

use std::collections::BTreeMap;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, anyhow, ensure};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use percent_encoding::percent_decode_str;
use sealing::{PublicKey, SecretKey};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

use super::sealed_file::{SealedReader, SealedWriter};
use super::{DATABASE, Dumped, Progress, Stored, at, hex, wrapped_keys};
use crate::config::Secret;
use crate::{db, models};

/// Pieces that wait for a child.
const UNDER_WAY: usize = 2;
/// The size of parts of an upload, of which there are at most 10,000: a dump of 83 GB, compressed, is the largest. Larger
/// parts would not get through slow lines in the time that a request has.
const PART: usize = 8 * 1024 * 1024;
const PARTS_AT_ONCE: usize = 3;
const PLACE_FAILED: &str = "the place of backups cannot be written";
const CANNOT_OPEN: &str = "the database of the backup cannot be opened";
/// Where Debian keeps the programs of several versions beside each other.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Where there is no server whose version it should be.
const NEWEST: i64 = 0;

/// The program of the server's own version, or the newest there is, which reads and dumps older servers, too. Its own comes
/// first since a newer one restores with settings that an older server does not know.
fn installed(versions: &Path, name: &str, server: i64) -> Option<PathBuf> {
    let versions = std::fs::read_dir(versions).into_iter().flatten().flatten();
    let programs = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse::<i64>().ok()?, version.path())))
        .map(|(version, folder)| (version, folder.join("bin").join(name)))
        .filter(|(_, path)| path.exists());
    programs.max_by_key(|(version, _)| (*version == server, *version)).map(|(_, path)| path)
}

/// Whether an address tells a password among its parameters, or is none of those that begin with `postgresql://`.
fn hides_password(url: &str) -> bool {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let mut names = parameters.split('&').map(|parameter| parameter.split('=').next().unwrap_or_default());
    !url.contains("://")
        || names.any(|name| {
            let name = percent_decode_str(name).decode_utf8_lossy();
            name.contains("password") || name.contains("secret")
        })
}

fn program(name: &str, server: i64) -> Command {
    Command::new(installed(Path::new(VERSIONS), name, server).unwrap_or_else(|| name.into()))
}

fn spawn(name: &str, mut command: Command, stdin: Stdio, stdout: Stdio) -> Result<Child> {
    command.stdin(stdin).stdout(stdout).stderr(Stdio::piped());
    command.spawn().with_context(|| format!("{name} cannot be started: install PostgreSQL's client programs"))
}

/// Starts one of PostgreSQL's programs on a database; the password is in its environment, where other users do not see it.
fn start(
    name: &str,
    server: i64,
    url: &Secret,
    arguments: &[&str],
    stdin: Stdio,
    stdout: Stdio,
) -> Result<Child> {
    let (url, password) = db::without_password(&db::with_password(url)?);
    ensure!(!hides_password(&url), "the password must stand before the @ of the connection URL");
    let mut command = program(name, server);
    if let Some(password) = password {
        command.env("PGPASSWORD", password.expose());
    }
    command.args(arguments).args(["--no-password", "--dbname", &url]);
    spawn(name, command, stdin, stdout)
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

/// Hands on what is written to it, in parts of the same size.
struct Outlet {
    parts: Sender<Bytes>,
    part: Vec<u8>,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PART - self.part.len());
        self.part.extend_from_slice(&bytes[..taken]);
        if self.part.len() == PART {
            self.flush()?;
        }
        Ok(taken)
    }

    /// Hands the last part on, which may be shorter.
    fn flush(&mut self) -> io::Result<()> {
        if self.part.is_empty() {
            return Ok(());
        }
        let part = Bytes::from(std::mem::take(&mut self.part));
        self.parts.blocking_send(part).map_err(|_| io::Error::from(ErrorKind::BrokenPipe))
    }
}

/// Dumps the database as this moment sees it.
pub async fn dump(
    place: &Arc<dyn ObjectStore>,
    name: &str,
    url: &Secret,
    recipient: &PublicKey,
) -> Result<Dumped> {
    let mut upload = place.put_multipart(&at(name, DATABASE)).await.context(PLACE_FAILED)?;
    let dumped = upload_dump(upload.as_mut(), url, recipient).await;
    if dumped.is_err() {
        // Clouds keep the parts of an upload that nobody ends. Should this fail, too, the first error is the one to tell.
        let _ = upload.abort().await;
    }
    dumped
}

async fn upload_dump(
    upload: &mut dyn MultipartUpload,
    url: &Secret,
    recipient: &PublicKey,
) -> Result<Dumped> {
    let (parts, mut arriving) = mpsc::channel(1);
    let (url, recipient) = (url.clone(), recipient.clone());
    let dumping = tokio::task::spawn_blocking(move || dump_into(parts, &url, &recipient));
    let mut under_way = JoinSet::<object_store::Result<()>>::new();
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut progress = Progress::of("bytes of the database kept", 0);
    while let Some(part) = arriving.recv().await {
        hash.update(&part);
        bytes += part.len() as u64;
        progress.add(part.len() as u64);
        if under_way.len() == PARTS_AT_ONCE
            && let Some(kept) = under_way.join_next().await
        {
            kept?.context(PLACE_FAILED)?;
        }
        under_way.spawn(upload.put_part(PutPayload::from(part)));
    }
    let moment = dumping.await??;
    while let Some(kept) = under_way.join_next().await {
        kept?.context(PLACE_FAILED)?;
    }
    upload.complete().await.context(PLACE_FAILED)?;
    let file = Stored { path: DATABASE.to_owned(), bytes, sha256: hex(hash) };
    Ok(Dumped { file, at: moment.at, owner: moment.owner, rows: moment.rows })
}

/// What a dump shows, asked in the transaction that it sees.
struct Moment {
    at: DateTime<Utc>,
    owner: Option<String>,
    rows: BTreeMap<String, i64>,
}

fn dump_into(parts: Sender<Bytes>, url: &Secret, recipient: &PublicKey) -> Result<Moment> {
    let mut conn = db::connect(url).context("the database cannot be reached")?;
    let server = models::backup::state(&mut conn)?.version;
    let snapshot = models::backup::export_snapshot(&mut conn)?;
    let at = Utc::now();
    let arguments = ["--format=custom", "--compress=1", "--snapshot", &snapshot];
    let mut child = start("pg_dump", server, url, &arguments, Stdio::null(), Stdio::piped())?;
    let said = listen(&mut child);
    let mut output = child.stdout.take().context("pg_dump has no output")?;
    let mut sealed = SealedWriter::new(Outlet { parts, part: Vec::new() }, recipient)?;
    let copied = io::copy(&mut output, &mut sealed);
    drop(output);
    end("pg_dump", child, said)?;
    copied?;
    sealed.finish()?;
    let owner = models::backup::owner(&mut conn)?;
    let rows = models::backup::table_counts(&mut conn)?;
    Ok(Moment { at, owner, rows })
}

/// Reads what arrives. An end that comes too early is for [`SealedReader`] to tell.
struct Inlet {
    pieces: Receiver<Bytes>,
    piece: Bytes,
}

impl Read for Inlet {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            let Some(piece) = self.pieces.blocking_recv() else { return Ok(0) };
            self.piece = piece;
        }
        let given = into.len().min(self.piece.len());
        into[..given].copy_from_slice(&self.piece.split_to(given));
        Ok(given)
    }
}

/// A file of a backup as it arrives, each piece held against its hash.
pub type Content = BoxStream<'static, Result<Bytes>>;

/// Hands pieces to a reader, who says why it reads no further.
async fn hand_on(mut content: Content, pieces: Sender<Bytes>) -> Result<()> {
    while let Some(piece) = content.try_next().await? {
        if pieces.send(piece).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Opens a sealed dump and hands it to `work`, which reads it on a thread of its own.
async fn opening<T: Send + 'static>(
    content: Content,
    secret: &SecretKey,
    work: impl FnOnce(SealedReader<Inlet>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (pieces, arriving) = mpsc::channel(UNDER_WAY);
    let secret = secret.clone();
    let working = tokio::task::spawn_blocking(move || {
        let inlet = Inlet { pieces: arriving, piece: Bytes::new() };
        work(SealedReader::new(inlet, &secret).context(CANNOT_OPEN)?)
    });
    let handed_on = hand_on(content, pieces).await;
    // Nothing is at work any more when an error is told.
    let worked = working.await?;
    handed_on.and(worked)
}

/// Opens a sealed dump from its beginning to its end. Gives the keys in what `pg_restore`, which needs no server for it,
/// writes of the tables that have some.
pub async fn open_all(content: Content, secret: &SecretKey) -> Result<wrapped_keys::Found> {
    opening(content, secret, |mut dump| {
        let mut command = program("pg_restore", NEWEST);
        command.args(["--data-only", "--file=-"]);
        command.args(wrapped_keys::TABLES.map(|table| format!("--table={table}")));
        let mut child = spawn("pg_restore", command, Stdio::piped(), Stdio::piped())?;
        let said = listen(&mut child);
        let written = child.stdout.take().context("pg_restore has no output")?;
        let found = thread::spawn(move || wrapped_keys::find(BufReader::new(written)));
        let mut input = child.stdin.take().context("pg_restore has no input")?;
        let copied = match io::copy(&mut dump, &mut input) {
            // It has what it needs, or says below why it has not.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => io::copy(&mut dump, &mut io::sink()),
            copied => copied,
        };
        drop(input);
        let ended = end("pg_restore", child, said);
        copied.context(CANNOT_OPEN)?;
        ended.context(CANNOT_OPEN)?;
        let found = found.join().map_err(|_| anyhow!("the search for keys broke off"))?;
        found.context(CANNOT_OPEN)
    })
    .await
}

/// Fills an empty database, in one transaction.
pub async fn load(content: Content, secret: &SecretKey, url: &Secret, server: i64) -> Result<()> {
    let url = url.clone();
    opening(content, secret, move |mut dump| {
        let arguments = ["--no-owner", "--single-transaction", "--exit-on-error"];
        let mut child = start("pg_restore", server, &url, &arguments, Stdio::piped(), Stdio::null())?;
        let said = listen(&mut child);
        let mut input = child.stdin.take().context("pg_restore has no input")?;
        let copied = io::copy(&mut dump, &mut input);
        if copied.as_ref().is_err_and(|error| error.kind() == ErrorKind::InvalidData) {
            // Nothing of a dump that was cut off is committed.
            child.kill()?;
        }
        drop(input);
        let ended = end("pg_restore", child, said);
        match copied {
            Ok(_) => ended,
            Err(error) if error.kind() == ErrorKind::InvalidData => Err(error).context(CANNOT_OPEN),
            // pg_restore read no further, and says why.
            Err(error) => ended.and(Err(error.into())),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_gets_the_programs_of_its_own_version_or_the_newest() {
        let versions = tempfile::tempdir().expect("a folder");
        for version in ["9", "15", "17", "tools"] {
            let folder = versions.path().join(version).join("bin");
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join("pg_restore"), "").expect("a program");
        }
        std::fs::create_dir_all(versions.path().join("18/bin")).expect("a folder without the program");
        let version = |server| {
            let path = installed(versions.path(), "pg_restore", server).expect("a program");
            path.strip_prefix(versions.path()).expect("below").to_string_lossy().into_owned()
        };
        assert_eq!(version(15), "15/bin/pg_restore");
        assert_eq!(version(16), "17/bin/pg_restore");
        assert_eq!(version(18), "17/bin/pg_restore");
        assert_eq!(installed(versions.path(), "pg_dump", 15), None);
        assert_eq!(installed(&versions.path().join("nowhere"), "pg_dump", 15), None);
    }

    #[test]
    fn a_password_that_others_would_see_is_refused() {
        for url in [
            "postgresql://owner@host/db?password=secret",
            "postgresql://owner@host/db?x=1&pass%77ord=secret",
            "postgresql://owner@host/db?sslpassword=secret",
            "host=db user=owner password=secret",
        ] {
            assert!(hides_password(url), "{url}");
            let url = Secret::new(url);
            let started = start("pg_dump", 15, &url, &[], Stdio::null(), Stdio::null());
            let refused = format!("{:#}", started.expect_err("refused"));
            assert!(refused.contains("before the @") && !refused.contains("secret"), "{refused}");
        }
        for url in
            ["postgresql://owner@host/db", "postgresql:///db?passfile=/a&sslmode=verify-full&sslkey=/b"]
        {
            assert!(!hides_password(url), "{url}");
        }
    }

    #[test]
    fn parts_of_an_upload_have_one_size_but_the_last() {
        let (parts, mut arriving) = mpsc::channel(3);
        let mut outlet = Outlet { parts, part: Vec::new() };
        let text: Vec<u8> = (0..2 * PART + 5).map(|at| (at % 251) as u8).collect();
        text.chunks(65_000).try_for_each(|piece| outlet.write_all(piece)).expect("written");
        outlet.flush().expect("the last");
        outlet.flush().expect("and no empty one");
        drop(outlet);
        let mut came = Vec::new();
        let mut sizes = Vec::new();
        while let Some(part) = arriving.blocking_recv() {
            sizes.push(part.len());
            came.extend_from_slice(&part);
        }
        assert_eq!(sizes, [PART, PART, 5]);
        assert!(came == text);
    }
}
