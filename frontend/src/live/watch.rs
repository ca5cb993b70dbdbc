//! The other cameras' pictures, all over one WebSocket.
//!
//! A picture is decoded off the page's thread; while one of a feed is being decoded, only the newest that comes
//! meanwhile is kept.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use types::{FeedId, WatchRequest, WatchedFrame};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, CanvasRenderingContext2d, Event, HtmlCanvasElement, ImageBitmap, MessageEvent, WebSocket,
};

use super::Seen;
use crate::arrivals::Link;
use crate::backoff::Backoff;

/// Where one feed's pictures go.
#[derive(Clone, Copy)]
pub struct Slot {
    /// What the newest picture showed.
    pub seen: RwSignal<Option<Seen>>,
    /// When it came, in milliseconds since 1970; 0 before the first.
    pub last_ms: RwSignal<f64>,
    /// The canvas that shows it.
    pub picture: StoredValue<Option<HtmlCanvasElement>, LocalStorage>,
}

#[derive(Default)]
struct Lane {
    slot: Option<Slot>,
    decoding: bool,
    waiting: Option<(WatchedFrame, Blob)>,
}

/// The connection; dropping it closes it.
pub struct Watch(Rc<Inner>);

struct Inner {
    lanes: RefCell<HashMap<FeedId, Lane>>,
    announced: RefCell<Option<WatchedFrame>>,
    socket: RefCell<Option<Socket>>,
    backoff: Cell<Backoff>,
    timer: Cell<Option<TimeoutHandle>>,
    stopped: Cell<bool>,
    link: RwSignal<Link>,
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

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.stopped.set(true);
        if let Some(timer) = self.0.timer.take() {
            timer.clear();
        }
        self.0.socket.replace(None);
        self.0.link.try_set(Link::Idle);
    }
}

impl Watch {
    /// Not connected until a feed is wanted.
    pub fn new(link: RwSignal<Link>) -> Self {
        Self(Rc::new(Inner {
            lanes: RefCell::default(),
            announced: RefCell::default(),
            socket: RefCell::new(None),
            backoff: Cell::default(),
            timer: Cell::new(None),
            stopped: Cell::new(false),
            link,
        }))
    }

    /// Shows `feed` in `slot` from now on.
    pub fn show(&self, feed: FeedId, slot: Slot) {
        self.0.lanes.borrow_mut().insert(feed, Lane { slot: Some(slot), ..Lane::default() });
        self.0.wanted_changed();
    }

    /// Shows `feed` no longer.
    pub fn hide(&self, feed: FeedId) {
        self.0.lanes.borrow_mut().remove(&feed);
        self.0.wanted_changed();
    }
}

impl Inner {
    fn wanted_changed(self: &Rc<Self>) {
        let socket = self.socket.borrow();
        match socket.as_ref() {
            Some(held) if held.socket.ready_state() == WebSocket::OPEN => self.ask(&held.socket),
            Some(_) => {}
            None => {
                drop(socket);
                self.connect();
            }
        }
    }

    fn ask(&self, socket: &WebSocket) {
        let feeds: Vec<FeedId> = self.lanes.borrow().keys().copied().collect();
        if let Ok(text) = serde_json::to_string(&WatchRequest { feeds }) {
            // A socket that is closing refuses; its close event follows and everything is asked anew.
            let _ = socket.send_with_str(&text);
        }
    }

    fn connect(self: &Rc<Self>) {
        if self.link.get_untracked() == Link::Idle {
            self.link.set(Link::Opening);
        }
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
        self.backoff.take();
        self.link.try_set(Link::Up);
        if let Some(held) = self.socket.borrow().as_ref() {
            self.ask(&held.socket);
        }
    }

    fn closed(self: &Rc<Self>) {
        self.link.try_set(Link::Down);
        let mut backoff = self.backoff.get();
        let wait = u64::from(backoff.next_ms(js_sys::Math::random()));
        self.backoff.set(backoff);
        let this = Rc::downgrade(self);
        let again = move || {
            if let Some(this) = this.upgrade().filter(|this| !this.stopped.get()) {
                this.connect();
            }
        };
        self.timer.set(set_timeout_with_handle(again, Duration::from_millis(wait)).ok());
    }

    fn received(self: &Rc<Self>, event: &Event) {
        let Some(message) = event.dyn_ref::<MessageEvent>() else { return };
        if let Some(text) = message.data().as_string() {
            self.announced.replace(serde_json::from_str(&text).ok());
        } else if let (Some(frame), Ok(blob)) = (self.announced.take(), message.data().dyn_into::<Blob>()) {
            self.take(frame, blob);
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
        match (lane.slot, lane.waiting.take()) {
            (Some(slot), Some((frame, blob))) => Some((slot, frame, blob)),
            _ => {
                lane.decoding = false;
                None
            }
        }
    }
}

async fn show(slot: Slot, frame: WatchedFrame, blob: &Blob) {
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
    slot.last_ms.try_set(js_sys::Date::now());
    slot.seen.try_set(Some(Seen { width: frame.width, height: frame.height, answer: frame.answer }));
}
