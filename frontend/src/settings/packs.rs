//! Changing the model: packs side by side, templates made in the background, one switch and the way back.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use types::{PackState, PackStatus};

use crate::api::{Api, use_api};
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::numbers::grouped;
use crate::ui::{Confirm, Failed, Icon, Moment, Skeleton, When, icons, use_toasts};
use crate::{api::Failure, clock::Style};

/// How often the progress is looked at.
const EVERY: Duration = Duration::from_secs(2);
/// Failed photos that are listed before they are asked for.
const FAILED_SHOWN: usize = 5;

/// What is asked before it is done.
#[derive(Clone, PartialEq)]
enum Asked {
    Nothing,
    Using(PackStatus),
    Forgetting(PackStatus),
}

/// What the rows share.
#[derive(Clone, Copy)]
struct Packs {
    list: Loader<Vec<PackStatus>>,
    asked: RwSignal<Asked>,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<String>>,
    on_change: Callback<()>,
    api: Api,
}

impl Packs {
    fn read(self) {
        let api = self.api;
        self.list.run(async move { api.packs().await.map(|page| page.items) });
    }

    /// Carries `change` out, says that it was done, and reads everything again.
    fn change(self, done: String, change: impl Future<Output = Result<(), Failure>> + 'static) {
        let toasts = use_toasts();
        self.busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            match change.await {
                Ok(()) => {
                    toasts.show(done);
                    self.asked.try_set(Asked::Nothing);
                    self.on_change.run(());
                }
                Err(failure) => {
                    self.problem.try_set(Some(failure.message()));
                }
            }
            self.busy.try_set(false);
            self.read();
        });
    }
}

/// The packs there are. `on_change` is told when another one may be in use.
#[component]
pub fn PackList(on_change: Callback<()>) -> impl IntoView {
    let packs = Packs {
        list: Loader::new(),
        asked: RwSignal::new(Asked::Nothing),
        busy: RwSignal::new(false),
        problem: RwSignal::new(None),
        on_change,
        api: use_api(),
    };
    packs.read();
    let preparing = move || {
        let list = untrack(|| packs.list.value()).unwrap_or_default();
        list.iter().any(|pack| pack.state == PackState::Preparing)
    };
    let poll = move || {
        if preparing() {
            packs.read();
        }
    };
    if let Ok(timer) = set_interval_with_handle(poll, EVERY) {
        on_cleanup(move || timer.clear());
    }
    view! {
        <h3 class="label mt-6">{say!(settings.models)}</h3>
        <p class="note measure">
            {say!(settings.models_about)}
        </p>
        <When is=move || packs.asked.get() == Asked::Nothing && packs.problem.with(Option::is_some)>
            <p class="problem" role="alert">{move || packs.problem.get()}</p>
        </When>
        {move || match packs.list.get() {
            Load::Waiting => view! { <Skeleton rows=2 /> }.into_any(),
            Load::Failed(failure) => {
                view! { <Failed failure retry=Callback::new(move |()| packs.read()) /> }.into_any()
            }
            Load::Ready(list) => {
                let before = previous(&list);
                view! {
                    <ul class="rows mt-2">
                        {list
                            .into_iter()
                            .map(|pack| {
                                let back = before.as_ref() == Some(&pack.id);
                                view! { <PackRow pack back packs /> }
                            })
                            .collect_view()}
                    </ul>
                }
                    .into_any()
            }
        }}
        {move || match packs.asked.get() {
            Asked::Nothing => ().into_any(),
            Asked::Using(pack) => view! { <UsePack pack packs /> }.into_any(),
            Asked::Forgetting(pack) => view! { <ForgetPack pack packs /> }.into_any(),
        }}
    }
}

/// The pack that was in use before the present one.
fn previous(list: &[PackStatus]) -> Option<String> {
    let used = list.iter().filter(|pack| pack.state != PackState::Active && pack.activated_at.is_some());
    used.max_by_key(|pack| pack.activated_at).map(|pack| pack.id.clone())
}

/// What a pack is called.
fn name_of(pack: &PackStatus) -> String {
    pack.pack.as_ref().map_or_else(|| pack.id.clone(), |view| view.name.clone())
}

#[component]
fn PackRow(pack: PackStatus, back: bool, packs: Packs) -> impl IntoView {
    let name = name_of(&pack);
    let (class, word) = match pack.state {
        PackState::Active => ("tag tag-known", say!(settings.pack_active)),
        PackState::Ready => ("tag", say!(settings.pack_ready)),
        PackState::Preparing => ("tag tag-uncertain", say!(settings.pack_preparing)),
        PackState::Available => ("tag", say!(settings.pack_available)),
    };
    let missing = pack.pack.is_none();
    let (done, total) = (pack.photos_done, pack.photos_total);
    let photos = say!(settings.pack_photos, done = grouped(done), total = grouped(total));
    let progress = (pack.state == PackState::Preparing).then(|| {
        view! {
            <progress class="progress" max=total.max(1).to_string() prop:value=done as f64 aria-label=say!(settings.photos_done)></progress>
        }
    });
    let used = pack.activated_at.map(|at| {
        view! { <p class="note">{say!(settings.last_used)} " " <Moment at style=Style::Full /></p> }
    });
    view! {
        <li class="row" data-testid="pack-row">
            <div class="min-w-0 flex-1">
                <p class="pack-name">
                    <span class="font-medium">{name}</span>
                    <span class=class data-testid="pack-state">{word}</span>
                </p>
                <p class="note font-mono">{pack.id.clone()}</p>
                <p class="note tabular">{photos}</p>
                {progress} {used}
                {missing.then(|| view! { <p class="problem note">{say!(settings.pack_missing)}</p> })}
                <FailedPhotos pack=pack.clone() />
            </div>
            <PackActions pack back packs />
        </li>
    }
}

#[component]
fn PackActions(pack: PackStatus, back: bool, packs: Packs) -> impl IntoView {
    let offered = pack.pack.is_some();
    let unfinished = matches!(pack.state, PackState::Available) && offered;
    let usable = pack.state == PackState::Ready && offered;
    let removable = matches!(pack.state, PackState::Ready | PackState::Preparing)
        || (pack.state == PackState::Available && pack.photos_done > 0);
    let (api, busy) = (packs.api, packs.busy);
    let (id, name) = (pack.id.clone(), name_of(&pack));
    let prepare = move |_| {
        let id = id.clone();
        packs.change(say!(settings.preparing_named, name = name.clone()), async move {
            api.prepare_pack(&id).await
        });
    };
    let (using, forgetting) = (pack.clone(), pack.clone());
    let ask = move |asked: Asked| {
        packs.problem.set(None);
        packs.asked.set(asked);
    };
    view! {
        <div class="pack-actions">
            {unfinished
                .then(|| {
                    view! {
                        <button type="button" class="btn" data-testid="pack-prepare" disabled=busy on:click=prepare>
                            {if pack.photos_done > 0 { say!(settings.prepare_on) } else { say!(settings.prepare) }}
                        </button>
                    }
                })}
            {usable
                .then(|| {
                    view! {
                        <button
                            type="button"
                            class="btn btn-primary"
                            data-testid="pack-use"
                            disabled=busy
                            on:click=move |_| ask(Asked::Using(using.clone()))
                        >
                            {if back { say!(settings.use_back) } else { say!(settings.use_pack) }}
                        </button>
                    }
                })}
            {removable
                .then(|| {
                    view! {
                        <button
                            type="button"
                            class="btn btn-quiet btn-quiet-danger"
                            data-testid="pack-forget"
                            disabled=busy
                            on:click=move |_| ask(Asked::Forgetting(forgetting.clone()))
                        >
                            {say!(settings.forget_pack)}
                        </button>
                    }
                })}
        </div>
    }
}

/// Photos that a pack cannot use, with the way to whose they are.
#[component]
fn FailedPhotos(pack: PackStatus) -> impl IntoView {
    let failed = pack.failed;
    let count = failed.len();
    (count > 0).then(|| {
        let title = say!(settings.photos_failed, count = count as u32);
        view! {
            <details class="more mt-2" open=count <= FAILED_SHOWN>
                <summary class="verdict verdict-bad">
                    <Icon icon=icons::Alert />
                    <span>{title}</span>
                </summary>
                <ul class="failed-photos">
                    {failed
                        .into_iter()
                        .map(|failed| {
                            view! {
                                <li>
                                    <a class="link" href=format!("/people/{}", failed.person.id)>{failed.person.name}</a>
                                    <span class="note">" " {failed.reason}</span>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            </details>
        }
    })
}

#[component]
fn UsePack(pack: PackStatus, packs: Packs) -> impl IntoView {
    let api = packs.api;
    let (id, name) = (pack.id.clone(), name_of(&pack));
    let failed = match pack.failed.len() {
        0 => String::new(),
        count => say!(settings.use_failed, count = count as u32),
    };
    let title = say!(settings.use_title, name = name.clone());
    let done = say!(settings.use_done, name = name);
    let confirm = Callback::new(move |()| {
        let id = id.clone();
        packs.change(done.clone(), async move { api.use_pack(&id).await });
    });
    view! {
        <Confirm
            title
            text=[say!(settings.use_text), &failed].join(" ")
            action=say!(settings.use_pack)
            danger=false
            busy=packs.busy
            problem=packs.problem
            on_confirm=confirm
            on_close=Callback::new(move |()| packs.asked.set(Asked::Nothing))
        />
    }
}

#[component]
fn ForgetPack(pack: PackStatus, packs: Packs) -> impl IntoView {
    let api = packs.api;
    let (id, name) = (pack.id.clone(), name_of(&pack));
    let done = say!(settings.forget_done, name = name.clone());
    let confirm = Callback::new(move |()| {
        let id = id.clone();
        packs.change(done.clone(), async move { api.forget_pack(&id).await });
    });
    view! {
        <Confirm
            title=say!(settings.forget_title, name = name)
            text=say!(settings.forget_text)
            action=say!(settings.forget_pack)
            busy=packs.busy
            problem=packs.problem
            on_confirm=confirm
            on_close=Callback::new(move |()| packs.asked.set(Asked::Nothing))
        />
    }
}
