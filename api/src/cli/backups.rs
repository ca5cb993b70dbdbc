//! `attendance backup` and `attendance restore`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use chrono::Utc;
use clap::Args;
use sealing::PublicKey;

use super::{migrate, say};
use crate::config::{BACKUP_DAYS, DataConfig, Secret};
use crate::domain::audit_chain;
use crate::domain::backup::{self, Backups, Keys};
use crate::keys;

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// Connection URL of a role that reads everything: `attendance_backup`, or the owner.
    #[arg(long, env = "DATABASE_BACKUP_URL", hide_env_values = true)]
    database_backup_url: Secret,
    #[command(flatten)]
    data: DataConfig,
    /// Where backups are kept: `file:FOLDER`, `s3://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`.
    #[arg(long, env = "ATTENDANCE_BACKUPS")]
    to: String,
    /// The public key of `attendance backup-key` that the database is sealed to.
    #[arg(long, env = "ATTENDANCE_BACKUP_RECIPIENT")]
    recipient: PublicKey,
    /// The backup's name; that of one that was not finished goes on with it. Default: the time.
    #[arg(long)]
    name: Option<String>,
    /// Backups that are older, finished or not, go once the new one is finished; 0 keeps all.
    #[arg(
        long,
        env = "ATTENDANCE_BACKUP_DAYS",
        default_value_t = BACKUP_DAYS,
        value_parser = clap::value_parser!(u32).range(..=36500)
    )]
    keep_days: u32,
}

impl BackupArgs {
    pub async fn run(self) -> Result<()> {
        let key = audit_chain::open(&self.data).context("the audit key proves backups")?;
        let backups = Backups::open(&self.to)?;
        let name = self.name.unwrap_or_else(|| Utc::now().format("%Y%m%dT%H%M%SZ").to_string());
        let made = backups
            .make(&name, &self.database_backup_url, &self.recipient, &self.data.storage(), &key)
            .await
            .with_context(|| format!("the backup is not finished; --name {name} goes on with it"))?;
        say(&made.summary())?;
        if self.keep_days > 0 {
            let gone = backups.forget_older(self.keep_days).await?;
            say(&format!("{gone} backups older than {} days are deleted.", self.keep_days))?;
        }
        Ok(())
    }
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Connection URL of the owner, `attendance_owner`, to an empty database. With `--check` none is needed.
    #[arg(long, env = "DATABASE_OWNER_URL", hide_env_values = true, required_unless_present = "check")]
    database_owner_url: Option<Secret>,
    #[command(flatten)]
    data: DataConfig,
    /// Where backups are kept.
    #[arg(long, env = "ATTENDANCE_BACKUPS")]
    from: String,
    /// The file with the secret of `attendance backup-key`.
    #[arg(long, env = "ATTENDANCE_BACKUP_SECRET_FILE")]
    secret_file: PathBuf,
    /// The backup's name. Default: the newest.
    #[arg(long)]
    name: Option<String>,
    /// Only read the whole backup, hold it against its hashes, open it and try the master key on it.
    #[arg(long)]
    check: bool,
    /// Do without the proof that this site made the backup: for when the audit key is lost. Whoever may write where backups
    /// are kept can have put anything there, which then runs as the database's owner.
    #[arg(long)]
    unproven: bool,
}

impl RestoreArgs {
    pub async fn run(self) -> Result<()> {
        let file = self.secret_file.display();
        keys::require_private(&self.secret_file, "the secret of backups")?;
        let secret =
            std::fs::read_to_string(&self.secret_file).with_context(|| format!("{file} cannot be read"))?;
        let secret = backup::secret_key(&secret).with_context(|| file.to_string())?;
        let without = "what the audit key does not prove comes back with --unproven alone";
        let key = if self.unproven { None } else { Some(audit_chain::open(&self.data).context(without)?) };
        let backups = Backups::open(&self.from)?;
        let manifest = backups.find(self.name.as_deref(), key.as_ref()).await?;
        let master_key_file = self.data.master_key_file();
        let opening = Keys { secret: &secret, master_key_file: &master_key_file };
        backups.check(&manifest, Some(opening)).await?;
        say(&format!("Whole: {}", manifest.summary()))?;
        let Some(owner) = self.database_owner_url.filter(|_| !self.check) else { return Ok(()) };
        self.data.create()?;
        backups.restore(&manifest, &secret, &owner, &self.data.storage()).await?;
        tokio::task::spawn_blocking(move || migrate(&owner)).await??;
        say(
            "Restored. Everybody signs in anew, and the next start erases again whoever was erased since. Keys, feeds' tokens \
             and accounts that were taken back since are good again: look through them.",
        )
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn no_number_of_days_is_too_large_to_count_with() {
        let recipient = backup::new_keys().1.to_string();
        let parsed = |days| {
            let backup = ["attendance", "backup", "--database-backup-url", "x", "--to", "file:x"];
            let more = ["--recipient", recipient.as_str(), "--keep-days", days];
            Cli::try_parse_from(backup.into_iter().chain(more)).map(|_| ())
        };
        assert!(parsed("0").is_ok() && parsed("36500").is_ok());
        for days in ["36501", "99999999"] {
            let refused = parsed(days).expect_err("refused").to_string();
            assert!(refused.contains("keep-days"), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_restore_wants_a_secret_of_its_own_and_the_audit_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let secret_file = folder.path().join("backup.key");
        fs::write(&secret_file, backup::new_keys().0).expect("written");
        let refused = async |mode: u32, unproven: bool| {
            fs::set_permissions(&secret_file, PermissionsExt::from_mode(mode)).expect("chmod");
            let data = DataConfig { folder: folder.path().to_owned(), master_key_file: None, storage: None };
            let args = RestoreArgs {
                database_owner_url: None,
                data,
                from: format!("file:{}", folder.path().join("backups").display()),
                secret_file: secret_file.clone(),
                name: None,
                check: true,
                unproven,
            };
            format!("{:#}", args.run().await.expect_err("refused"))
        };
        let text = refused(0o644, true).await;
        assert!(text.contains("chmod 600") && text.contains("backup.key"), "{text}");
        let text = refused(0o600, false).await;
        assert!(text.contains("audit.key") && text.contains("--unproven"), "{text}");
        let text = refused(0o600, true).await;
        assert!(text.contains("no finished backup"), "{text}");
    }
}
