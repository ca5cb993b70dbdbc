//! The queue: its items, what is being done with one, the keys for it.

use std::time::Duration;

use leptos::{ev, prelude::*, task::spawn_local};
use types::{FeedId, ReviewItem, ReviewSettings};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::enrol::EnrolSheet;
use super::item::ItemRow;
use super::name::NameDialog;
use super::settings::{OffState, SettingsDialog};
use super::waiting::Waiting;
use crate::api::{Api, use_api};
use crate::language::say;
use crate::loading::{Load, Loader, Pages};
use crate::ui::{
    Confirm, Empty, Entry, Failed, Icon, List, MoreButton, Skeleton, When, icons, letter, use_toasts,
};

const PAGE: u32 = 20;
/// The same where one feed's faces are picked out.
const PAGE_OF_FEED: u32 = 100;
/// How often new faces are looked for.
const EVERY: Duration = Duration::from_secs(15);

/// What is being done.
#[derive(Clone, PartialEq)]
pub enum Doing {
    Nothing,
    /// A new person gets the faces of an item.
    Enrolling(ReviewItem),
    /// Somebody who is there already does.
    Naming(ReviewItem),
    /// An item is thrown away.
    Dismissing(ReviewItem),
    /// The queue itself is changed.
    Settings,
}

/// What the parts of the page share.
#[derive(Clone, Copy)]
pub struct Queue {
    items: Pages<ReviewItem>,
    settings: Loader<ReviewSettings>,
    /// Faces that one feed saw alone.
    feed: Option<FeedId>,
    /// What is being done.
    pub doing: RwSignal<Doing>,
    waiting: Waiting,
    api: Api,
}

impl Queue {
    /// Nothing read; of one feed or of all.
    pub fn new(feed: Option<FeedId>) -> Self {
        Self {
            items: Pages::new(),
            settings: Loader::new(),
            feed,
            doing: RwSignal::new(Doing::Nothing),
            waiting: expect_context::<Waiting>(),
            api: use_api(),
        }
    }

    /// Reads the first page, or goes on to the next one.
    fn fetch(self, restart: bool) {
        let (api, feed) = (self.api, self.feed);
        // The server lists the faces of all feeds.
        let limit = if feed.is_some() { PAGE_OF_FEED } else { PAGE };
        self.items.fetch(restart, move |after| async move {
            let mut page = api.review(limit, after.as_deref()).await?;
            if let Some(feed) = feed {
                page.items.retain(|item| item.faces.iter().any(|face| face.feed.id == feed));
            }
            Ok(page)
        });
    }

    /// Looks for new faces, unless that would disturb somebody.
    pub fn look(self) {
        let few = self.items.items.with_untracked(|items| items.len() <= PAGE as usize);
        if few && self.doing.with_untracked(|doing| *doing == Doing::Nothing) {
            self.fetch(true);
        }
    }

    /// Whether the queue is on, and why.
    pub fn settings(self) -> Load<ReviewSettings> {
        self.settings.get()
    }

    /// Reads everything again.
    pub fn refresh(self) {
        let api = self.api;
        self.settings.run(api.review_settings());
        self.fetch(true);
        self.waiting.refresh();
    }

    /// An item was dealt with: it goes, and the next one is at hand.
    pub fn settled(self, item: &ReviewItem) {
        self.doing.try_set(Doing::Nothing);
        let at = self.items.items.try_update(|items| {
            let at = items.iter().position(|other| other.id == item.id);
            items.retain(|other| other.id != item.id);
            at
        });
        self.waiting.refresh();
        if let Some(Some(at)) = at {
            request_animation_frame(move || focus(rows().get(at).or(rows().last())));
        }
    }
}

/// The page.
#[component]
pub fn ReviewPage() -> impl IntoView {
    let queue = Queue::new(None);
    queue.refresh();
    if let Ok(timer) = set_interval_with_handle(move || queue.look(), EVERY) {
        on_cleanup(move || timer.clear());
    }
    listen_to_keys(queue);
    let retry = Callback::new(move |()| queue.refresh());
    let on = Memo::new(move |_| queue.settings.value().is_some_and(|settings| settings.enabled));
    let total = move || queue.items.total.get().filter(|total| *total > 0);
    view! {
        <div class="content review-page">
            <header class="page-head">
                <h1 class="page-title">{say!(review.title)}</h1>
                <When is=move || on.get() && total().is_some()>
                    <span class="tag tabular">{total}</span>
                </When>
                <When is=move || on.get()>
                    <button
                        type="button"
                        class="btn ms-auto"
                        data-testid="review-settings"
                        on:click=move |_| queue.doing.set(Doing::Settings)
                    >
                        <Icon icon=icons::Settings />
                        {say!(review.queue)}
                    </button>
                </When>
            </header>
            {move || match queue.settings.get() {
                Load::Waiting => view! { <Skeleton rows=4 /> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry /> }.into_any(),
                Load::Ready(settings) if settings.enabled => view! { <Kept settings /> }.into_any(),
                Load::Ready(settings) => view! { <OffState settings queue /> }.into_any(),
            }}
            <When is=move || on.get()>
                <Items queue />
            </When>
        </div>
        <Dialogs queue />
    }
}

/// What is being done with an item.
#[component]
pub fn Dialogs(queue: Queue) -> impl IntoView {
    view! {
        {move || match queue.doing.get() {
            Doing::Nothing => ().into_any(),
            Doing::Enrolling(item) => view! { <EnrolSheet item queue /> }.into_any(),
            Doing::Naming(item) => view! { <NameDialog item queue /> }.into_any(),
            Doing::Dismissing(item) => view! { <Dismiss item queue /> }.into_any(),
            Doing::Settings => {
                queue.settings.value().map(|settings| view! { <SettingsDialog settings queue /> }).into_any()
            }
        }}
    }
}

/// Why faces are kept, and for how long.
#[component]
fn Kept(settings: ReviewSettings) -> impl IntoView {
    let reason = settings.reason.unwrap_or_default();
    view! {
        <p class="review-why">
            {say!(review.kept, count = settings.keep_hours)} " " <span class="text-soft">{reason}</span>
        </p>
    }
}

/// The faces that wait.
#[component]
pub fn Items(queue: Queue) -> impl IntoView {
    let items = queue.items;
    let row = move |item: ReviewItem| {
        // An item is drawn anew only when something of it changed.
        let key = format!(
            "{} {} {} {} {}",
            item.id,
            item.last_seen.timestamp_millis(),
            item.sightings,
            item.faces.len(),
            item.candidates.len()
        );
        Entry::new(key, move || view! { <ItemRow item=item.clone() queue /> }.into_any())
    };
    let rows = Signal::derive(move || items.items.get().into_iter().map(row).collect());
    let retry = Callback::new(move |()| queue.fetch(items.items.with_untracked(Vec::is_empty)));
    view! {
        <ul class="review-list" data-testid="review-list">
            <List entries=rows />
        </ul>
        {move || match (items.state.get(), items.items.with(Vec::is_empty)) {
            (Load::Waiting, true) => view! { <Skeleton rows=4 /> }.into_any(),
            (Load::Failed(failure), _) => view! { <Failed failure retry /> }.into_any(),
            (Load::Ready(()), true) => {
                view! {
                    <Empty
                        icon=icons::Good
                        title=say!(review.no_faces)
                        text=say!(review.no_faces_text)
                    />
                }
                    .into_any()
            }
            _ => ().into_any(),
        }}
        <When is=move || items.has_more() && !items.items.with(Vec::is_empty)>
            <MoreButton
                busy=Signal::derive(move || items.state.with(|state| *state == Load::Waiting))
                on_more=Callback::new(move |()| queue.fetch(false))
            />
        </When>
    }
}

#[component]
fn Dismiss(item: ReviewItem, queue: Queue) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let count = item.faces.len();
    let dismiss = Callback::new(move |()| {
        let item = item.clone();
        busy.set(true);
        spawn_local(async move {
            match api.dismiss(item.id).await {
                Ok(()) => {
                    toasts.show(say!(review.dismissed));
                    queue.settled(&item);
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    });
    view! {
        <Confirm
            title=say!(review.dismiss_title)
            text=say!(review.dismiss_text, count = count)
            action=say!(review.dismiss)
            busy
            problem
            on_confirm=dismiss
            on_close=Callback::new(move |()| queue.doing.set(Doing::Nothing))
        />
    }
}

/// Arrow keys (or J and K) move between the faces; E, S, N and D do what the buttons with these letters do.
fn listen_to_keys(queue: Queue) {
    let handle = window_event_listener(ev::keydown, move |event| {
        let typing = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlElement>().ok())
            .is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA"));
        let busy = queue.doing.with_untracked(|doing| *doing != Doing::Nothing);
        if typing || busy || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let rows = rows();
        let active =
            document().active_element().and_then(|e| e.closest("[data-testid=review-item]").ok().flatten());
        let at = active.and_then(|active| rows.iter().position(|row| row.is_same_node(Some(&active))));
        let key = letter(&event);
        let step = match key.as_str() {
            "arrowdown" | "j" => at.map_or(0, |at| at + 1),
            "arrowup" | "k" => at.map_or(0, |at| at.saturating_sub(1)),
            letter => {
                // The button with this letter, in the row where the keyboard is.
                let button = at.and_then(|at| {
                    let selector = format!("[aria-keyshortcuts='{letter}']");
                    rows[at].query_selector(&selector).ok().flatten()?.dyn_into::<HtmlElement>().ok()
                });
                if let Some(button) = button {
                    event.prevent_default();
                    button.click();
                }
                return;
            }
        };
        event.prevent_default();
        focus(rows.get(step).or(rows.last()));
    });
    on_cleanup(move || handle.remove());
}

/// The rows as they stand on the page.
fn rows() -> Vec<HtmlElement> {
    let Ok(list) = document().query_selector_all("[data-testid=review-item]") else { return Vec::new() };
    (0..list.length()).filter_map(|at| list.get(at)?.dyn_into().ok()).collect()
}

fn focus(row: Option<&HtmlElement>) {
    if let Some(row) = row {
        // Fails only for an element that is not on the page.
        let _ = row.focus();
    }
}
