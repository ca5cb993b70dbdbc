//! A person's face, or their initials where there is no photo.

use leptos::prelude::*;
use types::{PersonId, PhotoId};

use crate::draft::initials;

/// A round picture. The initials lie beneath it and show where it is missing or cannot be read.
#[component]
pub fn Avatar(
    /// Whose.
    person: PersonId,
    /// Their name, for the initials.
    #[prop(into)]
    name: String,
    /// Their first photo.
    photo: Option<PhotoId>,
    /// One of the size classes `avatar-sm`, `avatar-md`, `avatar-lg`.
    #[prop(default = "avatar-md")]
    size: &'static str,
) -> impl IntoView {
    let broken = RwSignal::new(false);
    let source = photo.map(|photo| format!("/api/v1/people/{person}/photos/{photo}"));
    view! {
        <span class=format!("avatar {size}") aria-hidden="true">
            <span>{initials(&name)}</span>
            {source
                .map(|source| {
                    view! {
                        <img
                            src=source
                            alt=""
                            loading="lazy"
                            decoding="async"
                            class:hidden=move || broken.get()
                            on:error=move |_| broken.set(true)
                        />
                    }
                })}
        </span>
    }
}
