//! Sends the tablet's camera over a WebSocket while the server is there, and has pictures kept that show a change while
//! it is not.
//!
//! One picture is in flight, its answer permits the next, and the newest wins. One that is not answered within two
//! seconds counts as kept, and so do those after it until the connection is back: a cut is noticed late.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use js_sys::Date;
use leptos::{prelude::*, task::spawn_local};
use types::{FeedId, FrameHeader, codes};
use wasm_bindgen::JsCast;
use web_sys::{Blob, CanvasRenderingContext2d, Event, HtmlCanvasElement, HtmlVideoElement};

use super::keeper::{Keeper, Stamp};
use super::motion::{ACROSS, DOWN, Scene};
use super::pace::Pace;
use super::state::Kiosk;
use crate::api::kiosk as server;
use crate::backoff::Backoff;
use crate::camera;
use crate::gate::{FrameGate, Step};
use crate::live::sender::{Answer, Socket};
use crate::watch::Seen;

/// Pictures are sent at most this wide.
const WIDEST: f64 = 1_280.0;
/// Pictures are kept at most this wide, so that an hour of them has room.
const WIDEST_KEPT: f64 = 960.0;
/// How often the picture is looked at, in milliseconds.
const LOOK_MS: f64 = 250.0;
/// How often one is kept at most, in milliseconds.
const KEEP_MS: f64 = 500.0;
/// For how long pictures are kept after the last change, in milliseconds: whoever looks at the camera stands still.
const STILL_MS: f64 = 3_000.0;
/// A picture that is unanswered for so long counts as one that did not arrive, in milliseconds.
const LATE_MS: f64 = 2_000.0;
/// How long a connection may take to open, in milliseconds.
const OPENING_MS: f64 = 6_000.0;
/// How long to wait after a refused picture, in milliseconds.
const REFUSED_MS: f64 = 1_000.0;

/// Running; dropping it ends it.
pub struct Frames(Rc<Inner>);

struct Inner {
    kiosk: Kiosk,
    keeper: Rc<Keeper>,
    feed: FeedId,
    video: HtmlVideoElement,
    canvas: HtmlCanvasElement,
    small: HtmlCanvasElement,
    scene: RefCell<Scene>,
    moved_ms: Cell<f64>,
    kept_ms: Cell<f64>,
    gate: Cell<FrameGate>,
    pace: Cell<Pace>,
    backoff: Cell<Backoff>,
    socket: RefCell<Option<Socket>>,
    opening_since: Cell<Option<f64>>,
    connect_at: Cell<Option<f64>>,
    flight: RefCell<Option<Flight>>,
    timer: Cell<Option<TimeoutHandle>>,
    stopped: Cell<bool>,
}

/// A picture on its way.
struct Flight {
    picture: Blob,
    stamp: Stamp,
    since: f64,
    kept: bool,
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.0.stopped.set(true);
        self.0.set_timer(None);
        self.0.socket.replace(None);
    }
}

impl Frames {
    /// Starts; `None` where the browser has no canvas.
    pub fn start(kiosk: Kiosk, keeper: Rc<Keeper>, video: HtmlVideoElement) -> Option<Self> {
        let (canvas, small) = (camera::hidden_canvas()?, camera::hidden_canvas()?);
        small.set_width(ACROSS);
        small.set_height(DOWN);
        let inner = Rc::new(Inner {
            kiosk,
            keeper,
            feed: kiosk.view.with_untracked(|view| view.feed),
            video,
            canvas,
            small,
            scene: RefCell::default(),
            moved_ms: Cell::new(Date::now()),
            kept_ms: Cell::new(0.0),
            gate: Cell::new(FrameGate::new(2)),
            pace: Cell::default(),
            backoff: Cell::default(),
            socket: RefCell::new(None),
            opening_since: Cell::new(None),
            connect_at: Cell::new(Some(0.0)),
            flight: RefCell::new(None),
            timer: Cell::new(None),
            stopped: Cell::new(false),
        });
        inner.tick();
        Some(Self(inner))
    }
}

impl Inner {
    /// Looks at the picture and does what is due; then again a moment later.
    fn tick(self: &Rc<Self>) {
        if self.stopped.get() {
            return;
        }
        let now = Date::now();
        self.look(now);
        self.mind_connection(now);
        let mut wait = LOOK_MS;
        if self.is_open() {
            let max_fps = self.kiosk.view.try_with_untracked(|view| view.max_fps).unwrap_or(1);
            let mut gate = self.gate.get();
            gate.set_rate(self.pace.get().per_second(max_fps, now));
            self.gate.set(gate);
            match gate.step(now) {
                Step::Capture => self.capture(now),
                Step::Wait(ms) => wait = wait.min(ms),
                Step::Stalled => self.lose_connection(now),
            }
            self.mind_flight(now);
        } else {
            self.keep_if_moved(now);
        }
        self.after(wait);
    }

    /// Whether something moved since the last look.
    fn look(&self, now: f64) {
        let pen = self.small.get_context("2d").ok().flatten();
        let Some(pen) = pen.and_then(|pen| pen.dyn_into::<CanvasRenderingContext2d>().ok()) else { return };
        let (across, down) = (f64::from(ACROSS), f64::from(DOWN));
        let drawn = self.video.video_width() > 0
            && pen
                .draw_image_with_html_video_element_and_dw_and_dh(&self.video, 0.0, 0.0, across, down)
                .is_ok();
        let pixels = if drawn { pen.get_image_data(0.0, 0.0, across, down).ok() } else { None };
        if pixels.is_some_and(|pixels| self.scene.borrow_mut().moved(&pixels.data())) {
            self.moved_ms.set(now);
            self.kiosk.stir();
        }
        let there = self.pace.get().is_active(now);
        self.keeper.note_somebody(there);
    }

    fn mind_connection(self: &Rc<Self>, now: f64) {
        let too_long = self.opening_since.get().is_some_and(|since| now - since > OPENING_MS);
        if too_long {
            self.lose_connection(now);
        }
        if self.connect_at.get().is_some_and(|at| now >= at) {
            self.connect(now);
        }
    }

    fn connect(self: &Rc<Self>, now: f64) {
        self.connect_at.set(None);
        self.gate.set(FrameGate::new(2));
        let this = Rc::downgrade(self);
        let socket = Socket::open(self.feed, move |event| {
            let Some(this) = this.upgrade().filter(|this| !this.stopped.get()) else { return };
            match event.type_().as_str() {
                "open" => this.opened(),
                "message" => this.answered(&event),
                _ => this.lose_connection(Date::now()),
            }
        });
        let opening = socket.is_some();
        self.opening_since.set(opening.then_some(now));
        self.socket.replace(socket);
        if !opening {
            self.lose_connection(now);
        }
    }

    fn opened(self: &Rc<Self>) {
        self.opening_since.set(None);
        self.show_online(true);
        let kiosk = self.kiosk;
        spawn_local(async move {
            // What changed while the connection was away; the heartbeat says what is wrong.
            if let Ok(view) = server::kiosk().await {
                kiosk.take_view(view);
            }
        });
        self.tick();
    }

    /// The connection is gone, or takes no part any more.
    fn lose_connection(self: &Rc<Self>, now: f64) {
        self.opening_since.set(None);
        self.socket.replace(None);
        self.show_online(false);
        self.kiosk.lose_sight();
        self.keep_flight();
        self.flight.replace(None);
        let mut backoff = self.backoff.get();
        self.connect_at.set(Some(now + f64::from(backoff.next_ms(js_sys::Math::random()))));
        self.backoff.set(backoff);
    }

    fn answered(self: &Rc<Self>, event: &Event) {
        let now = Date::now();
        let mut gate = self.gate.get();
        match Answer::of(event) {
            Some(Answer::Frame(answer)) => {
                gate.answered();
                self.backoff.set(Backoff::default());
                let mut pace = self.pace.get();
                pace.answered(answer.faces.len(), now);
                self.pace.set(pace);
                self.keeper.count(|counts| counts.sent += 1);
                self.show_online(true);
                let (width, height) = (self.canvas.width(), self.canvas.height());
                self.kiosk.take(Seen { width, height, answer });
            }
            Some(Answer::Refusal(body)) => {
                gate.hold(now, REFUSED_MS);
                self.keeper.count(|counts| counts.refused += 1);
                let away = [codes::RECOGNIZER_UNAVAILABLE, codes::DATABASE_UNAVAILABLE, "internal"];
                if away.contains(&body.error.code.as_str()) {
                    self.show_online(false);
                    self.kiosk.lose_sight();
                    self.moved_ms.set(now);
                    self.keep_flight();
                }
            }
            None => gate.hold(now, REFUSED_MS),
        }
        self.gate.set(gate);
        self.flight.replace(None);
        self.tick();
    }

    /// A picture that is not answered in time counts as one that did not arrive, and so do those after it.
    fn mind_flight(self: &Rc<Self>, now: f64) {
        let late = self.flight.borrow().as_ref().is_some_and(|flight| now - flight.since > LATE_MS);
        if late {
            self.show_online(false);
            self.keep_flight();
            self.keep_if_moved(now);
        }
    }

    fn keep_flight(self: &Rc<Self>) {
        let mut flight = self.flight.borrow_mut();
        let Some(flight) = flight.as_mut().filter(|flight| !flight.kept) else { return };
        flight.kept = true;
        let (keeper, picture, stamp) = (self.keeper.clone(), flight.picture.clone(), flight.stamp);
        spawn_local(async move { keeper.keep_frame(&picture, stamp).await });
    }

    fn keep_if_moved(self: &Rc<Self>, now: f64) {
        if now - self.kept_ms.get() < KEEP_MS {
            return;
        }
        self.kept_ms.set(now);
        if now - self.moved_ms.get() > STILL_MS {
            self.keeper.count(|counts| counts.still += 1);
            return;
        }
        let Some(canvas) = camera::hidden_canvas() else { return };
        if camera::draw(&self.video, &canvas, WIDEST_KEPT) {
            self.keeper.count(|counts| counts.captured += 1);
            let (keeper, stamp) = (self.keeper.clone(), self.keeper.stamp());
            spawn_local(async move {
                if let Some(picture) = camera::encode(&canvas).await {
                    keeper.keep_frame(&picture, stamp).await;
                }
            });
        }
    }

    fn capture(self: &Rc<Self>, now: f64) {
        let mut gate = self.gate.get();
        if !camera::draw(&self.video, &self.canvas, WIDEST) {
            gate.hold(now, LOOK_MS);
            return self.gate.set(gate);
        }
        gate.begin(now);
        self.gate.set(gate);
        let stamp = self.keeper.stamp();
        self.keeper.count(|counts| counts.captured += 1);
        let (this, canvas) = (Rc::downgrade(self), self.canvas.clone());
        spawn_local(async move {
            let picture = camera::encode(&canvas).await;
            if let Some(this) = this.upgrade().filter(|this| !this.stopped.get()) {
                this.send(picture, stamp);
            }
        });
    }

    fn send(self: &Rc<Self>, picture: Option<Blob>, stamp: Stamp) {
        let now = Date::now();
        let mut gate = self.gate.get();
        // The moment is left to the server, which is quicker than any clock that was set in between.
        let header = FrameHeader {
            captured_at: None,
            device: Some(self.keeper.device()),
            sequence: Some(stamp.sequence),
            traceparent: None,
        };
        let header = serde_json::to_string(&header).unwrap_or_default();
        let socket = self.socket.borrow();
        match picture {
            Some(picture) if socket.as_ref().is_some_and(|socket| socket.send(Some(&header), &picture)) => {
                gate.sent(now);
                self.flight.replace(Some(Flight { picture, stamp, since: now, kept: false }));
            }
            _ => {
                gate.hold(now, LOOK_MS);
                self.keeper.count(|counts| counts.dropped += 1);
            }
        }
        self.gate.set(gate);
    }

    fn is_open(&self) -> bool {
        self.socket.borrow().as_ref().is_some_and(Socket::is_open)
    }

    fn show_online(&self, online: bool) {
        if self.kiosk.online.try_get_untracked().is_some_and(|shown| shown != online) {
            self.kiosk.online.set(online);
            if !online {
                // The first picture of an outage is kept whether or not it shows a change.
                self.moved_ms.set(Date::now());
            }
        }
    }

    fn after(self: &Rc<Self>, ms: f64) {
        let this = Rc::downgrade(self);
        let run = move || {
            if let Some(this) = this.upgrade() {
                this.tick();
            }
        };
        let ms = ms.ceil().max(10.0) as u64;
        self.set_timer(set_timeout_with_handle(run, Duration::from_millis(ms)).ok());
    }

    fn set_timer(&self, timer: Option<TimeoutHandle>) {
        if let Some(old) = self.timer.replace(timer) {
            old.clear();
        }
    }
}
