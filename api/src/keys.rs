//! Keys for biometric data at rest.
//!
//! Each person has a random AES-256-GCM key that seals their photos and templates, and so has each item of the
//! review queue, each account with a second factor, each webhook, and the site's servers; the associated data names owner, kind and pack, so a sealed value moved to another row does not
//! open. The owner's key is stored wrapped by a master key, whose versions live in a 0600 file outside database,
//! photos and backups. Erasing the one wrapped key makes every copy of its owner's data unreadable, once
//! the backups are gone that hold it.
//!
//! File format: one line per version, `NUMBER BASE64(32 bytes)`; the highest number wraps, all of them unwrap.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use types::{ArrivalId, PersonId, PhotoId, ReviewFaceId, ReviewId, UserId, WebhookId};
use uuid::Uuid;

const KEY_BYTES: usize = 32;
/// 96 bits, the nonce size that GCM is specified for (NIST SP 800-38D, 5.2.1.1); drawn at random per value.
const NONCE_BYTES: usize = 12;

/// What a sealed value is; part of its associated data.
#[derive(Debug, Clone, Copy)]
pub enum Sealed<'a> {
    /// An image.
    Photo(PhotoId),
    /// A template of a model pack.
    Template(PhotoId, &'a str),
    /// A template of a model pack that is not the person's, whatever the score says.
    NonMatch(Uuid, &'a str),
    /// A template of a model pack, of the face that an arrival was decided on.
    ArrivalProbe(ArrivalId, &'a str),
    /// A picture of the review queue.
    ReviewPicture(ReviewFaceId),
    /// A template of a model pack, of a face in the review queue.
    ReviewTemplate(ReviewFaceId, &'a str),
    /// The secret of one-time passwords.
    TotpSecret,
    /// What requests to a webhook are signed with.
    WebhookSecret,
    /// From what the pair follows that devices seal to.
    SealSecret,
}

impl Sealed<'_> {
    fn associated_data(self, owner: Owner) -> String {
        let owner = owner.id();
        match self {
            Self::Photo(photo) => format!("photo|{owner}|{photo}"),
            Self::Template(photo, pack) => format!("template|{owner}|{photo}|{pack}"),
            Self::NonMatch(id, pack) => format!("non-match|{owner}|{id}|{pack}"),
            Self::ArrivalProbe(id, pack) => format!("arrival-probe|{owner}|{id}|{pack}"),
            Self::ReviewPicture(face) => format!("review-picture|{owner}|{face}"),
            Self::TotpSecret => format!("totp|{owner}"),
            Self::WebhookSecret => format!("webhook|{owner}"),
            Self::SealSecret => format!("seal|{owner}"),
            Self::ReviewTemplate(face, pack) => format!("review-template|{owner}|{face}|{pack}"),
        }
    }
}

/// Whose key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A person.
    Person(PersonId),
    /// An item of the review queue.
    Review(ReviewId),
    /// Somebody who signs in.
    User(UserId),
    /// A webhook.
    Webhook(WebhookId),
    /// The site's servers.
    Server,
}

impl Owner {
    fn id(self) -> Uuid {
        match self {
            Self::Person(PersonId(id))
            | Self::Review(ReviewId(id))
            | Self::User(UserId(id))
            | Self::Webhook(WebhookId(id)) => id,
            Self::Server => Uuid::nil(),
        }
    }

    /// Binds a wrapped key to its owner.
    fn wrap_data(self) -> String {
        match self {
            Self::Person(person) => format!("person-key|{person}"),
            Self::Review(item) => format!("review-key|{item}"),
            Self::User(user) => format!("user-key|{user}"),
            Self::Webhook(webhook) => format!("webhook-key|{webhook}"),
            Self::Server => "server-key".to_owned(),
        }
    }
}

impl From<PersonId> for Owner {
    fn from(person: PersonId) -> Self {
        Self::Person(person)
    }
}

impl From<UserId> for Owner {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl From<WebhookId> for Owner {
    fn from(webhook: WebhookId) -> Self {
        Self::Webhook(webhook)
    }
}

impl From<ReviewId> for Owner {
    fn from(item: ReviewId) -> Self {
        Self::Review(item)
    }
}

/// A 256-bit key that never prints.
#[derive(Clone)]
struct RawKey([u8; KEY_BYTES]);

impl RawKey {
    fn random() -> Self {
        Self(rand::random())
    }

    fn seal(&self, plain: &[u8], associated_data: &[u8]) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(self.0));
        let sealed = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: associated_data })
            .map_err(|_| anyhow!("sealing failed"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn open(&self, sealed: &[u8], associated_data: &[u8]) -> Result<Vec<u8>> {
        let (nonce, sealed) =
            sealed.split_first_chunk::<NONCE_BYTES>().context("the sealed value is cut short")?;
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(self.0))
            .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: associated_data })
            .map_err(|_| {
                anyhow!("the sealed value does not open with this key: it is another's or was altered")
            })
    }
}

/// The key of one owner.
#[derive(Clone)]
pub struct OwnKey {
    owner: Owner,
    key: RawKey,
}

impl OwnKey {
    /// Encrypts `plain`.
    ///
    /// # Errors
    /// When the cipher refuses, which it does for more than 64 GiB alone.
    pub fn seal(&self, kind: Sealed<'_>, plain: &[u8]) -> Result<Vec<u8>> {
        self.key.seal(plain, kind.associated_data(self.owner).as_bytes())
    }

    /// Decrypts what [`Self::seal`] made for the same owner and kind.
    ///
    /// # Errors
    /// When it is another's, of another kind, or was altered.
    pub fn open(&self, kind: Sealed<'_>, sealed: &[u8]) -> Result<Vec<u8>> {
        self.key.open(sealed, kind.associated_data(self.owner).as_bytes())
    }
}

/// A key as the database holds it.
#[derive(Debug, Clone)]
pub struct WrappedKey {
    /// Which master key wraps it.
    pub version: i32,
    /// The wrapped key.
    pub bytes: Vec<u8>,
}

/// The master keys in their file. Read anew for each use: a rotation on the server needs no restart.
#[derive(Debug, Clone)]
pub struct MasterKeys {
    path: PathBuf,
}

impl MasterKeys {
    /// The keys in `path`.
    ///
    /// # Errors
    /// When the file is missing, readable by others, or not in the format above.
    pub fn open(path: &Path) -> Result<Self> {
        let keys = Self { path: path.to_owned() };
        keys.read()?;
        Ok(keys)
    }

    /// Makes the file with a first key.
    ///
    /// # Errors
    /// When there already is one or it cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        ensure!(!path.exists(), "the master key file {} is there already", path.display());
        let keys = Self { path: path.to_owned() };
        keys.write(&BTreeMap::from([(1, RawKey::random())]))?;
        Ok(keys)
    }

    /// Adds a version, which wraps from now on, and returns its number.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn add_version(&self) -> Result<i32> {
        let mut keys = self.read()?;
        let version = keys.last_key_value().map_or(0, |(version, _)| *version) + 1;
        keys.insert(version, RawKey::random());
        self.write(&keys)?;
        Ok(version)
    }

    /// Forgets all versions before `version`: nothing is wrapped by them any more.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn forget_before(&self, version: i32) -> Result<()> {
        let mut keys = self.read()?;
        keys.retain(|kept, _| *kept >= version);
        self.write(&keys)
    }

    /// A new owner's key, and the form to store it in.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn new_key(&self, owner: impl Into<Owner>) -> Result<(OwnKey, WrappedKey)> {
        let key = OwnKey { owner: owner.into(), key: RawKey::random() };
        let wrapped = self.wrap(&key)?;
        Ok((key, wrapped))
    }

    /// Wraps with the newest version.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn wrap(&self, key: &OwnKey) -> Result<WrappedKey> {
        let keys = self.read()?;
        let (version, master) = keys.last_key_value().context("no master key")?;
        let bytes = master.seal(&key.key.0, key.owner.wrap_data().as_bytes())?;
        Ok(WrappedKey { version: *version, bytes })
    }

    /// Opens an owner's key.
    ///
    /// # Errors
    /// When its version is not in the file, or the file holds another key of that number.
    pub fn unwrap(&self, owner: impl Into<Owner>, wrapped: &WrappedKey) -> Result<OwnKey> {
        self.unwrapper()?.unwrap(owner, wrapped)
    }

    /// For unwrapping many: reads the file once.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn unwrapper(&self) -> Result<Unwrapper> {
        Ok(Unwrapper { path: self.path.clone(), keys: self.read()? })
    }

    fn read(&self) -> Result<BTreeMap<i32, RawKey>> {
        let shown = self.path.display();
        require_private(&self.path, "the master key file")?;
        let text = std::fs::read_to_string(&self.path)
            .with_context(|| format!("the master key file {shown} cannot be read"))?;
        let mut keys = BTreeMap::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let key = parse_line(line)
                .with_context(|| format!("line {} of the master key file {shown} is damaged", index + 1))?;
            keys.insert(key.0, key.1);
        }
        if keys.is_empty() {
            bail!("the master key file {shown} holds no key");
        }
        Ok(keys)
    }

    fn write(&self, keys: &BTreeMap<i32, RawKey>) -> Result<()> {
        let fresh = self.path.with_extension("new");
        let shown = fresh.display();
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)
            .with_context(|| format!("{shown} cannot be written"))?;
        for (version, key) in keys {
            writeln!(file, "{version} {}", STANDARD.encode(key.0))?;
        }
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path).with_context(|| format!("{shown} cannot be put in place"))
    }
}

/// Refuses a file with a secret that others than its owner may read.
///
/// # Errors
/// When it is so, or missing.
pub fn require_private(path: &Path, what: &str) -> Result<()> {
    let shown = path.display();
    let mode = std::fs::metadata(path)
        .with_context(|| format!("{what} {shown} cannot be opened"))?
        .permissions()
        .mode();
    ensure!(
        mode & 0o077 == 0,
        "{what} {shown} is open to others (mode {:o}): run chmod 600 on it",
        mode & 0o777
    );
    Ok(())
}

/// The master keys, read once.
pub struct Unwrapper {
    path: PathBuf,
    keys: BTreeMap<i32, RawKey>,
}

impl Unwrapper {
    /// Opens an owner's key.
    ///
    /// # Errors
    /// As [`MasterKeys::unwrap`].
    pub fn unwrap(&self, owner: impl Into<Owner>, wrapped: &WrappedKey) -> Result<OwnKey> {
        let owner = owner.into();
        let shown = self.path.display();
        let master = self.keys.get(&wrapped.version).with_context(|| {
            format!("version {} of the master key is not in {shown}: restore that file", wrapped.version)
        })?;
        let raw = master.open(&wrapped.bytes, owner.wrap_data().as_bytes()).with_context(|| {
            format!(
                "version {} of the master key in {shown} is not the one that the data was sealed with",
                wrapped.version
            )
        })?;
        let key = raw.try_into().map_err(|_| anyhow!("a wrapped key has a wrong length"))?;
        Ok(OwnKey { owner, key: RawKey(key) })
    }
}

fn parse_line(line: &str) -> Result<(i32, RawKey)> {
    let (version, key) = line.trim().split_once(' ').context("it is not NUMBER BASE64")?;
    let key = STANDARD.decode(key.trim()).context("the key is not base64")?;
    let key = key.try_into().map_err(|_| anyhow!("the key is not {KEY_BYTES} bytes long"))?;
    Ok((version.parse().context("the version is not a number")?, RawKey(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(n: u128) -> PersonId {
        PersonId(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_sealed_value_opens_for_its_person_and_kind_alone() {
        let folder = tempfile::tempdir().expect("tempdir");
        let keys = MasterKeys::create(&folder.path().join("master.key")).expect("create");
        let (key, wrapped) = keys.new_key(person(1)).expect("key");
        let photo = PhotoId(uuid::Uuid::from_u128(9));
        let sealed = key.seal(Sealed::Template(photo, "pack"), b"numbers").expect("seal");
        assert!(!sealed.windows(7).any(|w| w == b"numbers"));

        let again = keys.unwrap(person(1), &wrapped).expect("unwrap");
        assert_eq!(again.open(Sealed::Template(photo, "pack"), &sealed).expect("open"), b"numbers");
        assert!(again.open(Sealed::Template(photo, "other pack"), &sealed).is_err());
        assert!(again.open(Sealed::Photo(photo), &sealed).is_err());
        assert!(keys.unwrap(person(2), &wrapped).is_err(), "a wrapped key belongs to its person");
        let item = ReviewId(uuid::Uuid::from_u128(1));
        assert!(keys.unwrap(item, &wrapped).is_err(), "and not to an item of the same number");
        let mut altered = sealed;
        *altered.last_mut().expect("bytes") ^= 1;
        assert!(again.open(Sealed::Template(photo, "pack"), &altered).is_err());
    }

    #[test]
    fn rotation_keeps_old_data_readable_until_it_is_forgotten() {
        let folder = tempfile::tempdir().expect("tempdir");
        let keys = MasterKeys::create(&folder.path().join("master.key")).expect("create");
        let (key, old) = keys.new_key(person(1)).expect("key");
        assert_eq!(keys.add_version().expect("rotate"), 2);
        let new = keys.wrap(&keys.unwrap(person(1), &old).expect("old version")).expect("wrap");
        assert_eq!((old.version, new.version), (1, 2));
        keys.forget_before(2).expect("forget");
        assert!(keys.unwrap(person(1), &old).is_err());
        assert_eq!(keys.unwrap(person(1), &new).expect("new version").key.0, key.key.0);
    }

    #[test]
    fn a_key_file_that_is_missing_open_or_damaged_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("tempdir");
        let path = folder.path().join("master.key");
        let text = |result: Result<MasterKeys>| format!("{:#}", result.expect_err("refused"));
        assert!(text(MasterKeys::open(&path)).contains("cannot be opened"));
        MasterKeys::create(&path).expect("create");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("chmod");
        assert!(text(MasterKeys::open(&path)).contains("chmod 600"));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("chmod");
        std::fs::write(&path, "1 AAAA\n").expect("write");
        assert!(text(MasterKeys::open(&path)).contains("line 1"));
    }
}
