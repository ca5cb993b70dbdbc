//! One's own account: password, second step, sessions.

mod factor;
mod password;
mod sessions;

use leptos::prelude::*;

use crate::language::say;
use crate::session::use_desk;

#[component]
pub fn AccountSection() -> impl IntoView {
    let desk = use_desk();
    view! {
        <header class="section-head">
            <div>
                <h2 class="section-title">{say!(settings.account)}</h2>
                <p class="note"><bdi>{move || desk.email()}</bdi></p>
                <p class="note">{move || desk.role_name()}</p>
            </div>
        </header>
        <div class="grid gap-8">
            <password::PasswordPart />
            <factor::FactorPart />
            <sessions::SessionsPart />
        </div>
    }
}
