//! The sessions of an account, for admins.

use leptos::{prelude::*, task::spawn_local};
use types::{AccountView, OpenSession};

use super::super::session_rows::SessionRows;
use super::actions::words;
use crate::api::use_api;
use crate::language::say;
use crate::loading::{Load, Loader};
use crate::session::fresh;
use crate::ui::{Failed, Modal, ModalHead, Problem, Skeleton, When, use_toasts};

#[component]
pub fn SessionsDialog(user: AccountView, on_close: Callback<()>) -> impl IntoView {
    let (api, toasts) = (use_api(), use_toasts());
    let id = user.id;
    let sessions = Loader::<Vec<OpenSession>>::new();
    let read = Callback::new(move |()| {
        sessions.run(async move { fresh(api, move || api.user_sessions(id)).await.map(|page| page.items) });
    });
    read.run(());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    // One of them, or all.
    let end = Callback::new(move |session: Option<uuid::Uuid>| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let call = move || match session {
                Some(session) => api.end_user_session(id, session),
                None => api.end_user_sessions(id),
            };
            match fresh(api, call).await {
                Ok(()) if session.is_some() => toasts.show(say!(account.session_ended)),
                Ok(()) => toasts.show(say!(users.sessions_ended)),
                Err(failure) => {
                    problem.try_set(Some(words(&failure)));
                }
            }
            busy.try_set(false);
            read.run(());
        });
    });
    let title = say!(users.sessions_of, email = user.email);
    let any = move || sessions.value().is_some_and(|all| !all.is_empty());
    view! {
        <Modal label=title.clone() on_close>
            <ModalHead title on_close />
            <div class="dialog-content overflow-y-auto">
                {move || match sessions.get() {
                    Load::Waiting => view! { <Skeleton rows=2 /> }.into_any(),
                    Load::Failed(failure) => view! { <Failed failure retry=read /> }.into_any(),
                    Load::Ready(sessions) if sessions.is_empty() => {
                        view! { <p class="text-soft">{say!(users.no_sessions)}</p> }.into_any()
                    }
                    Load::Ready(sessions) => {
                        let on_end = Callback::new(move |session| end.run(Some(session)));
                        view! { <SessionRows sessions on_end busy /> }.into_any()
                    }
                }}
                <Problem text=problem />
            </div>
            <footer class="modal-foot">
                <When is=any>
                    <button
                        type="button"
                        class="btn btn-quiet btn-quiet-danger me-auto"
                        disabled=busy
                        on:click=move |_| end.run(None)
                    >
                        {say!(users.end_sessions)}
                    </button>
                </When>
                <button type="button" class="btn" on:click=move |_| on_close.run(())>{say!(words.close)}</button>
            </footer>
        </Modal>
    }
}
