//! The chain of the audit: entries that have committed join it under one lock, and a check finds what was altered,
//! deleted or cut off.
//!
//! A link is HMAC-SHA-256, by a key that lives outside the database, over the hash before, the sequence, what is never
//! erased of the entry, and a salted hash of its values. Emptied values are in order where an entry of the chain says so.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use diesel::{Connection, PgConnection};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::config::DataConfig;
use crate::error::ApiError;
use crate::keys::require_private;
use crate::models::audit::{self, Entry, Link};
use crate::storage::PhotoStore;

const BATCH: i64 = 1000;
const KEY_BYTES: usize = 32;

/// The key of the chain; never prints.
#[derive(Clone)]
pub struct ChainKey([u8; KEY_BYTES]);

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Opens the key in its file. Only a database without a chain gets a new one.
///
/// # Errors
/// When the file is missing although there is a chain, open to others, or damaged.
pub fn open_or_create(conn: &mut PgConnection, config: &DataConfig) -> Result<ChainKey> {
    let path = config.audit_key_file();
    if !path.exists() {
        ensure!(
            audit::head(conn)?.is_none(),
            "the audit is chained with the key in {}: restore that file",
            path.display()
        );
        create(&path)?;
        tracing::info!(path = %path.display(), "audit key created: keep a copy of it apart from the backups");
    }
    let key = read(&path)?;
    if let Some(head) = audit::head(conn)? {
        // One link that does not fit is for the check to tell of; where no link fits, the key is another one.
        let (first, newest) = (key.made(conn, 1)?, key.made(conn, head.seq)?);
        ensure!(
            first != Some(false) && newest != Some(false) || first == Some(true) || newest == Some(true),
            "the chain of the audit was not made with the key in {}: restore that file",
            path.display()
        );
    }
    Ok(key)
}

/// Writes a new key, unless another process was first.
///
/// # Errors
/// When it cannot be written.
pub fn create(path: &Path) -> Result<()> {
    let fresh = path.with_extension(format!("{}.new", Uuid::new_v4().simple()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)
        .with_context(|| format!("{} cannot be written", fresh.display()))?;
    writeln!(file, "{}", STANDARD.encode(rand::random::<[u8; KEY_BYTES]>()))?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&fresh, path);
    std::fs::remove_file(&fresh)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("{} cannot be put in place", path.display()))
        }
        _ => Ok(()),
    }
}

/// Opens the key that is in its file already, for what is proved with it besides the chain.
///
/// # Errors
/// When the file is missing, open to others, or damaged.
pub fn open(config: &DataConfig) -> Result<ChainKey> {
    read(&config.audit_key_file())
}

fn read(path: &Path) -> Result<ChainKey> {
    let shown = path.display();
    require_private(path, "the audit key file")?;
    let text = std::fs::read_to_string(path).with_context(|| format!("{shown} cannot be read"))?;
    let key = STANDARD.decode(text.trim()).with_context(|| format!("the audit key in {shown} is damaged"))?;
    Ok(ChainKey(
        key.try_into().map_err(|_| anyhow!("the audit key in {shown} is not {KEY_BYTES} bytes long"))?,
    ))
}

#[cfg(test)]
impl ChainKey {
    /// A key of tests.
    pub fn of_test(byte: u8) -> Self {
        Self([byte; KEY_BYTES])
    }
}

/// What the first link follows.
const GENESIS: [u8; 32] = [0; 32];

impl ChainKey {
    /// A key for another purpose, named by `label`: HMAC-SHA-256 of the label, so that no key tells of another.
    ///
    /// # Errors
    /// Never; HMAC takes a key of any length.
    pub fn derived(&self, label: &str) -> Result<[u8; KEY_BYTES]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).context("the audit key")?;
        // What is hashed for links begins with a hash and never with this.
        mac.update(b"attendance key: ");
        mac.update(label.as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }

    /// The hash of a link.
    fn link(&self, before: &[u8], seq: i64, entry: &Entry, values_hash: &[u8]) -> Result<Vec<u8>> {
        let kept = serde_json::to_vec(&(
            seq,
            entry.id,
            entry.at.timestamp_micros(),
            &entry.actor_kind,
            &entry.action,
            &entry.subject_kind,
        ))?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).context("the audit key")?;
        // The two hashes have a fixed length, so what lies between them is told apart.
        mac.update(before);
        mac.update(&kept);
        mac.update(values_hash);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    /// What whoever holds the same key can check: a code for a text, as base64url. `purpose` keeps codes for
    /// one use from standing for another.
    ///
    /// # Errors
    /// None that happens: HMAC takes keys of every length.
    pub fn proof(&self, purpose: &str, text: &str) -> Result<String> {
        Ok(URL_SAFE_NO_PAD.encode(self.code(purpose, text)?.finalize().into_bytes()))
    }

    /// Whether a code is that of a text, in constant time.
    pub fn is_proof(&self, purpose: &str, text: &str, code: &str) -> bool {
        let (Ok(mac), Ok(code)) = (self.code(purpose, text), URL_SAFE_NO_PAD.decode(code)) else {
            return false;
        };
        mac.verify_slice(&code).is_ok()
    }

    fn code(&self, purpose: &str, text: &str) -> Result<Hmac<Sha256>> {
        // A key of its own for each purpose, away from the chain's.
        let mut derived = Hmac::<Sha256>::new_from_slice(&self.0).context("the audit key")?;
        derived.update(purpose.as_bytes());
        let derived = derived.finalize().into_bytes();
        let mut mac = Hmac::<Sha256>::new_from_slice(&derived).context("a derived key")?;
        mac.update(text.as_bytes());
        Ok(mac)
    }

    /// Whether this key made the link of a sequence; none where link or entry is gone.
    fn made(&self, conn: &mut PgConnection, seq: i64) -> Result<Option<bool>> {
        let Some(link) = audit::link(conn, seq)? else { return Ok(None) };
        let before = match seq {
            1 => GENESIS.to_vec(),
            _ => match audit::link(conn, seq - 1)? {
                Some(before) => before.hash,
                None => return Ok(None),
            },
        };
        let entries = audit::entries(conn, &[link.audit_id])?;
        let Some(entry) = entries.first() else { return Ok(None) };
        Ok(Some(self.link(&before, seq, entry, &link.values_hash)? == link.hash))
    }
}

/// The salted hash of an entry's values: who, whom, what before and after. Zeros where they were emptied.
fn values_hash(entry: &Entry) -> Result<Vec<u8>> {
    let Some(salt) = &entry.salt else { return Ok(vec![0; 32]) };
    let values = serde_json::to_vec(&(entry.actor_id, entry.subject_id, &entry.detail))?;
    Ok(Sha256::new().chain_update(salt).chain_update(values).finalize().to_vec())
}

/// Has the entries that wait join the chain; where another process is at it, that one does.
///
/// # Errors
/// When the database fails.
pub fn append_pending(conn: &mut PgConnection, key: &ChainKey) -> Result<(), ApiError> {
    while audit::is_pending(conn)? {
        let appended = conn
            .transaction(|conn| if audit::try_lock_chain(conn)? { append_batch(conn, key) } else { Ok(0) })?;
        if appended == 0 {
            break;
        }
    }
    Ok(())
}

fn append_batch(conn: &mut PgConnection, key: &ChainKey) -> Result<usize, ApiError> {
    let (mut seq, mut before) = match audit::head(conn)? {
        Some(link) => (link.seq, link.hash),
        None => (0, GENESIS.to_vec()),
    };
    let mut links = Vec::new();
    for entry in audit::pending(conn, BATCH)? {
        seq += 1;
        let values_hash = values_hash(&entry)?;
        before = key.link(&before, seq, &entry, &values_hash)?;
        links.push(Link { seq, audit_id: entry.id, values_hash, hash: before.clone() });
    }
    audit::append(conn, &links)?;
    Ok(links.len())
}

/// The newest link as it is kept outside the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its sequence.
    pub seq: i64,
    /// Its hash, in hexadecimal.
    pub hash: String,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The chain of so many entries holds.
    Holds {
        /// The newest sequence.
        entries: i64,
        /// How many of them were emptied by an erasure or a purge.
        emptied: usize,
    },
    /// It does not.
    Broken {
        /// The first sequence that is not as it was written.
        seq: i64,
        /// In which way.
        what: String,
    },
}

impl Verdict {
    fn broken(seq: i64, what: &str) -> Self {
        Self::Broken { seq, what: what.to_owned() }
    }
}

/// Checks the whole chain, and that it still holds the newest head that is kept outside.
///
/// # Errors
/// When the database fails.
pub fn verify(conn: &mut PgConnection, key: &ChainKey, outside: Option<&Head>) -> Result<Verdict, ApiError> {
    conn.transaction(|conn| {
        // Nobody appends meanwhile, and nothing that has committed is left waiting.
        audit::lock_chain(conn)?;
        while append_batch(conn, key)? > 0 {}
        Walk::default().run(conn, key, outside)
    })
}

/// What a check has seen so far.
#[derive(Default)]
struct Walk {
    /// Entries without values, with their sequences.
    emptied: BTreeMap<i64, i64>,
    /// Entries whose emptying an entry tells of.
    erased: HashSet<i64>,
    /// Up to which entry values were purged.
    purged_through: i64,
}

impl Walk {
    fn run(
        mut self,
        conn: &mut PgConnection,
        key: &ChainKey,
        outside: Option<&Head>,
    ) -> Result<Verdict, ApiError> {
        let (mut seq, mut before) = (0, GENESIS.to_vec());
        loop {
            let links = audit::links_after(conn, seq, BATCH)?;
            if links.is_empty() {
                break;
            }
            let ids: Vec<i64> = links.iter().map(|link| link.audit_id).collect();
            let entries: HashMap<i64, Entry> =
                audit::entries(conn, &ids)?.into_iter().map(|entry| (entry.id, entry)).collect();
            for link in links {
                if let Some(what) = self.step(key, seq + 1, &before, &link, entries.get(&link.audit_id))? {
                    return Ok(Verdict::broken(seq + 1, what));
                }
                if outside.is_some_and(|head| head.seq == link.seq && head.hash != hex(&link.hash)) {
                    return Ok(Verdict::broken(link.seq, "it is not the entry whose hash is kept outside"));
                }
                (seq, before) = (link.seq, link.hash);
            }
        }
        if outside.is_some_and(|head| head.seq > seq) {
            return Ok(Verdict::broken(seq + 1, "the chain is cut off: a later head is kept outside"));
        }
        let told = |id: &i64| *id <= self.purged_through || self.erased.contains(id);
        if let Some(seq) = self.emptied.iter().filter(|(id, _)| !told(id)).map(|(_, seq)| *seq).min() {
            return Ok(Verdict::broken(seq, "its values were emptied, and no erasure or purge says so"));
        }
        match audit::strays(conn)? {
            (Some(id), _) => {
                Ok(Verdict::Broken { seq: seq + 1, what: format!("entry {id} is not in the chain") })
            }
            (_, Some(id)) => Ok(Verdict::Broken {
                seq: seq + 1,
                what: format!("entry {id} went before it joined the chain"),
            }),
            _ => Ok(Verdict::Holds { entries: seq, emptied: self.emptied.len() }),
        }
    }

    /// What is wrong with a link, in words.
    fn step(
        &mut self,
        key: &ChainKey,
        seq: i64,
        before: &[u8],
        link: &Link,
        entry: Option<&Entry>,
    ) -> Result<Option<&'static str>, ApiError> {
        if link.seq != seq {
            return Ok(Some("it is missing"));
        }
        let Some(entry) = entry else { return Ok(Some("its entry was deleted")) };
        if key.link(before, seq, entry, &link.values_hash)? != link.hash {
            return Ok(Some("it was altered"));
        }
        if entry.salt.is_none() {
            if entry.actor_id.is_some() || entry.subject_id.is_some() || entry.detail.is_some() {
                return Ok(Some("its values were altered"));
            }
            self.emptied.insert(entry.id, seq);
            return Ok(None);
        }
        if values_hash(entry)? != link.values_hash {
            return Ok(Some("its values were altered"));
        }
        self.note_told(entry);
        Ok(None)
    }

    /// Keeps what an entry says about values that were emptied.
    fn note_told(&mut self, entry: &Entry) {
        let detail = entry.detail.as_deref().unwrap_or_default();
        match entry.action.as_str() {
            audit::ERASED => {
                let told: Erased = serde_json::from_str(detail).unwrap_or_default();
                self.erased.extend(told.emptied);
            }
            audit::PURGED => {
                let told: Purged = serde_json::from_str(detail).unwrap_or_default();
                self.purged_through = self.purged_through.max(told.through);
            }
            _ => {}
        }
    }
}

/// What the entry of an erasure tells of the audit.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Erased {
    /// The entries that were emptied.
    #[serde(default)]
    pub emptied: Vec<i64>,
}

/// What the entry of a purge tells.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Purged {
    /// The newest entry that was emptied.
    pub through: i64,
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The newest head that is kept outside the database.
///
/// # Errors
/// When the store fails or the object is damaged.
pub async fn newest_head(store: &PhotoStore) -> Result<Option<Head>> {
    let Some(bytes) = store.newest_audit_head().await? else { return Ok(None) };
    Ok(Some(serde_json::from_slice(&bytes).context("the newest head in the photo store is damaged")?))
}

/// Keeps a head outside the database, once per sequence.
///
/// # Errors
/// When the store fails.
pub async fn keep_head(store: &PhotoStore, link: &Link) -> Result<()> {
    let head = Head { seq: link.seq, hash: hex(&link.hash) };
    store.put_audit_head(link.seq, serde_json::to_vec(&head)?).await?;
    Ok(())
}
