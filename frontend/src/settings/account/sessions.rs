//! One's own sessions.

use leptos::{prelude::*, task::spawn_local};
use types::OpenSession;

use super::super::session_rows::SessionRows;
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::ui::{Confirm, Failed, Skeleton, When, use_toasts};

#[component]
pub fn SessionsPart() -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let sessions = Loader::<Vec<OpenSession>>::new();
    let read = Callback::new(move |()| {
        sessions.run(async move { api.own_sessions().await.map(|page| page.items) });
    });
    read.run(());
    let busy = RwSignal::new(false);
    let ending_all = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let on_end = Callback::new(move |id| {
        busy.set(true);
        spawn_local(async move {
            match api.end_own_session(id).await {
                Ok(()) => toasts.show(say!(account.session_ended)),
                Err(failure) => toasts.show(failure.message()),
            }
            busy.try_set(false);
            read.run(());
        });
    });
    let end_all = Callback::new(move |()| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match api.end_other_sessions().await {
                Ok(()) => {
                    toasts.show(say!(account.sessions_ended));
                    ending_all.try_set(false);
                    read.run(());
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                }
            }
            busy.try_set(false);
        });
    });
    let others = move || sessions.value().is_some_and(|all| all.iter().any(|session| !session.current));
    view! {
        <section class="no-print" aria-labelledby="sessions-title">
            <header class="section-head">
                <div>
                    <h3 id="sessions-title" class="label">{say!(account.sessions_title)}</h3>
                    <p class="note measure">{say!(account.sessions_text)}</p>
                </div>
                <When is=others>
                    <button
                        type="button"
                        class="btn"
                        data-testid="sessions-end"
                        on:click=move |_| {
                            problem.set(None);
                            ending_all.set(true);
                        }
                    >
                        {say!(account.sessions_end)}
                    </button>
                </When>
            </header>
            {move || match sessions.get() {
                Load::Waiting => view! { <Skeleton rows=2 /> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
                Load::Ready(sessions) => view! { <SessionRows sessions on_end busy /> }.into_any(),
            }}
            <When is=move || ending_all.get()>
                <Confirm
                    title=say!(account.sessions_end_title)
                    text=say!(account.sessions_end_text)
                    action=say!(account.sessions_end)
                    danger=false
                    busy
                    problem
                    on_confirm=end_all
                    on_close=Callback::new(move |()| ending_all.set(false))
                />
            </When>
        </section>
    }
}
