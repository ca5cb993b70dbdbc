//! What opens a feed: listed, made anew, revoked. A token itself is shown once.

use leptos::{prelude::*, task::spawn_local};
use types::{FeedId, FeedView, TokenKind, TokenView};
use uuid::Uuid;

use crate::api::use_api;
use crate::clock::Style;
use crate::language::say;
use crate::session::fresh;
use crate::ui::{
    Ago, Choice, Confirm, CopyButton, Icon, Modal, ModalHead, Moment, OptionsField, Problem, When, icons,
    use_toasts,
};

/// The tokens of a feed, and the ways to more of them.
#[component]
pub fn Tokens(
    feed: FeedId,
    tokens: Memo<Vec<TokenView>>,
    on_token: Callback<()>,
    on_pair: Callback<()>,
    read: Callback<()>,
) -> impl IntoView {
    let revoking = RwSignal::new(None::<Uuid>);
    let row = move |token: TokenView| view! { <Row token revoking /> };
    view! {
        <section>
            <h3 class="part-title">{say!(devices.tokens)}</h3>
            <p class="note">{say!(devices.tokens_about)}</p>
            <ul class="rows">{move || tokens.get().into_iter().map(row).collect_view()}</ul>
            {move || {
                tokens.with(Vec::is_empty).then(|| view! { <p class="text-soft">{say!(devices.tokens_none)}</p> })
            }}
            <p class="tags">
                <button type="button" class="btn" data-testid="token-new" on:click=move |_| on_token.run(())>
                    <Icon icon=icons::Key />
                    {say!(devices.token_new)}
                </button>
                <button type="button" class="btn" data-testid="kiosk-pair" on:click=move |_| on_pair.run(())>
                    <Icon icon=icons::Kiosk />
                    {say!(devices.pair)}
                </button>
            </p>
        </section>
        <When is=move || revoking.get().is_some()>
            <Revoke feed revoking read />
        </When>
    }
}

#[component]
fn Row(token: TokenView, revoking: RwSignal<Option<Uuid>>) -> impl IntoView {
    let (icon, kind) = match token.kind {
        TokenKind::Device => (icons::Key, say!(devices.token_device)),
        TokenKind::Kiosk => (icons::Kiosk, say!(devices.token_kiosk)),
    };
    let id = token.id;
    let used = match token.last_used_at {
        Some(at) => {
            let from =
                token.last_address.map(|address| view! { {say!(devices.from)} " " <bdi>{address}</bdi> " " });
            view! { {say!(devices.token_used)} " " {from} <Ago at /> }.into_any()
        }
        None => say!(devices.token_unused).into_any(),
    };
    view! {
        <li class="row" data-testid="token-row">
            <span class="row-mark"><Icon icon /></span>
            <div class="min-w-0 flex-1">
                <p class="font-medium">{kind}</p>
                <p class="note">{used}</p>
                <p class="note">{say!(devices.token_made)} " " <Moment at=token.created_at style=Style::Full /></p>
            </div>
            <button
                type="button"
                class="btn btn-small btn-quiet btn-quiet-danger"
                data-testid="token-revoke"
                on:click=move |_| revoking.set(Some(id))
            >
                {say!(devices.revoke)}
            </button>
        </li>
    }
}

#[component]
fn Revoke(feed: FeedId, revoking: RwSignal<Option<Uuid>>, read: Callback<()>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let revoke = Callback::new(move |()| {
        let Some(token) = revoking.get_untracked() else { return };
        busy.set(true);
        spawn_local(async move {
            match fresh(api, move || api.revoke_token(feed, token)).await {
                Ok(()) => {
                    toasts.show(say!(devices.revoked));
                    revoking.try_set(None);
                    read.run(());
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
            title=say!(devices.revoke_title)
            text=say!(devices.revoke_text)
            action=say!(devices.revoke)
            busy
            problem
            on_confirm=revoke
            on_close=Callback::new(move |()| revoking.set(None))
        />
    }
}

/// Asks what becomes of the token before, and makes a new one.
#[component]
pub fn NewToken(
    /// Of which feed.
    feed: FeedView,
    /// Gets the token.
    on_made: Callback<String>,
    /// It was left.
    on_close: Callback<()>,
) -> impl IntoView {
    let api = use_api();
    let choice = RwSignal::new("keep".to_owned());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let id = feed.id;
    let title = say!(settings.token_new_title, name = feed.name);
    let choices = vec![
        Choice {
            key: "keep",
            title: say!(devices.keep_old),
            text: say!(devices.keep_old_text),
            missing: None,
        },
        Choice {
            key: "replace",
            title: say!(devices.replace),
            text: say!(devices.replace_text),
            missing: None,
        },
    ];
    let make = move |_| {
        busy.set(true);
        let keep_old = choice.with_untracked(|choice| choice == "keep");
        spawn_local(async move {
            match fresh(api, move || api.rotate_token(id, keep_old)).await {
                Ok(made) => on_made.run(made.token),
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <Modal label=title.clone() on_close>
            <ModalHead title on_close />
            <div class="dialog-content">
                <OptionsField
                    id="token-old"
                    label=say!(devices.token_before)
                    value=choice
                    choices=Signal::stored(choices)
                    problem=Signal::stored(None::<String>)
                />
                <Problem text=problem />
            </div>
            <footer class="modal-foot">
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.cancel)}</button>
                <button type="button" class="btn btn-primary" data-testid="token-make" disabled=busy on:click=make>
                    {say!(settings.token_new)}
                </button>
            </footer>
        </Modal>
    }
}

/// A token, this once: alone, and as what the agent's file has to hold.
#[component]
pub fn TokenShown(
    /// Of which feed.
    feed: FeedId,
    /// The feed's name.
    name: String,
    /// The token.
    token: String,
    /// It was kept.
    on_close: Callback<()>,
) -> impl IntoView {
    let server = window().location().origin().unwrap_or_default();
    let file = agent_file(&server, feed, &name, &token);
    let title = say!(settings.token_of, name = name);
    view! {
        <Modal label=title.clone() on_close>
            <ModalHead title on_close />
            <div class="dialog-content">
                <p class="text-soft">{say!(settings.token_text)}</p>
                <div class="token">
                    <code dir="ltr" data-testid="feed-token">{token.clone()}</code>
                </div>
                <CopyButton text=token />
                <p class="text-soft">{say!(devices.agent_file)}</p>
                <pre class="snippet" dir="ltr" data-testid="agent-file">{file.clone()}</pre>
                <CopyButton text=file />
                <p class="note">{say!(settings.token_note)}</p>
            </div>
            <footer class="modal-foot">
                <button type="button" class="btn btn-primary" data-testid="secret-done" on:click=move |_| on_close.run(())>
                    {say!(words.done)}
                </button>
            </footer>
        </Modal>
    }
}

/// What the agent's file (TOML) has to hold for this feed.
fn agent_file(server: &str, feed: FeedId, name: &str, token: &str) -> String {
    // A string of JSON is one of TOML too.
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let source = r#"{ kind = "rtsp", url = "rtsp://camera.local/stream" }"#;
    format!(
        "server = {}\n\n[[camera]]\nname = {}\nfeed = \"{feed}\"\ntoken = {}\nsource = {source}\n",
        quoted(server),
        quoted(name),
        quoted(token)
    )
}

#[cfg(test)]
mod tests {
    use super::agent_file;

    #[test]
    fn a_name_cannot_break_out_of_its_line() {
        let feed = "019a0000-0000-7000-8000-000000000001".parse().expect("an id");
        let file = agent_file("https://site", feed, "Door\"\nserver = \"https://evil\"", "secret");
        let lines: Vec<&str> = file.lines().filter(|line| line.starts_with("server")).collect();
        assert_eq!(lines, [r#"server = "https://site""#]);
        assert!(file.contains(r#"token = "secret""#), "{file}");
    }
}
