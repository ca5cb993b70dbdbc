//! Sends this browser's camera over a WebSocket: one frame in flight, the newest picture when the answer comes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use types::{ErrorBody, ErrorDetail, FeedId, FrameAnswer, codes};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Blob, Event, HtmlCanvasElement, HtmlVideoElement, MessageEvent, WebSocket};

use crate::backoff::Backoff;
use crate::camera;
use crate::gate::{FrameGate, Step};
use crate::watch::{Link, Seen};

/// Pictures are sent at most this wide; more pixels cost time and tell the recognizer nothing.
const WIDEST: f64 = 1280.0;
/// How long to wait after a refused frame, in milliseconds.
const REFUSED_HOLD_MS: f64 = 1_000.0;
/// How long to wait for a video that has no picture yet, in milliseconds.
const NO_PICTURE_HOLD_MS: f64 = 100.0;

/// What the sender tells its page.
pub enum Report {
    /// The connection changed.
    Link(Link),
    /// A frame was answered.
    Seen(Seen),
    /// A frame was refused.
    Refused(ErrorDetail),
}

/// The server's word on a frame.
pub enum Answer {
    /// What it showed.
    Frame(FrameAnswer),
    /// Why it was refused.
    Refusal(ErrorBody),
}

impl Answer {
    /// What a message of the connection says.
    pub fn of(event: &Event) -> Option<Self> {
        let text = event.dyn_ref::<MessageEvent>()?.data().as_string()?;
        let frame = serde_json::from_str(&text).map(Self::Frame);
        frame.or_else(|_| serde_json::from_str(&text).map(Self::Refusal)).ok()
    }
}

/// A running sender; dropping it closes the connection.
pub struct Sender(Rc<Inner>);

struct Inner {
    feed: FeedId,
    video: HtmlVideoElement,
    canvas: HtmlCanvasElement,
    gate: Cell<FrameGate>,
    frames_per_second: u16,
    backoff: Cell<Backoff>,
    socket: RefCell<Option<Socket>>,
    timer: Cell<Option<TimeoutHandle>>,
    stopped: Cell<bool>,
    report: Box<dyn Fn(Report)>,
}

/// A feed's connection; dropping it closes it.
pub struct Socket {
    socket: WebSocket,
    _on_event: Closure<dyn FnMut(Event)>,
}

impl Socket {
    /// Begins to connect; `None` where the browser refuses. `on_event` is told `open`, `message` and `close`.
    pub fn open(feed: FeedId, on_event: impl FnMut(Event) + 'static) -> Option<Self> {
        let socket = WebSocket::new(&format!("/api/v1/feeds/{feed}/live")).ok()?;
        let on_event = Closure::<dyn FnMut(Event)>::new(on_event);
        let handler = on_event.as_ref().unchecked_ref();
        socket.set_onopen(Some(handler));
        socket.set_onmessage(Some(handler));
        socket.set_onclose(Some(handler));
        Some(Self { socket, _on_event: on_event })
    }

    /// Whether it takes frames.
    pub fn is_open(&self) -> bool {
        self.socket.ready_state() == WebSocket::OPEN
    }

    /// Sends a picture, after `header` where there is one; false where it is not open.
    pub fn send(&self, header: Option<&str>, picture: &Blob) -> bool {
        let told = header.is_none_or(|header| self.socket.send_with_str(header).is_ok());
        self.is_open() && told && self.socket.send_with_blob(picture).is_ok()
    }
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

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.stopped.set(true);
        self.0.set_timer(None);
        self.0.socket.replace(None);
    }
}

impl Sender {
    /// Connects and sends `video` as `feed`. `None` where the browser has no canvas.
    pub fn start(
        feed: FeedId,
        frames_per_second: u16,
        video: HtmlVideoElement,
        report: impl Fn(Report) + 'static,
    ) -> Option<Self> {
        let canvas = camera::hidden_canvas()?;
        let inner = Rc::new(Inner {
            feed,
            video,
            canvas,
            gate: Cell::new(FrameGate::new(frames_per_second)),
            frames_per_second,
            backoff: Cell::default(),
            socket: RefCell::new(None),
            timer: Cell::new(None),
            stopped: Cell::new(false),
            report: Box::new(report),
        });
        inner.connect();
        Some(Self(inner))
    }
}

impl Inner {
    fn connect(self: &Rc<Self>) {
        self.gate.set(FrameGate::new(self.frames_per_second));
        let this = Rc::downgrade(self);
        let socket = Socket::open(self.feed, move |event| {
            let Some(this) = this.upgrade().filter(|this| !this.stopped.get()) else { return };
            match event.type_().as_str() {
                "open" => {
                    (this.report)(Report::Link(Link::Up));
                    this.pump();
                }
                "message" => this.answered(&event),
                _ => this.reconnect(),
            }
        });
        let connecting = socket.is_some();
        self.socket.replace(socket);
        if !connecting {
            self.reconnect();
        }
    }

    fn reconnect(self: &Rc<Self>) {
        (self.report)(Report::Link(Link::Down));
        let mut backoff = self.backoff.get();
        let wait = backoff.next_ms(js_sys::Math::random());
        self.backoff.set(backoff);
        self.after(f64::from(wait), |this| this.connect());
    }

    fn answered(self: &Rc<Self>, event: &Event) {
        let answer = Answer::of(event);
        let mut gate = self.gate.get();
        match answer {
            Some(Answer::Frame(answer)) => {
                gate.answered();
                let mut backoff = self.backoff.get();
                backoff.reset();
                self.backoff.set(backoff);
                let (width, height) = (self.canvas.width(), self.canvas.height());
                (self.report)(Report::Seen(Seen { width, height, answer }));
            }
            Some(Answer::Refusal(body)) => {
                let hold = if body.error.code == codes::TOO_MANY_REQUESTS { 0.3 } else { 1.0 };
                gate.hold(js_sys::Date::now(), REFUSED_HOLD_MS * hold);
                (self.report)(Report::Refused(body.error));
            }
            None => gate.hold(js_sys::Date::now(), REFUSED_HOLD_MS),
        }
        self.gate.set(gate);
        self.pump();
    }

    /// Does what the gate says, now and whenever something changed.
    fn pump(self: &Rc<Self>) {
        if self.stopped.get() {
            return;
        }
        match self.gate.get().step(js_sys::Date::now()) {
            Step::Capture => self.capture(),
            Step::Wait(ms) => self.after(ms, |this| this.pump()),
            Step::Stalled => {
                self.socket.replace(None);
                self.reconnect();
            }
        }
    }

    fn capture(self: &Rc<Self>) {
        let mut gate = self.gate.get();
        let now = js_sys::Date::now();
        if !camera::draw(&self.video, &self.canvas, WIDEST) {
            gate.hold(now, NO_PICTURE_HOLD_MS);
            self.gate.set(gate);
            return self.pump();
        }
        gate.begin(now);
        self.gate.set(gate);
        let this = Rc::downgrade(self);
        let canvas = self.canvas.clone();
        spawn_local(async move {
            let picture = camera::encode(&canvas).await;
            if let Some(this) = this.upgrade().filter(|this| !this.stopped.get()) {
                this.send(picture);
            }
        });
    }

    fn send(self: &Rc<Self>, picture: Option<Blob>) {
        let now = js_sys::Date::now();
        let mut gate = self.gate.get();
        let socket = self.socket.borrow();
        let sent = picture.zip(socket.as_ref()).is_some_and(|(picture, socket)| socket.send(None, &picture));
        if sent {
            gate.sent(now);
        } else {
            gate.hold(now, NO_PICTURE_HOLD_MS);
        }
        drop(socket);
        self.gate.set(gate);
        // While the connection is down its own timer runs; pumping would take that timer's place.
        if sent || self.is_open() {
            self.pump();
        }
    }

    fn is_open(&self) -> bool {
        self.socket.borrow().as_ref().is_some_and(Socket::is_open)
    }

    fn after(self: &Rc<Self>, ms: f64, action: impl FnOnce(&Rc<Self>) + 'static) {
        let this = Rc::downgrade(self);
        let run = move || {
            if let Some(this) = this.upgrade().filter(|this| !this.stopped.get()) {
                action(&this);
            }
        };
        self.set_timer(set_timeout_with_handle(run, Duration::from_millis(ms.ceil().max(0.0) as u64)).ok());
    }

    fn set_timer(&self, timer: Option<TimeoutHandle>) {
        if let Some(old) = self.timer.replace(timer) {
            old.clear();
        }
    }
}
