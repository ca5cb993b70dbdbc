//! Site, search, state of the connection, theme, account.

use leptos::prelude::*;

use super::{Signals, account::AccountMenu, rail::badge_text, search::SearchBox, theme::Theme};
use crate::api::use_api;
use crate::language::say;
use crate::review::Waiting;
use crate::router::use_router;
use crate::session::use_desk;
use crate::ui::{Icon, When, icons};
use crate::watch::Link;

#[component]
pub fn TopBar() -> impl IntoView {
    let desk = use_desk();
    let site =
        move || desk.site.with(|site| site.as_ref().map(|site| site.site_name.clone()).unwrap_or_default());
    view! {
        <header class="topbar">
            <p class="topbar-site truncate" title=site>{site}</p>
            <When is=move || !desk.is_member()>
                <SearchBox />
            </When>
            <CameraOn />
            <LinkState />
            <When is=move || desk.is_admin()>
                <ReviewLink />
            </When>
            <ThemeButton />
            <AccountMenu />
        </header>
    }
}

/// The way to the faces that wait for a name, on a phone, whose tabs have no room for it.
#[component]
fn ReviewLink() -> impl IntoView {
    let waiting = expect_context::<Waiting>().count;
    view! {
        <a class="icon-btn topbar-review" href="/review" data-testid="topbar-review">
            <Icon icon=icons::Review />
            <span class="sr-only">{say!(shell.review)}</span>
            <When is=move || { waiting.get() > 0 }>
                <span class="rail-badge tabular">
                    {move || badge_text(waiting.get())}
                    <span class="sr-only">{say!(shell.waiting)}</span>
                </span>
            </When>
        </a>
    }
}

/// On other pages than Live: that this browser's camera sends, the way to it, and the way to stop it.
#[component]
fn CameraOn() -> impl IntoView {
    let stop = expect_context::<Signals>().stop_camera;
    let router = use_router();
    view! {
        <When is=move || stop.with(Option::is_some) && router.path.with(|path| path != "/")>
            <span class="camera-on" data-testid="camera-on">
                <a class="camera-on-link" href="/" title=say!(shell.to_camera)>
                    <Icon icon=icons::Camera />
                    <span class="camera-on-words">{say!(shell.camera_on)}</span>
                </a>
                <button
                    type="button"
                    class="icon-btn"
                    aria-label=say!(live.stop)
                    title=say!(live.stop)
                    on:click=move |_| {
                        if let Some(stop) = stop.get_untracked() {
                            stop.run(());
                        }
                    }
                >
                    <Icon icon=icons::Stop />
                </button>
            </span>
        </When>
    }
}

/// Whether what is on screen is current.
#[component]
fn LinkState() -> impl IntoView {
    let api = use_api();
    let signals = expect_context::<Signals>();
    let state = Memo::new(move |_| {
        let links = [signals.watch.get(), signals.camera.get()];
        if !api.server_up.get() || links.contains(&Link::Down) {
            ("down", say!(shell.reconnecting))
        } else if links.contains(&Link::Opening) {
            ("opening", say!(shell.connecting))
        } else {
            ("up", say!(shell.connected))
        }
    });
    view! {
        <p class="link-state" data-state=move || state.get().0 title=move || state.get().1>
            <span class="link-dot" aria-hidden="true"></span>
            <span class="link-word">{move || state.get().1}</span>
        </p>
    }
}

#[component]
fn ThemeButton() -> impl IntoView {
    let dark = RwSignal::new(Theme::chosen().is_dark());
    let label = move || if dark.get() { say!(shell.light_theme) } else { say!(shell.dark_theme) };
    view! {
        <button
            type="button"
            class="icon-btn topbar-theme"
            aria-label=label
            title=label
            on:click=move |_| {
                let next = if Theme::chosen().is_dark() { Theme::Light } else { Theme::Dark };
                next.choose();
                dark.set(next == Theme::Dark);
            }
        >
            {move || {
                let icon = if dark.get() { icons::Light } else { icons::Dark };
                view! { <Icon icon /> }
            }}
        </button>
    }
}
