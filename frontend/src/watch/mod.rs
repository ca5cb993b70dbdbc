//! The other cameras' pictures and the arrivals, all over one WebSocket for as long as the dashboard is open.
//!
//! It is opened when a page needs it, asks for the feeds in view alone, and after a break goes on behind the last
//! arrival that came. A picture is decoded off the page's thread; while one of a feed is being decoded, only the newest
//! that comes meanwhile is kept.

mod demand;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};
use types::{ArrivalView, FeedId, FrameAnswer, WatchRequest, WatchedArrival, WatchedFrame};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, CanvasRenderingContext2d, Event, HtmlCanvasElement, ImageBitmap, MessageEvent, VisibilityState,
    WebSocket,
};

use crate::api::{Api, Failure, use_api};
use crate::backoff::Backoff;
use demand::Demand;

/// Changes of what is in view within this time are one request.
const SETTLE: Duration = Duration::from_millis(40);
/// A connection that no page needs any more is kept for the next one that long.
const LINGER: Duration = Duration::from_secs(10);

/// State of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Not needed at the moment.
    Idle,
    /// Being opened for the first time.
    Opening,
    /// Open.
    Up,
    /// Broken; being opened again.
    Down,
}

/// What a picture showed, and its size in pixels: the boxes are in these.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// The decision about it.
    pub answer: FrameAnswer,
}

/// Where one feed's pictures go.
#[derive(Clone, Copy)]
pub struct Slot {
    /// What the newest picture showed.
    pub seen: RwSignal<Option<Seen>>,
    /// When it was taken, in milliseconds since 1970; 0 before the first.
    pub last_ms: RwSignal<f64>,
    /// Since when the feed is asked for, likewise; 0 while it was not yet.
    pub asked_ms: RwSignal<f64>,
    /// The canvas that shows it.
    pub picture: StoredValue<Option<HtmlCanvasElement>, LocalStorage>,
}

impl Slot {
    /// Nothing seen, nowhere shown.
    pub fn new() -> Self {
        Self {
            seen: RwSignal::new(None),
            last_ms: RwSignal::new(0.0),
            asked_ms: RwSignal::new(0.0),
            picture: StoredValue::new_local(None),
        }
    }
}

/// What the connection tells whoever keeps the arrivals.
#[derive(Clone, Copy)]
pub enum Told<'a> {
    /// It was opened: what there is may have changed meanwhile.
    Opened,
    /// Somebody arrived.
    Arrival(&'a ArrivalView),
}

/// The connection of this page; copies share it.
#[derive(Clone, Copy)]
pub struct Watch {
    inner: StoredValue<Rc<Inner>, LocalStorage>,
    /// Its state.
    pub link: RwSignal<Link>,
}

struct Lane {
    slot: Slot,
    decoding: bool,
    waiting: Option<(WatchedFrame, Blob)>,
}

struct Inner {
    api: Api,
    link: RwSignal<Link>,
    lanes: RefCell<HashMap<FeedId, Lane>>,
    full: Cell<Option<FeedId>>,
    /// How many parts of the page want to hear of arrivals.
    followers: Cell<u32>,
    listener: Box<dyn Fn(Told<'_>)>,
    /// Of the last arrival that came; empty before the first.
    cursor: RefCell<String>,
    /// Whether anything came since the cursor was sent: one that the server no longer takes is given up.
    cursor_good: Cell<bool>,
    /// What this connection was asked for last.
    asked: RefCell<Option<Demand>>,
    announced: RefCell<Option<WatchedFrame>>,
    socket: RefCell<Option<Socket>>,
    backoff: Cell<Backoff>,
    timers: [Cell<Option<TimeoutHandle>>; 3],
    stopped: Cell<bool>,
}

/// The timers that run, by their place in [`Inner::timers`].
#[derive(Clone, Copy)]
enum Timer {
    Settle,
    Retry,
    Linger,
}

struct Socket {
    socket: WebSocket,
    _on_event: Closure<dyn FnMut(Event)>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Closing a socket without a code does not fail.
        let _ = self.socket.close();
    }
}

/// The connection of the dashboard, closed with it. `listener` hears of arrivals.
pub fn provide_watch(listener: impl Fn(Told<'_>) + 'static) -> Watch {
    let link = RwSignal::new(Link::Idle);
    let inner = Rc::new(Inner {
        api: use_api(),
        link,
        lanes: RefCell::default(),
        full: Cell::new(None),
        followers: Cell::new(0),
        listener: Box::new(listener),
        cursor: RefCell::default(),
        cursor_good: Cell::new(true),
        asked: RefCell::default(),
        announced: RefCell::default(),
        socket: RefCell::default(),
        backoff: Cell::default(),
        timers: Default::default(),
        stopped: Cell::new(false),
    });
    let watch = Watch { inner: StoredValue::new_local(inner), link };
    provide_context(watch);
    let looked = window_event_listener(ev::visibilitychange, move |_| watch.looked());
    on_cleanup(move || {
        looked.remove();
        watch.inner.try_with_value(|inner| inner.stop());
    });
    watch
}

/// The connection of this page.
pub fn use_watch() -> Watch {
    expect_context::<Watch>()
}

impl Watch {
    /// Hears of arrivals for as long as the caller is on the page.
    pub fn follow(self) {
        self.count(1);
        on_cleanup(move || self.count(-1));
    }

    /// Shows `feed` in `slot` from now on.
    pub fn show(self, feed: FeedId, slot: Slot) {
        self.inner.try_with_value(|inner| {
            inner.lanes.borrow_mut().insert(feed, Lane { slot, decoding: false, waiting: None });
        });
        self.changed();
    }

    /// Shows `feed` no longer.
    pub fn hide(self, feed: FeedId) {
        self.inner.try_with_value(|inner| inner.lanes.borrow_mut().remove(&feed));
        self.changed();
    }

    /// One feed fills the screen, or none does.
    pub fn enlarge(self, feed: Option<FeedId>) {
        self.inner.try_with_value(|inner| inner.full.set(feed));
        self.changed();
    }

    fn count(self, step: i32) {
        self.inner.try_with_value(|inner| {
            inner.followers.set(inner.followers.get().saturating_add_signed(step));
        });
        self.changed();
    }

    /// The tab was hidden, or somebody came back to it, who does not wait for the timer of a broken connection.
    fn looked(self) {
        if self.link.try_get_untracked() == Some(Link::Down) && !hidden() {
            self.inner.try_with_value(|inner| {
                inner.after(Timer::Retry, Duration::ZERO, |inner| inner.connect());
            });
        }
        self.changed();
    }

    fn changed(self) {
        self.inner.try_with_value(|inner| inner.after(Timer::Settle, SETTLE, |inner| inner.settle()));
    }
}

impl Inner {
    fn stop(&self) {
        self.stopped.set(true);
        for timer in &self.timers {
            if let Some(timer) = timer.take() {
                timer.clear();
            }
        }
        self.socket.replace(None);
    }

    /// Does what the page needs now: connects, asks for other feeds, or lets go after a while.
    fn settle(self: &Rc<Self>) {
        if self.followers.get() == 0 && self.lanes.borrow().is_empty() {
            self.ask();
            return self.after(Timer::Linger, LINGER, |inner| inner.let_go());
        }
        if let Some(timer) = self.timers[Timer::Linger as usize].take() {
            timer.clear();
        }
        match self.socket.borrow().as_ref().map(|held| held.socket.ready_state()) {
            Some(WebSocket::OPEN) => self.ask(),
            // Being opened, or broken with a timer that opens it again.
            Some(_) => {}
            None => self.after(Timer::Retry, Duration::ZERO, |inner| inner.connect()),
        }
    }

    fn let_go(&self) {
        if let Some(timer) = self.timers[Timer::Retry as usize].take() {
            timer.clear();
        }
        self.socket.replace(None);
        self.asked.replace(None);
        self.link.try_set(Link::Idle);
    }

    /// Sends what is in view, where that is not what was asked for last.
    fn ask(&self) {
        let socket = self.socket.borrow();
        let open = |held: &&Socket| held.socket.ready_state() == WebSocket::OPEN;
        let Some(held) = socket.as_ref().filter(open) else { return };
        let demand = Demand::of(self.lanes.borrow().keys().copied(), self.full.get(), hidden());
        let before = self.asked.borrow().clone();
        if before.as_ref() == Some(&demand) {
            return;
        }
        let arrivals = before.is_none().then(|| self.cursor.borrow().clone());
        let request = WatchRequest { feeds: demand.feeds.clone(), fps: demand.fps, arrivals };
        let Ok(text) = serde_json::to_string(&request) else { return };
        // A socket that is closing refuses; its close event follows and everything is asked anew.
        if held.socket.send_with_str(&text).is_err() {
            return;
        }
        let now = js_sys::Date::now();
        let known = before.map(|before| before.feeds).unwrap_or_default();
        for (feed, lane) in self.lanes.borrow().iter() {
            if demand.feeds.contains(feed) && !known.contains(feed) {
                lane.slot.asked_ms.try_set(now);
            }
        }
        self.asked.replace(Some(demand));
    }

    fn connect(self: &Rc<Self>) {
        if self.link.try_get_untracked() == Some(Link::Idle) {
            self.link.set(Link::Opening);
        }
        self.asked.replace(None);
        let Ok(socket) = WebSocket::new("/api/v1/watch") else { return };
        let this = Rc::downgrade(self);
        let on_event = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            let Some(this) = this.upgrade().filter(|this| !this.stopped.get()) else { return };
            match event.type_().as_str() {
                "open" => this.opened(),
                "message" => this.received(&event),
                _ => this.closed(),
            }
        });
        let handler = on_event.as_ref().unchecked_ref();
        socket.set_onopen(Some(handler));
        socket.set_onmessage(Some(handler));
        socket.set_onclose(Some(handler));
        self.socket.replace(Some(Socket { socket, _on_event: on_event }));
    }

    fn opened(&self) {
        self.link.try_set(Link::Up);
        if !self.cursor_good.replace(false) {
            self.cursor.borrow_mut().clear();
        }
        self.ask();
        (self.listener)(Told::Opened);
    }

    fn closed(self: &Rc<Self>) {
        let was_open = self.link.try_get_untracked() == Some(Link::Up);
        self.link.try_set(Link::Down);
        let mut backoff = self.backoff.get();
        let wait = u64::from(backoff.next_ms(js_sys::Math::random()));
        self.backoff.set(backoff);
        self.after(Timer::Retry, Duration::from_millis(wait), move |inner| {
            if was_open {
                return inner.connect();
            }
            // It could not even be opened: is the session still there? A 401 ends it for the whole page.
            let inner = inner.clone();
            spawn_local(async move {
                let asked = inner.api.session().await;
                let over = matches!(asked, Err(Failure::Refused { status: 401, .. }));
                if !over && !inner.stopped.get() {
                    inner.connect();
                }
            });
        });
    }

    fn received(self: &Rc<Self>, event: &Event) {
        let Some(message) = event.dyn_ref::<MessageEvent>() else { return };
        self.backoff.take();
        self.cursor_good.set(true);
        let Some(text) = message.data().as_string() else {
            if let (Some(frame), Ok(blob)) = (self.announced.take(), message.data().dyn_into::<Blob>()) {
                self.take(frame, blob);
            }
            return;
        };
        // Frames are many, arrivals few.
        if let Ok(frame) = serde_json::from_str::<WatchedFrame>(&text) {
            self.announced.replace(Some(frame));
        } else if let Ok(WatchedArrival { arrival, cursor }) = serde_json::from_str(&text) {
            self.cursor.replace(cursor);
            (self.listener)(Told::Arrival(&arrival));
        }
    }

    fn take(self: &Rc<Self>, frame: WatchedFrame, blob: Blob) {
        let feed = frame.feed;
        {
            let mut lanes = self.lanes.borrow_mut();
            let Some(lane) = lanes.get_mut(&feed) else { return };
            lane.waiting = Some((frame, blob));
            if std::mem::replace(&mut lane.decoding, true) {
                return;
            }
        }
        let this = self.clone();
        spawn_local(async move {
            while let Some((slot, frame, blob)) = this.next(feed) {
                show(slot, frame, &blob).await;
            }
        });
    }

    /// The newest picture of a feed that waits, or the end of the decoding.
    fn next(&self, feed: FeedId) -> Option<(Slot, WatchedFrame, Blob)> {
        let mut lanes = self.lanes.borrow_mut();
        let lane = lanes.get_mut(&feed)?;
        match lane.waiting.take() {
            Some((frame, blob)) => Some((lane.slot, frame, blob)),
            None => {
                lane.decoding = false;
                None
            }
        }
    }

    /// Does something later; what was to be done by the same timer is not.
    fn after(self: &Rc<Self>, timer: Timer, wait: Duration, action: impl FnOnce(&Rc<Self>) + 'static) {
        let this = Rc::downgrade(self);
        let run = move || {
            if let Some(this) = this.upgrade().filter(|this| !this.stopped.get()) {
                action(&this);
            }
        };
        let handle = set_timeout_with_handle(run, wait).ok();
        if let Some(before) = self.timers[timer as usize].replace(handle) {
            before.clear();
        }
    }
}

/// Whether nobody looks at this tab.
pub fn hidden() -> bool {
    document().visibility_state() == VisibilityState::Hidden
}

async fn show(slot: Slot, frame: WatchedFrame, blob: &Blob) {
    let taken_ms = js_sys::Date::now() - f64::from(frame.age_ms.unwrap_or(0));
    let Ok(promise) = window().create_image_bitmap_with_blob(blob) else { return };
    let Some(bitmap) =
        JsFuture::from(promise).await.ok().and_then(|value| value.dyn_into::<ImageBitmap>().ok())
    else {
        return;
    };
    let canvas = slot.picture.try_get_value().flatten();
    if let Some(canvas) = canvas {
        if (canvas.width(), canvas.height()) != (bitmap.width(), bitmap.height()) {
            canvas.set_width(bitmap.width());
            canvas.set_height(bitmap.height());
        }
        let pen = canvas.get_context("2d").ok().flatten();
        if let Some(pen) = pen.and_then(|pen| pen.dyn_into::<CanvasRenderingContext2d>().ok()) {
            // Fails only for a bitmap that is closed already.
            let _ = pen.draw_image_with_image_bitmap(&bitmap, 0.0, 0.0);
        }
    }
    bitmap.close();
    slot.last_ms.try_set(taken_ms);
    slot.seen.try_set(Some(Seen { width: frame.width, height: frame.height, answer: frame.answer }));
}
