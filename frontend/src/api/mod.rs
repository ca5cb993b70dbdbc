//! The one door to the HTTP API: typed calls, one kind of failure.
//!
//! A 401 ends the session here, whoever asked. Reads are tried again while the server is away (network, 502,
//! 503, 504); changes never are, because the first one may have been carried out.

mod accounts;
mod alerts;
mod attendance;
mod devices;
mod failure;
mod files;
mod groups;
mod imports;
pub mod kiosk;
mod live;
mod oidc;
mod people;
mod recognition;
mod refusals;
mod reports;
mod review;
mod rights;
mod schedules;

pub use attendance::SheetKey;
pub use devices::DeviceRequest;
pub use failure::Failure;
pub use files::{ServedFile, file_address};
pub use live::{LiveDevice, LiveFeed};
pub use people::PeopleQuery;
pub use recognition::PhotoCheck;
pub use reports::{Span, report_file};
pub use review::face_image;
pub use rights::AuditQuery;

use std::pin::Pin;

use gloo_net::http::{Method, Request, RequestBuilder, Response};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use types::{
    ArrivalId, ArrivalView, Direction, ErrorBody, ErrorDetail, FeedId, FeedView, GroupId, Health, Liveness,
    OnDoubt, Page, PersonId, PersonView, PhotoId, Range, ReassignArrival, Reveals, SessionView, Settings,
    SignIn, Today, UpdatePerson, VoidArrival, codes,
};
use web_sys::FormData;

use crate::backoff::Backoff;
use crate::language::say;
use crate::session::Confirming;

/// How often a read is tried again before its page shows the failure.
const RETRIES: u32 = 3;

/// Body of the requests that make and change a feed: [`types::CreateFeed`] and [`types::UpdateFeed`] with every field
/// named. Fractions are ready-made JSON: writing floats would bring 10 kB of tables into the page.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedRequest {
    pub name: String,
    pub liveness: Liveness,
    pub min_frames: u16,
    pub dedup_seconds: u32,
    pub max_fps: u16,
    pub direction: Direction,
    pub reveals: Reveals,
    pub range: Range,
    pub on_doubt: OnDoubt,
    /// None: everybody comes past.
    pub groups: Vec<GroupId>,
    /// Null takes the model pack's.
    pub threshold: Option<Box<RawValue>>,
    /// Null takes the model pack's.
    pub margin: Option<Box<RawValue>>,
}

impl FeedRequest {
    /// A feed as most want it.
    pub fn named(name: String) -> Self {
        Self { name, min_frames: 3, dedup_seconds: 300, max_fps: 15, ..Self::default() }
    }
}

/// Which arrivals are asked for.
#[derive(Debug, Clone, Default)]
pub struct ArrivalQuery {
    /// Of one person.
    pub person: Option<PersonId>,
    /// Those alone that somebody should look at.
    pub doubtful: bool,
    /// How many at most.
    pub limit: u32,
    /// The page after this cursor.
    pub after: Option<String>,
}

/// The door. Copies share one state.
#[derive(Clone, Copy)]
pub struct Api {
    /// Set when a call was answered 401: the session is over.
    pub signed_out: RwSignal<bool>,
    /// Whether the server answered the last call that reached for it.
    pub server_up: RwSignal<bool>,
    /// The question for the password, where something needs it once more.
    pub confirming: Confirming,
}

enum Body {
    Nothing,
    Json(String),
    Form(FormData),
}

type Answer<T> = Result<T, Failure>;

/// An answer on its way. Boxed: the code of a call is then no larger than what is its own.
pub type Coming<T> = Pin<Box<dyn Future<Output = Answer<T>>>>;

impl Api {
    /// A door with nothing known yet.
    pub fn new() -> Self {
        Self {
            signed_out: RwSignal::new(false),
            server_up: RwSignal::new(true),
            confirming: Confirming::new(),
        }
    }

    pub fn session(self) -> Coming<SessionView> {
        self.get("session".to_owned())
    }

    pub fn sign_in(self, request: &SignIn) -> Coming<SessionView> {
        self.read(Method::POST, "session".to_owned(), json(request))
    }

    pub fn sign_out(self) -> Coming<()> {
        self.done(Method::DELETE, "session".to_owned(), Body::Nothing)
    }

    pub fn people(
        self,
        query: &str,
        archived: bool,
        limit: u32,
        after: Option<&str>,
    ) -> Coming<Page<PersonView>> {
        let mut path = format!("people?limit={limit}");
        push_query(&mut path, "query", Some(query).filter(|text| !text.is_empty()));
        push_query(&mut path, "archived", archived.then_some("true"));
        push_query(&mut path, "after", after);
        self.get(path)
    }

    pub fn person(self, id: PersonId) -> Coming<PersonView> {
        self.get(format!("people/{id}"))
    }

    pub fn create_person(self, form: &FormData, knowingly: bool) -> Coming<PersonView> {
        let path = if knowingly { "people?override=true" } else { "people" };
        self.read(Method::POST, path.to_owned(), Body::Form(form.clone()))
    }

    pub fn update_person(self, id: PersonId, changes: &UpdatePerson) -> Coming<PersonView> {
        self.read(Method::PATCH, format!("people/{id}"), json(changes))
    }

    pub fn add_photos(self, id: PersonId, form: &FormData, knowingly: bool) -> Coming<()> {
        let suffix = if knowingly { "?override=true" } else { "" };
        self.done(Method::POST, format!("people/{id}/photos{suffix}"), Body::Form(form.clone()))
    }

    pub fn delete_photo(self, person: PersonId, photo: PhotoId) -> Coming<()> {
        self.done(Method::DELETE, format!("people/{person}/photos/{photo}"), Body::Nothing)
    }

    pub fn feeds(self) -> Coming<Page<FeedView>> {
        self.get("feeds".to_owned())
    }

    pub fn update_feed(self, id: FeedId, changes: &FeedRequest) -> Coming<()> {
        self.done(Method::PATCH, format!("feeds/{id}"), json(changes))
    }

    pub fn delete_feed(self, id: FeedId) -> Coming<()> {
        self.done(Method::DELETE, format!("feeds/{id}"), Body::Nothing)
    }

    pub fn arrivals(self, query: &ArrivalQuery) -> Coming<Page<ArrivalView>> {
        let mut path = format!("arrivals?limit={}", query.limit);
        push_query(&mut path, "person", query.person.map(|id| id.to_string()).as_deref());
        push_query(&mut path, "doubtful", query.doubtful.then_some("true"));
        push_query(&mut path, "after", query.after.as_deref());
        self.get(path)
    }

    /// Somebody has looked at a doubtful arrival, and it is right.
    pub fn confirm_arrival(self, id: ArrivalId) -> Coming<()> {
        self.done(Method::POST, format!("arrivals/{id}/confirmation"), Body::Nothing)
    }

    /// An arrival counts no more.
    pub fn void_arrival(self, id: ArrivalId, why: &VoidArrival) -> Coming<()> {
        self.done(Method::POST, format!("arrivals/{id}/void"), json(why))
    }

    /// An arrival was somebody else's: it is theirs from now on.
    pub fn reassign_arrival(self, id: ArrivalId, whose: &ReassignArrival) -> Coming<()> {
        self.done(Method::POST, format!("arrivals/{id}/reassign"), json(whose))
    }

    pub fn today(self) -> Coming<Today> {
        self.get("today".to_owned())
    }

    pub fn settings(self) -> Coming<Settings> {
        self.get("settings".to_owned())
    }

    pub fn save_settings(self, settings: &Settings) -> Coming<()> {
        self.done(Method::PUT, "settings".to_owned(), json(settings))
    }

    /// The parts' health; a 503 carries the same body.
    pub fn health(self) -> Coming<Health> {
        Box::pin(async move {
            let response = Request::get(&url("health")).send().await.map_err(|_| Failure::Unreachable)?;
            read(&response.text().await.map_err(|_| Failure::Unreachable)?)
        })
    }

    /// Reads a resource, again and again while the server is away.
    fn get<T: DeserializeOwned + 'static>(self, path: String) -> Coming<T> {
        let text = self.get_text(path);
        Box::pin(async move { read(&text.await?) })
    }

    /// Changes something and reads the answer.
    fn read<T: DeserializeOwned + 'static>(self, method: Method, path: String, body: Body) -> Coming<T> {
        let text = self.send(method, path, body);
        Box::pin(async move { read(&text.await?) })
    }

    /// Changes something; the answer does not matter.
    fn done(self, method: Method, path: String, body: Body) -> Coming<()> {
        let text = self.send(method, path, body);
        Box::pin(async move { text.await.map(|_| ()) })
    }

    fn get_text(self, path: String) -> Coming<String> {
        Box::pin(async move {
            let mut backoff = Backoff::default();
            let mut tries = 0;
            loop {
                match self.send(Method::GET, path.clone(), Body::Nothing).await {
                    Err(failure) if failure.is_passing() && tries < RETRIES => {
                        tries += 1;
                        TimeoutFuture::new(backoff.next_ms(js_sys::Math::random())).await;
                    }
                    outcome => return outcome,
                }
            }
        })
    }

    fn send(self, method: Method, path: String, body: Body) -> Coming<String> {
        Box::pin(async move {
            let request =
                RequestBuilder::new(&url(&path)).method(method).header("Accept", "application/json");
            let request = match body {
                Body::Nothing => request.build(),
                Body::Json(text) => request.header("Content-Type", "application/json").body(text),
                Body::Form(form) => request.body(form),
            };
            let sent = match request {
                Ok(request) => request.send().await,
                Err(error) => Err(error),
            };
            let outcome = match sent {
                Err(_) => Err(Failure::Unreachable),
                Ok(response) if response.ok() => response.text().await.map_err(|_| Failure::Unreachable),
                Ok(response) => Err(refusal(response).await),
            };
            if let Err(failure) = &outcome {
                let signing_in = [codes::WRONG_CREDENTIALS, codes::TOTP_REQUIRED, codes::TOTP_WRONG];
                if failure.status() == 401 && !signing_in.contains(&failure.code()) {
                    self.signed_out.set(true);
                }
                self.note_server(!matches!(failure, Failure::Unreachable));
            } else {
                self.note_server(true);
            }
            outcome
        })
    }

    fn note_server(self, up: bool) {
        if self.server_up.get_untracked() != up {
            self.server_up.set(up);
        }
    }
}

/// The door of this page.
pub fn use_api() -> Api {
    expect_context::<Api>()
}

fn url(path: &str) -> String {
    format!("/api/v1/{path}")
}

fn json<T: Serialize>(value: &T) -> Body {
    // The wire types hold no maps with keys that JSON cannot carry, so this cannot fail.
    Body::Json(serde_json::to_string(value).unwrap_or_default())
}

fn push_query(path: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(name);
        path.push('=');
        path.push_str(&String::from(js_sys::encode_uri_component(value)));
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Answer<T> {
    serde_json::from_str(text).map_err(|_| Failure::Refused {
        status: 200,
        wait_s: None,
        detail: unreadable(200),
    })
}

async fn refusal(response: Response) -> Failure {
    let status = response.status();
    let wait_s = response.headers().get("Retry-After").and_then(|seconds| seconds.parse().ok());
    let text = response.text().await.unwrap_or_default();
    let detail = match serde_json::from_str::<ErrorBody>(&text) {
        Ok(body) => Box::new(body.error),
        Err(_) => unreadable(status),
    };
    Failure::Refused { status, wait_s, detail }
}

/// Stands in where a proxy answered in the API's place.
fn unreadable(status: u16) -> Box<ErrorDetail> {
    Box::new(ErrorDetail {
        code: String::new(),
        message: say!(errors.unreadable, status = status),
        fields: Default::default(),
        person: None,
        conflicts: Vec::new(),
        request_id: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{CreateFeed, UpdateFeed};

    #[test]
    fn a_feed_request_is_what_the_contract_expects() {
        let threshold = RawValue::from_string("0.913".to_owned()).ok();
        let request = FeedRequest { threshold, ..FeedRequest::named("Door".to_owned()) };
        let text = serde_json::to_string(&request).expect("it can be written");
        let made: CreateFeed = serde_json::from_str(&text).expect("it makes a feed");
        assert_eq!((made.name.as_str(), made.max_fps), ("Door", Some(15)));
        let changed: UpdateFeed = serde_json::from_str(&text).expect("it changes a feed");
        assert_eq!((changed.threshold, changed.margin), (Some(Some(0.913)), Some(None)));
    }
}
