//! Who is signed in, and what the shell knows of the site.

use leptos::prelude::*;
use types::{Role, Settings, UserView};

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
            site: RwSignal::new(None),
            now_ms: RwSignal::new(js_sys::Date::now()),
            wall: RwSignal::new(false),
        }
    }

    /// Whether the user may change things.
    pub fn is_admin(&self) -> bool {
        self.session.with(|session| matches!(session, Session::SignedIn(UserView { role: Role::Admin, .. })))
    }

    /// The user's role in words.
    pub fn role_name(&self) -> &'static str {
        self.session.with(|session| match session {
            Session::SignedIn(UserView { owner: true, .. }) => "Owner",
            Session::SignedIn(UserView { role, .. }) => match role {
                Role::Admin => "Administrator",
                Role::Manager => "Manager",
                Role::Guard => "Guard",
                Role::Member => "Member",
            },
            _ => "",
        })
    }

    /// Whether the user may mark attendance.
    pub fn marks(&self) -> bool {
        self.session.with(|session| {
            matches!(session, Session::SignedIn(UserView { role: Role::Admin | Role::Manager, .. }))
        })
    }

    /// Whether the user looks at other people than themselves.
    pub fn sees_others(&self) -> bool {
        self.session
            .with(|session| matches!(session, Session::SignedIn(user) if !matches!(user.role, Role::Member)))
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

/// The desk of this page.
pub fn use_desk() -> Desk {
    expect_context::<Desk>()
}
