//! Keys that programs call the API with.

mod form;
mod scopes;

use leptos::prelude::*;
use types::KeyView;

use super::secret::SecretDialog;
use crate::api::use_api;
use crate::clock::Style;
use crate::language::say;
use crate::loading::Loader;
use crate::session::{fresh, use_desk};
use crate::ui::{Act, Ago, Empty, Icon, Moment, Removal, icons, listed};

/// What is being done with a key.
#[derive(Clone, PartialEq)]
enum Doing {
    Nothing,
    Making,
    Revoking(KeyView),
    /// The key by this name is shown, this once.
    Showing {
        name: String,
        key: String,
    },
}

#[component]
pub fn KeysSection() -> impl IntoView {
    let api = use_api();
    let keys = Loader::<Vec<KeyView>>::new();
    let read = Callback::new(move |()| {
        keys.run(async move { fresh(api, move || api.keys()).await.map(|page| page.items) });
    });
    read.run(());
    let doing = RwSignal::new(Doing::Nothing);
    let done = Callback::new(move |next: Doing| {
        doing.try_set(next);
        read.run(());
    });
    let on_close = Callback::new(move |()| doing.set(Doing::Nothing));
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">{say!(settings.keys)}</h2>
                <p class="note measure">
                    {say!(keys.about)} " "
                    <a class="link" href="/api/docs/" target="_blank" rel="noreferrer">{say!(keys.contract)}</a>
                </p>
            </div>
            <button
                type="button"
                class="btn btn-primary"
                data-testid="key-create"
                on:click=move |_| doing.set(Doing::Making)
            >
                <Icon icon=icons::Plus />
                {say!(keys.add)}
            </button>
        </header>
        {listed(
            keys,
            read,
            3,
            || view! { <Empty icon=icons::Code title=say!(keys.none) text=say!(keys.none_text) /> }.into_any(),
            move |keys| {
                view! {
                    <ul class="rows">{keys.into_iter().map(|key| view! { <KeyRow key_view=key doing /> }).collect_view()}</ul>
                }
                    .into_any()
            },
        )}
        {move || match doing.get() {
            Doing::Nothing => ().into_any(),
            Doing::Making => view! { <form::KeySheet doing done /> }.into_any(),
            Doing::Revoking(key) => {
                let id = key.id;
                view! {
                    <Removal
                        title=say!(keys.revoke_title, name = key.name)
                        text=say!(keys.revoke_text)
                        action=say!(keys.revoke)
                        told=say!(keys.revoked)
                        act=Act::new(move || fresh(api, move || api.revoke_key(id)))
                        on_done=Callback::new(move |()| done.run(Doing::Nothing))
                        on_close
                    />
                }
                    .into_any()
            }
            Doing::Showing { name, key } => {
                view! {
                    <SecretDialog
                        title=say!(keys.shown_title, name = name)
                        text=say!(keys.shown_text)
                        note=say!(keys.shown_note)
                        secret=key
                        testid="key-secret"
                        on_close
                    />
                }
                    .into_any()
            }
        }}
    }
}

#[component]
fn KeyRow(key_view: KeyView, doing: RwSignal<Doing>) -> impl IntoView {
    let desk = use_desk();
    let words = say!(keys.revoke_named, name = key_view.name.clone());
    let expires = key_view.expires_at;
    let over = move || expires.is_some_and(|at| (at.timestamp_millis() as f64) < desk.now_ms.get());
    let used = match key_view.last_used_at {
        Some(at) => {
            let from = key_view.last_used_address.clone();
            view! {
                {say!(keys.last_used)} " " <Ago at />
                {from.map(|from| view! { " " <bdi class="tabular">{from}</bdi> })}
            }
            .into_any()
        }
        None => say!(keys.never_used).into_any(),
    };
    let ends = match expires {
        Some(at) => view! {
            <span class:problem=over>{move || if over() { say!(keys.ended) } else { say!(keys.ends) }}</span>
            " "
            <Moment at style=Style::Full />
        }
        .into_any(),
        None => say!(keys.no_end).into_any(),
    };
    let scopes = scopes::summary(&key_view.scopes);
    let made_by = key_view.created_by_email.clone().map(|email| say!(keys.by, email = email));
    let ended = key_view.created_by_ended;
    let (name, prefix) = (key_view.name.clone(), key_view.prefix.clone());
    view! {
        <li class="row" data-testid="key-row">
            <span class="row-mark"><Icon icon=icons::Code /></span>
            <div class="min-w-0 flex-1">
                <p class="font-medium break-words">{name}</p>
                <p class="note"><code class="font-mono" dir="ltr">{prefix} "…"</code></p>
                <p class="tags">
                    {scopes.into_iter().map(|words| view! { <span class="tag">{words}</span> }).collect_view()}
                </p>
                <p class="note">
                    {made_by} " "
                    {ended.then(|| view! { <span class="tag tag-uncertain">{say!(keys.account_ended)}</span> })}
                </p>
                <p class="note">{used}</p>
                <p class="note">{ends}</p>
            </div>
            <div class="row-actions">
                <button
                    type="button"
                    class="icon-btn"
                    aria-label=words.clone()
                    title=words
                    data-testid="key-revoke"
                    on:click=move |_| doing.set(Doing::Revoking(key_view.clone()))
                >
                    <Icon icon=icons::Delete />
                </button>
            </div>
        </li>
    }
}
