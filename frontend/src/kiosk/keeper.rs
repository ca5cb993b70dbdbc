//! Keeps pictures and check-ins while the server is away, sealed so that nobody but the server can look at them, and
//! sends them afterwards in their order.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use sealing::PublicKey;
use types::{Backlog, CheckIn, FeedId, FrameCounts};
use uuid::Uuid;
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use super::bounds::{Kept, Queue, next_sequence};
use super::memory;
use super::replay::{Kind, Verdict, is_revoked, pause_ms, verdict};
use super::state::{Kiosk, moment};
use super::store::Store;
use crate::api::kiosk::{self as server, KeptFrame};

/// How often it is looked whether something waits, in milliseconds.
const LOOK_MS: f64 = 1_000.0;

/// When a picture was captured, and its number.
#[derive(Debug, Clone, Copy)]
pub struct Stamp {
    /// Grows from picture to picture.
    pub sequence: u64,
    /// By the server's clock, in milliseconds since 1970.
    pub at_ms: f64,
}

/// What keeps and sends. One in a browser, since a lock lets no second tab be a kiosk.
pub struct Keeper {
    kiosk: Kiosk,
    feed: FeedId,
    device: Uuid,
    store: RefCell<Option<Rc<Store>>>,
    frames: RefCell<Queue>,
    check_ins: RefCell<Queue>,
    counts: Cell<FrameCounts>,
    last_sequence: Cell<u64>,
    somebody_there: Cell<bool>,
    stopped: Cell<bool>,
}

impl Keeper {
    /// Opens what is kept and sends it whenever the server is there.
    pub fn start(kiosk: Kiosk) -> Rc<Self> {
        let keeper = Rc::new(Self {
            kiosk,
            feed: kiosk.view.with_untracked(|view| view.feed),
            device: memory::device(),
            store: RefCell::new(None),
            frames: RefCell::default(),
            check_ins: RefCell::default(),
            counts: Cell::default(),
            last_sequence: Cell::new(memory::last_sequence()),
            somebody_there: Cell::new(false),
            stopped: Cell::new(false),
        });
        let this = keeper.clone();
        spawn_local(async move {
            this.open().await;
            this.send_on().await;
        });
        keeper
    }

    /// Sends nothing more; what waits stays.
    pub fn stop(&self) {
        self.stopped.set(true);
    }

    /// The id of this tablet.
    pub fn device(&self) -> Uuid {
        self.device
    }

    /// The stamp of a picture that is taken now.
    pub fn stamp(&self) -> Stamp {
        let at_ms = self.kiosk.server_ms();
        let sequence = next_sequence(self.last_sequence.get(), at_ms);
        self.last_sequence.set(sequence);
        Stamp { sequence, at_ms }
    }

    /// Counts what became of a picture.
    pub fn count(&self, change: impl FnOnce(&mut FrameCounts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }

    /// What became of the pictures since this page was opened.
    pub fn counts(&self) -> FrameCounts {
        self.counts.get()
    }

    /// What waits.
    pub fn backlog(&self) -> Backlog {
        let (frames, check_ins) = (self.frames.borrow(), self.check_ins.borrow());
        let oldest = frames.oldest().map(|kept| moment(kept.at_ms as f64));
        Backlog { frames: frames.len(), bytes: frames.bytes() + check_ins.bytes(), oldest_at: oldest }
    }

    /// Whether somebody stands there now: what waits then leaves the way to them.
    pub fn note_somebody(&self, there: bool) {
        self.somebody_there.set(there);
    }

    /// Remembers the last number; a start without it goes on from the time of day.
    pub fn remember_sequence(&self) {
        memory::set_last_sequence(self.last_sequence.get());
    }

    /// Keeps a picture.
    pub async fn keep_frame(&self, picture: &Blob, stamp: Stamp) {
        let stored = match JsFuture::from(picture.array_buffer()).await {
            Ok(bytes) => self.keep(Kind::Frame, &js_sys::Uint8Array::new(&bytes).to_vec(), stamp).await,
            Err(_) => false,
        };
        self.count(|counts| if stored { counts.stored += 1 } else { counts.lost += 1 });
    }

    /// Keeps what somebody typed or showed; false where it could not be kept.
    pub async fn keep_check_in(&self, check_in: &CheckIn) -> bool {
        let Ok(text) = serde_json::to_vec(check_in) else { return false };
        self.keep(Kind::CheckIn, &text, self.stamp()).await
    }

    /// Lets everything go that waits.
    pub async fn forget(&self) {
        let store = self.store.borrow().clone();
        if let Some(store) = store {
            // Fails only where the browser has cleared it already.
            let _ = store.clear().await;
        }
        self.frames.take();
        self.check_ins.take();
        self.show();
    }

    async fn open(&self) {
        let Ok(store) = Store::open().await else { return };
        let mut found = store.keys().await.unwrap_or_default();
        // Sequences go on above what waits, whatever else was forgotten.
        let newest = found.iter().map(|(_, kept)| kept.sequence).max().unwrap_or_default();
        self.last_sequence.set(self.last_sequence.get().max(newest));
        let frames = found.extract_if(.., |(kind, _)| *kind == Kind::Frame).map(|(_, kept)| kept).collect();
        self.frames.replace(Queue::new(frames));
        self.check_ins.replace(Queue::new(found.into_iter().map(|(_, kept)| kept).collect()));
        self.store.replace(Some(Rc::new(store)));
        self.show();
    }

    fn queue(&self, kind: Kind) -> &RefCell<Queue> {
        match kind {
            Kind::Frame => &self.frames,
            Kind::CheckIn => &self.check_ins,
        }
    }

    fn purpose(&self, kind: Kind) -> String {
        match kind {
            Kind::Frame => format!("frame {}", self.feed),
            Kind::CheckIn => format!("check-in {}", self.feed),
        }
    }

    async fn keep(&self, kind: Kind, message: &[u8], stamp: Stamp) -> bool {
        let store = self.store.borrow().clone();
        let key =
            self.kiosk.view.try_with_untracked(|view| view.seal_key.parse::<PublicKey>().ok()).flatten();
        let sealed = key.and_then(|key| key.seal(message, self.purpose(kind).as_bytes()).ok());
        let (Some(store), Some(sealed)) = (store, sealed) else { return false };
        let kept = Kept { sequence: stamp.sequence, at_ms: stamp.at_ms as u64, bytes: sealed.len() as u64 };
        if kind == Kind::Frame {
            let gone = self.frames.borrow_mut().overflow(kept.bytes, self.kiosk.server_ms() as u64);
            for old in gone {
                self.count(|counts| counts.lost += 1);
                // What the browser keeps all the same is found again at the next start.
                let _ = store.remove(kind, old).await;
            }
        }
        let stored = store.put(kind, kept, &sealed).await.is_ok();
        if stored {
            self.queue(kind).borrow_mut().push(kept);
            self.remember_sequence();
            self.show();
        }
        stored
    }

    fn show(&self) {
        let waiting = self.frames.borrow().len() + self.check_ins.borrow().len();
        if self.kiosk.kept.try_get_untracked().is_some_and(|shown| shown != waiting) {
            self.kiosk.kept.set(waiting);
        }
    }

    /// Sends what waits, one after the other, for as long as the page lives.
    async fn send_on(&self) {
        while !self.stopped.get() {
            let oldest = |kind: Kind| self.queue(kind).borrow().oldest().map(|kept| (kind, kept));
            let online = self.kiosk.online.try_get_untracked() == Some(true);
            let next = oldest(Kind::CheckIn).or_else(|| oldest(Kind::Frame)).filter(|_| online);
            let pause = match next {
                Some((kind, kept)) => self.send(kind, kept).await,
                None => LOOK_MS,
            };
            TimeoutFuture::new(pause as u32).await;
        }
    }

    /// Sends one; how long to wait before the next, in milliseconds.
    async fn send(&self, kind: Kind, kept: Kept) -> f64 {
        let Some(store) = self.store.borrow().clone() else { return LOOK_MS };
        let decided = match store.get(kind, kept).await {
            Ok(Some(sealed)) => self.deliver(kind, kept, &sealed).await,
            // The browser cleared it.
            Ok(None) => Verdict::GivenUp,
            Err(_) => Verdict::Later(LOOK_MS),
        };
        if let Verdict::Later(wait_ms) = decided {
            return wait_ms;
        }
        if kind == Kind::Frame {
            self.count(
                |counts| if decided == Verdict::Sent { counts.replayed += 1 } else { counts.lost += 1 },
            );
        }
        // One that the browser does not let go is sent again after the next start, and is the same arrival there.
        let _ = store.remove(kind, kept).await;
        self.queue(kind).borrow_mut().remove(kept);
        self.show();
        let max_fps = self.kiosk.view.try_with_untracked(|view| view.max_fps).unwrap_or(1);
        pause_ms(max_fps, self.somebody_there.get())
    }

    async fn deliver(&self, kind: Kind, kept: Kept, sealed: &[u8]) -> Verdict {
        let answer = match kind {
            Kind::CheckIn => server::kept_check_in(sealed).await,
            Kind::Frame => {
                let captured_at = moment(kept.at_ms as f64).to_rfc3339();
                let frame = KeptFrame { device: self.device, sequence: kept.sequence, captured_at };
                server::kept_frame(self.feed, frame, sealed).await
            }
        };
        if answer.as_ref().is_err_and(is_revoked) {
            self.kiosk.revoked.try_set(true);
        }
        verdict(kind, &answer)
    }
}
