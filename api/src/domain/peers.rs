//! Several API processes: each frame comes to one of them, and a dashboard that is served by another is shown it too.
//!
//! A process that has an address for the others (`ATTENDANCE_PEER_URL`) writes it beside the feeds whose frames come to
//! it. Where somebody watches a feed that comes to another process, this one follows it there, once for all its
//! viewers, and for as long as somebody watches.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use chrono::{TimeDelta, Utc};
use diesel::PgConnection;
use tokio::task::JoinHandle;
use types::{FeedId, WatchedFrame};

use crate::config::server;
use crate::domain::audit_chain::ChainKey;
use crate::domain::frames::LiveFrame;
use crate::domain::pictures::MAX_IMAGE_BYTES;
use crate::models;
use crate::state::App;

/// How often this process looks where the feeds that are watched here come to.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it writes down which feeds come to it.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(5);
/// A feed comes to the process that wrote so within this time.
const RECENT: TimeDelta = TimeDelta::seconds(15);
/// A peer that sends nothing for this long is left, and found anew where the feed went on.
const SILENCE: Duration = Duration::from_secs(15);
/// Clocks of the machines may differ by this.
const CLOCKS: TimeDelta = TimeDelta::seconds(60);
/// What a frame's header may take: it holds every face with its name.
const MAX_HEADER_BYTES: usize = 1024 * 1024;

/// The other processes, and what is followed there.
#[derive(Debug)]
pub struct Peers {
    /// Where the others reach this process; none: there are no others.
    own: Option<String>,
    client: reqwest::Client,
    followed: Mutex<HashMap<FeedId, JoinHandle<()>>>,
}

impl Peers {
    /// Reads the address that the others reach this process under.
    ///
    /// # Errors
    /// When it is no http(s) address.
    pub fn new(own: Option<&str>) -> Result<Self> {
        let own = own.filter(|url| !url.is_empty());
        let own = own.map(|url| server("ATTENDANCE_PEER_URL", url)).transpose()?;
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(2))
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { own, client, followed: Mutex::default() })
    }

    /// Where the others reach this process.
    pub fn own(&self) -> Option<&str> {
        self.own.as_deref()
    }
}

/// What proves, for about a minute, that a request for a feed comes from a process with the same key.
pub fn proof(key: &ChainKey, feed: FeedId, at: i64) -> Result<String> {
    Ok(format!("{at}.{}", key.proof("peer", &format!("{feed} {at}"))?))
}

/// Whether that was made with the same key, lately.
pub fn is_proof(key: &ChainKey, feed: FeedId, shown: &str) -> bool {
    let Some((at, code)) = shown.split_once('.') else { return false };
    let Ok(seconds) = at.parse::<i64>() else { return false };
    (Utc::now().timestamp() - seconds).abs() <= CLOCKS.num_seconds()
        && key.is_proof("peer", &format!("{feed} {seconds}"), code)
}

/// A frame on its way to a peer: length of the header, length of the image (32 bits each, big endian), header, image.
pub fn encode(frame: &LiveFrame) -> Result<Bytes> {
    let header = serde_json::to_vec(&frame.header())?;
    let mut bytes = BytesMut::with_capacity(8 + header.len() + frame.image.len());
    bytes.put_u32(header.len().try_into()?);
    bytes.put_u32(frame.image.len().try_into()?);
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(&frame.image);
    Ok(bytes.freeze())
}

/// Takes a frame from what has come in; none while it is not complete.
fn decode(buffer: &mut BytesMut) -> Result<Option<LiveFrame>> {
    let Some(mut lengths) = buffer.get(..8) else { return Ok(None) };
    let (header, image) = (lengths.get_u32() as usize, lengths.get_u32() as usize);
    ensure!(header <= MAX_HEADER_BYTES && image <= MAX_IMAGE_BYTES, "a frame of {header} and {image} bytes");
    if buffer.len() < 8 + header + image {
        return Ok(None);
    }
    buffer.advance(8);
    let header: WatchedFrame = serde_json::from_slice(&buffer.split_to(header)).context("a header")?;
    Ok(Some(LiveFrame::new(header, buffer.split_to(image).freeze())))
}

/// Follows at their processes what is watched here, until the server stops.
pub async fn run(app: App) {
    let Some(own) = app.peers.own.clone() else { return };
    let mut stopping = app.stopping.subscribe();
    let (mut look, mut announce) = (tokio::time::interval(LOOK_EVERY), tokio::time::interval(ANNOUNCE_EVERY));
    loop {
        tokio::select! {
            _ = announce.tick() => if let Err(error) = announce_feeds(&app, &own).await {
                tracing::debug!(error.cause = format!("{error:#}"), "nobody is told which feeds come here");
            },
            _ = look.tick() => if let Err(error) = follow_all(&app).await {
                tracing::debug!(error.cause = format!("{error:#}"), "where feeds come to is not known");
            },
            () = async { drop(stopping.wait_for(|stopping| *stopping).await) } => break,
        }
    }
    let followed = std::mem::take(&mut *app.peers.followed.lock().unwrap_or_else(PoisonError::into_inner));
    followed.into_values().for_each(|task| task.abort());
}

/// Writes down which feeds come to this process.
async fn announce_feeds(app: &App, own: &str) -> Result<()> {
    let (own, now, mut here) = (own.to_owned(), Utc::now(), app.traffic.last_frames());
    here.retain(|_, last| now - *last < RECENT);
    if here.is_empty() {
        return Ok(());
    }
    let announce = move |conn: &mut PgConnection| {
        here.into_iter().try_for_each(|(feed, last)| Ok(models::feeds::serve(conn, feed.0, last, &own)?))
    };
    Ok(app.db.run(announce).await?)
}

async fn follow_all(app: &App) -> Result<()> {
    let now = Utc::now();
    let here = app.traffic.last_frames();
    let comes_here = |feed: &FeedId| here.get(feed).is_some_and(|last| now - *last < RECENT);
    let wanted: Vec<_> =
        app.hub.watched().into_iter().filter(|feed| !comes_here(feed)).map(|feed| feed.0).collect();
    let mut served = HashMap::new();
    if !wanted.is_empty() {
        let rows = app.db.run(move |conn| Ok(models::feeds::served_by(conn, &wanted, now - RECENT)?)).await?;
        served.extend(rows.into_iter().filter(|(_, url)| Some(url) != app.peers.own.as_ref()));
    }
    let mut followed = app.peers.followed.lock().unwrap_or_else(PoisonError::into_inner);
    followed.retain(|feed, task| {
        let wanted = served.contains_key(&feed.0);
        if !wanted {
            task.abort();
        }
        wanted && !task.is_finished()
    });
    for (feed, url) in served {
        let feed = FeedId(feed);
        followed.entry(feed).or_insert_with(|| {
            let app = app.clone();
            tokio::spawn(async move {
                if let Err(error) = follow(&app, feed, &url).await {
                    tracing::warn!(feed.id = %feed, peer.url = url, error.cause = format!("{error:#}"), "a feed cannot be followed");
                }
            })
        });
    }
    Ok(())
}

/// Shows here what a feed shows at another process, until nobody watches any more or the peer ends it.
async fn follow(app: &App, feed: FeedId, peer: &str) -> Result<()> {
    let request = app.peers.client.get(format!("{peer}/peer/v1/feeds/{feed}"));
    let mut answer = request.bearer_auth(proof(&app.audit_key, feed, Utc::now().timestamp())?).send().await?;
    if !answer.status().is_success() {
        bail!("the peer answers {}", answer.status());
    }
    let mut buffer = BytesMut::new();
    while let Some(chunk) = answer.chunk().await? {
        buffer.extend_from_slice(&chunk);
        while let Some(frame) = decode(&mut buffer)? {
            ensure!(frame.header().feed == feed, "the peer shows another feed");
            app.hub.publish(feed, frame);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> LiveFrame {
        let answer = types::FrameAnswer {
            frame_id: types::FrameId(uuid::Uuid::from_u128(1)),
            faces: Vec::new(),
            timings_ms: Default::default(),
        };
        let header = WatchedFrame {
            feed: FeedId(uuid::Uuid::from_u128(2)),
            width: 4,
            height: 3,
            age_ms: None,
            answer,
        };
        LiveFrame::new(header, Bytes::from_static(b"an image"))
    }

    #[test]
    fn frames_come_through_in_whatever_pieces_they_arrive() {
        let sent = [encode(&frame()).expect("encoded"), encode(&frame()).expect("encoded")].concat();
        for piece in 1..sent.len() {
            let (mut buffer, mut came) = (BytesMut::new(), 0);
            for chunk in sent.chunks(piece) {
                buffer.extend_from_slice(chunk);
                while let Some(frame) = decode(&mut buffer).expect("decoded") {
                    assert_eq!((frame.header().width, &frame.image[..]), (4, &b"an image"[..]));
                    came += 1;
                }
            }
            assert_eq!((came, buffer.len()), (2, 0), "pieces of {piece}");
        }
        let mut hostile = BytesMut::from(&[0xff; 8][..]);
        assert!(decode(&mut hostile).is_err(), "nothing is kept for a length that no frame has");
    }

    #[test]
    fn an_empty_address_is_none() {
        crate::tls::install_provider();
        assert_eq!(Peers::new(Some("")).expect("none").own(), None);
        assert!(Peers::new(Some("10.0.1.5:8080")).is_err());
    }
}
