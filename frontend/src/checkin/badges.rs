//! Badges: made, printed as a card, revoked. The code is shown once, when the badge is made.

use leptos::{prelude::*, task::spawn_local};
use types::{BadgeCreated, BadgeView, PersonId};
use uuid::Uuid;

use crate::api::use_api;
use crate::clock::Style;
use crate::language::say;
use crate::qr::QrCode;
use crate::session::{fresh, use_desk};
use crate::ui::{Ago, Confirm, Icon, Modal, ModalHead, Moment, icons, use_toasts};

#[derive(Clone, PartialEq)]
enum Doing {
    Nothing,
    Showing(BadgeCreated),
    Revoking(Uuid),
}

/// A person's badges, the newest first.
#[component]
pub fn Badges(
    person: PersonId,
    name: String,
    number: String,
    badges: Vec<BadgeView>,
    on_change: Callback<()>,
) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let doing = RwSignal::new(Doing::Nothing);
    let busy = RwSignal::new(false);
    let make = move |_| {
        busy.set(true);
        spawn_local(async move {
            match fresh(api, move || api.create_badge(person)).await {
                Ok(badge) => {
                    doing.try_set(Doing::Showing(badge));
                }
                Err(failure) => toasts.show(failure.message()),
            }
            busy.try_set(false);
        });
    };
    let none = badges.is_empty();
    view! {
        <div class="means">
            <span class="row-mark"><Icon icon=icons::Badge /></span>
            <div class="min-w-0 flex-1">
                <p class="font-medium">{say!(checkin.badges)}</p>
                {none.then(|| view! { <p class="note">{say!(checkin.badges_none)}</p> })}
                <ul>{badges.into_iter().map(|badge| view! { <Row badge doing /> }).collect_view()}</ul>
                <p class="tags">
                    <button
                        type="button"
                        class="btn btn-small"
                        data-testid="badge-make"
                        disabled=busy
                        on:click=make
                    >
                        <Icon icon=icons::Plus />
                        {say!(checkin.badge_make)}
                    </button>
                </p>
            </div>
        </div>
        {move || match doing.get() {
            Doing::Nothing => ().into_any(),
            Doing::Showing(badge) => {
                let on_close = Callback::new(move |()| {
                    doing.try_set(Doing::Nothing);
                    on_change.run(());
                });
                view! { <Card badge name=name.clone() number=number.clone() on_close /> }.into_any()
            }
            Doing::Revoking(badge) => view! { <Revoke person badge doing on_change /> }.into_any(),
        }}
    }
}

#[component]
fn Row(badge: BadgeView, doing: RwSignal<Doing>) -> impl IntoView {
    let id = badge.id;
    let used = match badge.last_used_at {
        Some(at) => view! { {say!(checkin.used)} " " <Ago at /> }.into_any(),
        None => say!(checkin.never_used).into_any(),
    };
    let end = match badge.revoked_at {
        Some(at) => view! { <span class="tag">{say!(checkin.revoked)} " " <Ago at /></span> }.into_any(),
        None => view! {
            <button
                type="button"
                class="btn btn-small btn-quiet btn-quiet-danger"
                data-testid="badge-revoke"
                on:click=move |_| doing.set(Doing::Revoking(id))
            >
                {say!(checkin.revoke)}
            </button>
        }
        .into_any(),
    };
    view! {
        <li class="aside-row" data-testid="badge">
            <span class="min-w-0">
                <span>{say!(checkin.badge_of)} " " <Moment at=badge.created_at style=Style::Full /></span>
                <span class="note block">{used}</span>
            </span>
            {end}
        </li>
    }
}

/// The badge as a card, for paper too.
#[component]
fn Card(badge: BadgeCreated, name: String, number: String, on_close: Callback<()>) -> impl IntoView {
    let desk = use_desk();
    let site =
        move || desk.site.with(|site| site.as_ref().map(|site| site.site_name.clone()).unwrap_or_default());
    let print = move |_| {
        // Fails only where the browser prints nothing at all.
        let _ = window().print();
    };
    view! {
        <Modal label=say!(checkin.badge_new) on_close>
            <ModalHead title=say!(checkin.badge_new) on_close />
            <div class="dialog-content">
                <div class="badge-card" data-testid="badge-card">
                    <QrCode svg=badge.qr_svg label=say!(checkin.badge_code) />
                    <p class="badge-name">{name}</p>
                    <p class="badge-number tabular">{number}</p>
                    <p class="note">{site}</p>
                </div>
                <p class="text-soft badge-note">{say!(checkin.badge_once)}</p>
            </div>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.done)}</button>
                <button type="button" class="btn btn-primary" data-testid="badge-print" on:click=print>
                    <Icon icon=icons::Print />
                    {say!(words.print)}
                </button>
            </footer>
        </Modal>
    }
}

#[component]
fn Revoke(person: PersonId, badge: Uuid, doing: RwSignal<Doing>, on_change: Callback<()>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let revoke = Callback::new(move |()| {
        busy.set(true);
        spawn_local(async move {
            match fresh(api, move || api.revoke_badge(person, badge)).await {
                Ok(()) => {
                    toasts.show(say!(checkin.badge_revoked));
                    doing.try_set(Doing::Nothing);
                    on_change.run(());
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
            title=say!(checkin.badge_revoke_title)
            text=say!(checkin.badge_revoke_text)
            action=say!(checkin.revoke)
            busy
            problem
            on_confirm=revoke
            on_close=Callback::new(move |()| doing.set(Doing::Nothing))
        />
    }
}
