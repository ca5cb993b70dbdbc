//! Webhooks: where to, their secret, which is shown once, and a test.

use leptos::{ev, prelude::*, task::spawn_local};
use types::{SaveWebhook, TestOutcome, WebhookView};
use wasm_bindgen_futures::JsFuture;

use super::channels::Outcome;
use super::fields::{Tickbox, refusal};
use crate::api::use_api;
use crate::clock::Style;
use crate::language::say;
use crate::loading::Loader;
use crate::session::fresh;
use crate::ui::{
    Act, Confirm, Empty, Icon, Modal, ModalHead, Moment, Problem, Removal, SaveButton, TextField, icons,
    listed, use_toasts,
};

#[derive(Clone, PartialEq)]
enum Doing {
    Nothing,
    Editing(Option<WebhookView>),
    Rotating(WebhookView),
    Deleting(WebhookView),
    /// The name and the secret.
    Showing(String, String),
}

/// All webhooks.
#[component]
pub fn Webhooks() -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let webhooks = Loader::<Vec<WebhookView>>::new();
    let read = Callback::new(move |()| webhooks.run(async move { Ok(api.webhooks().await?.items) }));
    read.run(());
    let doing = RwSignal::new(Doing::Nothing);
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let on_close = Callback::new(move |()| {
        problem.set(None);
        doing.set(Doing::Nothing);
    });
    let on_saved = Callback::new(move |secret: Option<(String, String)>| {
        if secret.is_none() {
            toasts.show(say!(words.saved));
        }
        doing.try_set(secret.map_or(Doing::Nothing, |(name, secret)| Doing::Showing(name, secret)));
        read.try_run(());
    });
    let on_deleted = Callback::new(move |()| {
        doing.try_set(Doing::Nothing);
        read.try_run(());
    });
    let rotate = move |hook: &WebhookView| {
        let (id, name) = (hook.id, hook.name.clone());
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match fresh(api, move || api.rotate_webhook_secret(id)).await {
                Ok(once) => {
                    on_saved.try_run(Some((name, once.secret)));
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <section class="settings-part" aria-labelledby="webhooks">
            <header class="section-head">
                <div>
                    <h3 id="webhooks" class="part-title">{say!(alerts.webhooks)}</h3>
                    <p class="text-soft">{say!(alerts.webhooks_text)}</p>
                </div>
                <button type="button" class="btn" data-testid="webhook-add" on:click=move |_| doing.set(Doing::Editing(None))>
                    <Icon icon=icons::Plus />
                    {say!(alerts.webhook_add)}
                </button>
            </header>
            {listed(
                webhooks,
                read,
                2,
                || view! { <Empty icon=icons::Key title=say!(alerts.no_webhooks) /> }.into_any(),
                move |webhooks| {
                    view! {
                        <ul class="rows">
                            {webhooks.into_iter().map(|hook| view! { <HookRow hook doing /> }).collect_view()}
                        </ul>
                    }
                        .into_any()
                },
            )}
        </section>
        {move || match doing.get() {
            Doing::Nothing => ().into_any(),
            Doing::Editing(hook) => view! { <HookDialog hook on_saved on_close /> }.into_any(),
            Doing::Showing(name, secret) => view! { <SecretDialog name secret on_close /> }.into_any(),
            Doing::Rotating(hook) => {
                let title = say!(alerts.rotate_question, name = hook.name.clone());
                view! {
                    <Confirm
                        title
                        text=say!(alerts.rotate_text)
                        action=say!(alerts.rotate)
                        busy
                        problem
                        on_confirm=Callback::new(move |()| rotate(&hook))
                        on_close
                    />
                }
                    .into_any()
            }
            Doing::Deleting(hook) => {
                let id = hook.id;
                view! {
                    <Removal
                        title=say!(alerts.webhook_delete, name = hook.name)
                        text=say!(alerts.webhook_delete_text)
                        act=Act::new(move || fresh(api, move || api.delete_webhook(id)))
                        on_done=on_deleted
                        on_close
                    />
                }
                    .into_any()
            }
        }}
    }
}

#[component]
fn HookRow(hook: WebhookView, doing: RwSignal<Doing>) -> impl IntoView {
    let api = use_api();
    let WebhookView { id, name, url, enabled, secret_changed_at, .. } = hook.clone();
    let (edit, rotate, delete) = (hook.clone(), hook.clone(), hook);
    let busy = RwSignal::new(false);
    let outcome = RwSignal::new(None::<TestOutcome>);
    let test = move |_| {
        busy.set(true);
        outcome.set(None);
        spawn_local(async move {
            let result = api
                .test_webhook(id)
                .await
                .unwrap_or_else(|failure| TestOutcome { sent: false, error: Some(failure.message()) });
            outcome.try_set(Some(result));
            busy.try_set(false);
        });
    };
    let label = say!(alerts.delete_named, name = name.clone());
    view! {
        <li class="row alert-channel" data-testid="webhook">
            <span class="min-w-0">
                <button type="button" class="link" on:click=move |_| doing.set(Doing::Editing(Some(edit.clone())))>
                    {name}
                </button>
                {(!enabled).then(|| view! { " " <span class="tag">{say!(words.off)}</span> })}
                <span class="note block" dir="ltr">{url}</span>
                <span class="note block">{say!(alerts.secret_since)} " " <Moment at=secret_changed_at style=Style::Full /></span>
            </span>
            <span class="row-actions ms-auto">
                <button type="button" class="btn" disabled=busy on:click=test>
                    {move || if busy.get() { say!(words.sending) } else { say!(alerts.test) }}
                </button>
                <button type="button" class="btn" on:click=move |_| doing.set(Doing::Rotating(rotate.clone()))>
                    {say!(alerts.rotate)}
                </button>
                <button
                    type="button"
                    class="icon-btn"
                    aria-label=label.clone()
                    title=label
                    on:click=move |_| doing.set(Doing::Deleting(delete.clone()))
                >
                    <Icon icon=icons::Delete />
                </button>
            </span>
            <Outcome outcome />
        </li>
    }
}

#[component]
fn HookDialog(
    hook: Option<WebhookView>,
    on_saved: Callback<Option<(String, String)>>,
    on_close: Callback<()>,
) -> impl IntoView {
    let api = use_api();
    let id = hook.as_ref().map(|hook| hook.id);
    let title = if id.is_some() { say!(alerts.webhook_edit) } else { say!(alerts.webhook_add) };
    let name = RwSignal::new(hook.as_ref().map(|hook| hook.name.clone()).unwrap_or_default());
    let url = RwSignal::new(hook.as_ref().map(|hook| hook.url.clone()).unwrap_or_default());
    let enabled = RwSignal::new(hook.is_none_or(|hook| hook.enabled));
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let (name_problem, url_problem) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        problem.set(None);
        let request = SaveWebhook {
            name: name.get_untracked().trim().to_owned(),
            url: url.get_untracked().trim().to_owned(),
            enabled: enabled.get_untracked(),
        };
        name_problem.set(request.name.is_empty().then(|| say!(alerts.name_missing).to_owned()));
        url_problem.set(request.url.is_empty().then(|| say!(alerts.url_missing).to_owned()));
        if request.name.is_empty() || request.url.is_empty() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let saved = match id {
                Some(id) => fresh(api, || api.update_webhook(id, &request)).await.map(|()| None),
                None => fresh(api, || api.create_webhook(&request)).await.map(|once| Some(once.secret)),
            };
            match saved {
                Ok(secret) => {
                    on_saved.try_run(secret.map(|secret| (request.name, secret)));
                }
                Err(failure) => {
                    let (of_name, of_url) = (failure.field("name"), failure.field("url"));
                    if of_name.is_none() && of_url.is_none() {
                        problem.try_set(Some(refusal(&failure, &[])));
                    }
                    name_problem.try_set(of_name);
                    url_problem.try_set(of_url);
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <Modal label=title on_close>
            <ModalHead title on_close />
            <form id="webhook-form" class="dialog-content" on:submit=submit novalidate>
                <TextField id="webhook-name" label=say!(words.name) value=name problem=name_problem required=true />
                <TextField
                    id="webhook-url"
                    label=say!(alerts.url)
                    value=url
                    problem=url_problem
                    kind="url"
                    inputmode="url"
                    hint=say!(alerts.url_hint)
                    required=true
                />
                <Tickbox words=say!(alerts.enabled) value=enabled />
                <Problem text=problem />
            </form>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <SaveButton
                    words=say!(words.save)
                    busy_words=say!(words.saving)
                    busy
                    form="webhook-form"
                    testid="webhook-save"
                />
            </footer>
        </Modal>
    }
}

/// The secret, this once.
#[component]
fn SecretDialog(name: String, secret: String, on_close: Callback<()>) -> impl IntoView {
    let copied = RwSignal::new(None::<bool>);
    let text = secret.clone();
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            // Outside https and localhost there is no clipboard; the text can be marked and copied by hand.
            let done = if window().is_secure_context() {
                JsFuture::from(window().navigator().clipboard().write_text(&text)).await.is_ok()
            } else {
                false
            };
            copied.try_set(Some(done));
        });
    };
    let title = say!(alerts.secret_of, name = name);
    view! {
        <Modal label=title.clone() on_close>
            <ModalHead title on_close />
            <div class="dialog-content">
                <p class="text-soft">{say!(alerts.secret_text)}</p>
                <div class="token">
                    <code dir="ltr" data-testid="webhook-secret">{secret}</code>
                    <button type="button" class="btn" on:click=copy>
                        <Icon icon=icons::Copy />
                        {say!(words.copy)}
                    </button>
                </div>
                <p class="note" role="status">
                    {move || match copied.get() {
                        Some(true) => say!(words.copied),
                        Some(false) => say!(alerts.no_clipboard),
                        None => "",
                    }}
                </p>
            </div>
            <footer class="modal-foot">
                <button type="button" class="btn btn-primary" on:click=move |_| on_close.run(())>{say!(words.done)}</button>
            </footer>
        </Modal>
    }
}
