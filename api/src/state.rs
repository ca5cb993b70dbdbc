//! What handlers share.

use std::net::IpAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use diesel::PgConnection;
use ipnetwork::IpNetwork;
use recognizer_types::PackView;
use tokio::sync::watch;

use crate::db::Db;
use crate::domain::arrival_events::ArrivalEvents;
use crate::domain::audit_chain::ChainKey;
use crate::domain::challenges::Challenges;
use crate::domain::frames::Hub;
use crate::domain::gallery_sync::GallerySync;
use crate::domain::hearing::Hearing;
use crate::domain::messengers::Messengers;
use crate::domain::peers::Peers;
use crate::domain::recognizer::Recognizer;
use crate::domain::replays::Replays;
use crate::domain::streams::Streams;
use crate::domain::traffic::Traffic;
use crate::domain::{oidc, packs, review, sealed};
use crate::error::ApiError;
use crate::keys::MasterKeys;
use crate::metrics::Metrics;
use crate::storage::PhotoStore;

/// What handlers share; cloning shares it.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of [`App`].
#[allow(missing_docs, reason = "the types say it")]
pub struct Parts {
    pub db: Db,
    pub keys: MasterKeys,
    pub audit_key: ChainKey,
    pub photos: PhotoStore,
    /// Folder for state that is not in the database.
    pub data: PathBuf,
    /// How many days backups are kept; 0: without end.
    pub backup_days: u32,
    pub recognizer: Recognizer,
    pub gallery: GallerySync,
    pub streams: Streams,
    pub traffic: Traffic,
    pub hearing: Hearing,
    pub replays: Replays,
    pub hub: Hub,
    pub peers: Peers,
    pub events: ArrivalEvents,
    pub review: review::Switch,
    pub challenges: Challenges,
    /// What devices seal to.
    pub seal_keys: sealed::KeyPair,
    pub messengers: Messengers,
    /// Whom people sign in by besides their password.
    pub oidc: Option<oidc::Provider>,
    pub metrics: Metrics,
    pub site: Site,
    /// True once the server was told to stop: streams close.
    pub stopping: watch::Sender<bool>,
}

/// How browsers reach this server.
#[derive(Debug, Clone)]
pub struct Site {
    /// Origins that browsers may come from, in lower case.
    pub origins: Vec<String>,
    /// Whether people come by https: cookies are then `Secure`, and HSTS is sent.
    pub https: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNetwork>,
}

impl Site {
    /// Whether `origin` is this site.
    pub fn is_own(&self, origin: &str) -> bool {
        self.origins.iter().any(|own| own.eq_ignore_ascii_case(origin))
    }

    /// The client's address: the peer's, or, where the peer is a trusted proxy, the last address in
    /// `X-Forwarded-For` that is not one of those proxies. What stands further left the client itself may have
    /// written.
    pub fn client_address(&self, peer: IpAddr, forwarded_for: Option<&str>) -> IpAddr {
        let trusted = |address: IpAddr| self.trusted_proxies.iter().any(|network| network.contains(address));
        let mut client = peer;
        for hop in forwarded_for.unwrap_or_default().rsplit(',') {
            if !trusted(client) {
                break;
            }
            match hop.trim().parse() {
                Ok(address) => client = address,
                Err(_) => break,
            }
        }
        client
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// Brings the gallery up to date with the pack in use, as soon as the recognizer has said what it offers.
    ///
    /// # Errors
    /// When the database fails or a template cannot be opened.
    pub fn refresh_gallery(&self, conn: &mut PgConnection) -> Result<(), ApiError> {
        let Some(offered) = self.recognizer.packs() else { return Ok(()) };
        let in_use = packs::in_use(conn, &offered)?;
        self.gallery.set_in_use(in_use.clone());
        if let Some(pack) = offered.iter().find(|pack| Some(&pack.id) == in_use.as_ref()) {
            let revision = self.gallery.refresh(conn, &self.keys, &pack.id, pack.dimensions)?;
            self.metrics.gallery_revision.set(revision);
            let (people, templates) = self.gallery.size();
            self.metrics.gallery_people.set(people as i64);
            self.metrics.gallery_templates.set(templates as i64);
        }
        Ok(())
    }

    /// All metrics in Prometheus' text format, with the database's connections as they are now.
    pub fn metrics_text(&self) -> String {
        let (all, idle) = self.db.connections();
        let connections = &self.metrics.pool_connections;
        connections.with_label_values(&["idle"]).set(idle.into());
        connections.with_label_values(&["used"]).set((all - idle).into());
        self.metrics.text()
    }

    /// Whether the gallery of the pack in use is loaded.
    pub fn gallery_is_loaded(&self) -> bool {
        let in_use = self.gallery.in_use();
        in_use.is_some() && self.gallery.pack() == in_use
    }

    /// Whether the recognizer was heard and does not offer the pack in use.
    pub fn pack_is_missing(&self) -> bool {
        let in_use = self.gallery.in_use();
        in_use.is_some_and(|id| self.recognizer.packs().is_some() && self.recognizer.pack(&id).is_none())
    }

    /// The pack that this process recognises with: that of the templates it has loaded.
    ///
    /// # Errors
    /// [`ApiError::ModelPackMissing`], [`ApiError::RecognizerUnavailable`].
    pub async fn pack_in_use(&self) -> Result<Arc<PackView>, ApiError> {
        match self.gallery.pack().or_else(|| self.gallery.in_use()) {
            Some(id) => self.recognizer.learn_pack(&id).await,
            None => {
                self.recognizer.learn_packs().await?;
                Err(ApiError::RecognizerUnavailable("the gallery is still loading".to_owned()))
            }
        }
    }

    /// Brings the gallery up to date after this process has changed it: whoever made the change sees it at once,
    /// all others when they are notified. The change is committed, so a failure here is only late.
    pub fn follow_own_change(&self, conn: &mut PgConnection) {
        if let Err(error) = self.refresh_gallery(conn) {
            tracing::warn!(error.cause = %error, "the gallery will follow later");
        }
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_address_is_believed_from_a_trusted_proxy_alone() {
        let site = Site {
            origins: vec!["https://school.example".to_owned()],
            https: true,
            trusted_proxies: vec!["10.0.0.0/8".parse().expect("network")],
        };
        let address = |text: &str| text.parse::<IpAddr>().expect("address");
        let cases = [
            ("203.0.113.9", Some("198.51.100.1"), "203.0.113.9"),
            ("10.0.0.2", Some("198.51.100.1"), "198.51.100.1"),
            ("10.0.0.2", Some("6.6.6.6, 198.51.100.1, 10.0.0.3"), "198.51.100.1"),
            ("10.0.0.2", Some("rubbish"), "10.0.0.2"),
            ("10.0.0.2", None, "10.0.0.2"),
        ];
        for (peer, forwarded, client) in cases {
            assert_eq!(
                site.client_address(address(peer), forwarded),
                address(client),
                "{peer} {forwarded:?}"
            );
        }
        assert!(site.is_own("https://School.example") && !site.is_own("https://school.example.evil.test"));
    }
}
