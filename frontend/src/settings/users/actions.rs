//! What is done with an account besides changing its fields, each asked before.

use std::pin::Pin;

use leptos::{prelude::*, task::spawn_local};
use types::{AccountView, UpdateUser, codes};

use super::Doing;
use crate::api::{Api, Failure, use_api};
use crate::language::say;
use crate::session::fresh;
use crate::ui::{Confirm, Icon, icons, use_toasts};

/// Why something could not be done with an account.
pub fn words(failure: &Failure) -> String {
    match failure.code() {
        codes::LAST_OWNER => say!(users.last_owner).to_owned(),
        codes::FORBIDDEN => say!(users.owners_alone).to_owned(),
        _ => failure.message(),
    }
}

/// The buttons beside the fields.
#[component]
pub fn Actions(user: AccountView, doing: RwSignal<Doing>) -> impl IntoView {
    let button = |words: &'static str, icon, class: &'static str, testid: &'static str, next: Doing| {
        view! {
            <button type="button" class=class data-testid=testid on:click=move |_| doing.set(next.clone())>
                <Icon icon />
                {words}
            </button>
        }
    };
    let reset = (!user.disabled).then(|| {
        let words = if user.invited { say!(users.new_invitation) } else { say!(users.reset) };
        button(words, icons::Link, "btn", "user-reset", Doing::Resetting(user.clone()))
    });
    let factor = user.second_factor.then(|| {
        button(
            say!(users.remove_factor),
            icons::Key,
            "btn",
            "user-remove-factor",
            Doing::RemovingFactor(user.clone()),
        )
    });
    let disabling = if user.disabled {
        button(say!(users.enable), icons::Good, "btn", "user-enable", Doing::Enabling(user.clone()))
    } else {
        button(say!(users.disable), icons::Ban, "btn", "user-disable", Doing::Disabling(user.clone()))
    };
    view! {
        <div class="sheet-column">
            <h3 class="label">{say!(users.access)}</h3>
            <div class="user-actions">
                {button(
                    say!(users.sessions),
                    icons::System,
                    "btn",
                    "user-sessions",
                    Doing::Sessions(user.clone()),
                )}
                {reset} {factor} {disabling}
                {button(
                    say!(users.delete),
                    icons::Delete,
                    "btn btn-quiet btn-quiet-danger",
                    "user-delete",
                    Doing::Deleting(user.clone()),
                )}
            </div>
            <p class="note">{say!(users.unsaved_note)}</p>
        </div>
    }
}

/// What a confirmed question leads to.
type Outcome = Pin<Box<dyn Future<Output = Result<Doing, Failure>>>>;

/// A question about an account.
struct Question {
    title: String,
    text: &'static str,
    action: &'static str,
    danger: bool,
    /// Said when it is done; empty for nothing.
    done_words: &'static str,
}

fn ask(
    question: Question,
    doing: RwSignal<Doing>,
    done: Callback<Doing>,
    act: impl Fn(Api) -> Outcome + Send + Sync + 'static,
) -> AnyView {
    let (api, toasts) = (use_api(), use_toasts());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let Question { title, text, action, danger, done_words } = question;
    let on_confirm = Callback::new(move |()| {
        busy.set(true);
        problem.set(None);
        let outcome = act(api);
        spawn_local(async move {
            match outcome.await {
                Ok(next) => {
                    if !done_words.is_empty() {
                        toasts.show(done_words);
                    }
                    done.run(next);
                }
                Err(failure) => {
                    problem.try_set(Some(words(&failure)));
                    busy.try_set(false);
                }
            }
        });
    });
    let on_close = Callback::new(move |()| doing.set(Doing::Nothing));
    view! { <Confirm title text action danger busy problem on_confirm on_close /> }.into_any()
}

fn set_disabled(api: Api, id: types::UserId, disabled: bool) -> Outcome {
    Box::pin(async move {
        let changes = UpdateUser { disabled: Some(disabled), ..UpdateUser::default() };
        fresh(api, || api.update_user(id, &changes)).await.map(|_| Doing::Nothing)
    })
}

/// Keeps somebody from signing in.
pub fn disable(user: AccountView, doing: RwSignal<Doing>, done: Callback<Doing>) -> AnyView {
    let question = Question {
        title: say!(users.disable_title, email = user.email),
        text: say!(users.disable_text),
        action: say!(users.disable),
        danger: true,
        done_words: say!(users.disabled),
    };
    ask(question, doing, done, move |api| set_disabled(api, user.id, true))
}

/// Lets somebody sign in again.
pub fn enable(user: AccountView, doing: RwSignal<Doing>, done: Callback<Doing>) -> AnyView {
    let question = Question {
        title: say!(users.enable_title, email = user.email),
        text: say!(users.enable_text),
        action: say!(users.enable),
        danger: false,
        done_words: say!(users.enabled),
    };
    ask(question, doing, done, move |api| set_disabled(api, user.id, false))
}

/// Makes a link to set a new password with.
pub fn reset(user: AccountView, doing: RwSignal<Doing>, done: Callback<Doing>) -> AnyView {
    let question = Question {
        title: say!(users.reset_title, email = user.email.clone()),
        text: say!(users.reset_text),
        action: say!(users.make_link),
        danger: false,
        done_words: "",
    };
    ask(question, doing, done, move |api| {
        let (id, email) = (user.id, user.email.clone());
        Box::pin(async move {
            let link = fresh(api, move || api.reset_user(id)).await?.link;
            Ok(Doing::Showing { email, link, reset: true })
        })
    })
}

/// Takes away the second step of somebody who lost their device.
pub fn remove_factor(user: AccountView, doing: RwSignal<Doing>, done: Callback<Doing>) -> AnyView {
    let question = Question {
        title: say!(users.remove_factor_title, email = user.email),
        text: say!(users.remove_factor_text),
        action: say!(users.remove_factor),
        danger: true,
        done_words: say!(users.factor_removed),
    };
    let id = user.id;
    ask(question, doing, done, move |api| {
        Box::pin(async move { fresh(api, move || api.remove_user_totp(id)).await.map(|()| Doing::Nothing) })
    })
}

/// Removes an account for good.
pub fn delete(user: AccountView, doing: RwSignal<Doing>, done: Callback<Doing>) -> AnyView {
    let question = Question {
        title: say!(users.delete_title, email = user.email),
        text: say!(users.delete_text),
        action: say!(users.delete),
        danger: true,
        done_words: say!(users.deleted),
    };
    let id = user.id;
    ask(question, doing, done, move |api| {
        Box::pin(async move { fresh(api, move || api.delete_user(id)).await.map(|()| Doing::Nothing) })
    })
}
