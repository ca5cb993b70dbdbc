//! Who is signed in, and what the shell knows of the site.

use js_sys::{Function, Promise};
use leptos::prelude::*;
use types::{PersonId, Role, SessionView, Settings, UserId, UserView, codes};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::api::{Api, Failure};
use crate::language::say;

/// Who uses this page.
#[derive(Debug, Clone, PartialEq)]
pub enum Session {
    /// Not known yet.
    Asking,
    /// Nobody; `ended` when there was a session before.
    SignedOut {
        /// Whether a session was lost rather than never there.
        ended: bool,
    },
    /// Somebody.
    SignedIn(UserView),
}

/// The session and the site's settings, one per page.
#[derive(Clone, Copy)]
pub struct Desk {
    /// The session.
    pub session: RwSignal<Session>,
    /// Whether signing in takes a second factor.
    pub second_factor: RwSignal<bool>,
    /// Whether the account has a password here; one without confirms itself at the provider that it signs in by.
    pub password: RwSignal<bool>,
    /// Whether one must be set up before anything else.
    pub must_enrol: RwSignal<bool>,
    /// The person whose record is the user's own.
    pub person: RwSignal<Option<PersonId>>,
    /// Name and zone of the site; `None` until they are read.
    pub site: RwSignal<Option<Settings>>,
    /// The present moment in milliseconds since 1970, moved on every few seconds.
    pub now_ms: RwSignal<f64>,
    /// Whether the wall mode hides the shell.
    pub wall: RwSignal<bool>,
}

impl Desk {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self {
            session: RwSignal::new(Session::Asking),
            second_factor: RwSignal::new(false),
            password: RwSignal::new(true),
            must_enrol: RwSignal::new(false),
            person: RwSignal::new(None),
            site: RwSignal::new(None),
            now_ms: RwSignal::new(js_sys::Date::now()),
            wall: RwSignal::new(false),
        }
    }

    /// Somebody is signed in.
    pub fn enter(&self, view: SessionView) {
        self.second_factor.set(view.second_factor);
        self.password.set(view.password);
        self.must_enrol.set(view.second_factor_required);
        self.person.set(view.person);
        self.session.set(Session::SignedIn(view.user));
    }

    /// Whether the user may change things.
    pub fn is_admin(&self) -> bool {
        self.session.with(|session| matches!(session, Session::SignedIn(UserView { role: Role::Admin, .. })))
    }

    /// Whether the user sees nothing but their own record.
    pub fn is_member(&self) -> bool {
        self.session.with(|session| matches!(session, Session::SignedIn(UserView { role: Role::Member, .. })))
    }

    /// The user's role in words.
    pub fn role_name(&self) -> &'static str {
        self.session.with(|session| match session {
            Session::SignedIn(user) => role_words(user.role, user.owner),
            _ => "",
        })
    }

    /// The user's role; `None` while nobody is signed in.
    pub fn role(&self) -> Option<Role> {
        self.session.with(|session| match session {
            Session::SignedIn(user) => Some(user.role),
            _ => None,
        })
    }

    /// Whether the user is an owner.
    pub fn is_owner(&self) -> bool {
        self.session.with(|session| matches!(session, Session::SignedIn(UserView { owner: true, .. })))
    }

    /// The user's own id.
    pub fn user_id(&self) -> Option<UserId> {
        self.session.with(|session| match session {
            Session::SignedIn(user) => Some(user.id),
            _ => None,
        })
    }

    /// Whether the user may mark attendance.
    pub fn marks(&self) -> bool {
        self.session.with(|session| {
            matches!(session, Session::SignedIn(UserView { role: Role::Admin | Role::Manager, .. }))
        })
    }

    /// The user's e-mail address, or nothing.
    pub fn email(&self) -> String {
        self.session.with(|session| match session {
            Session::SignedIn(user) => user.email.clone(),
            _ => String::new(),
        })
    }

    /// The site's zone; empty while it is not known, which means the browser's own.
    pub fn timezone(&self) -> String {
        self.site.with(|site| site.as_ref().map(|site| site.timezone.clone()).unwrap_or_default())
    }
}

/// A role in words.
pub fn role_words(role: Role, owner: bool) -> &'static str {
    match role {
        _ if owner => say!(users.role_owner),
        Role::Admin => say!(users.role_admin),
        Role::Manager => say!(users.role_manager),
        Role::Guard => say!(users.role_guard),
        Role::Member => say!(users.role_member),
    }
}

/// The desk of this page.
pub fn use_desk() -> Desk {
    expect_context::<Desk>()
}

/// The question for the password, and the calls that wait for it.
#[derive(Clone, Copy)]
pub struct Confirming {
    /// Whether it is on screen.
    pub open: RwSignal<bool>,
    waiting: StoredValue<Vec<Function>, LocalStorage>,
}

impl Confirming {
    /// Nothing waits.
    pub fn new() -> Self {
        Self { open: RwSignal::new(false), waiting: StoredValue::new_local(Vec::new()) }
    }

    /// Asks; true once the password was given. Who asks while the question is on screen waits for the same answer.
    async fn ask(self) -> bool {
        let promise = Promise::new(&mut |resolve, _| {
            self.waiting.update_value(|waiting| waiting.push(resolve));
        });
        self.open.set(true);
        JsFuture::from(promise).await.is_ok_and(|given| given.is_truthy())
    }

    /// The password was given, or the question was left.
    pub fn settle(self, given: bool) {
        self.open.set(false);
        for resolve in self.waiting.try_update_value(std::mem::take).unwrap_or_default() {
            // A promise's own function does not throw.
            let _ = resolve.call1(&JsValue::UNDEFINED, &given.into());
        }
    }
}

/// Carries out a call; where that takes a password given lately, asks for it and carries the call out again. If the
/// question is left without an answer, the refusal stays.
///
/// ```ignore
/// crate::session::fresh(api, move || api.delete_person(id)).await
/// ```
pub async fn fresh<T, F>(api: Api, call: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>>,
{
    match call().await {
        Err(failure) if failure.code() == codes::FRESH_SIGN_IN_REQUIRED => {
            if api.confirming.ask().await {
                call().await
            } else {
                Err(failure)
            }
        }
        outcome => outcome,
    }
}
