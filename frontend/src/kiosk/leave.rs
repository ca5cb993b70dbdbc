//! For whoever looks after the tablet: its camera, and how it stops being a kiosk. Behind a corner that is held for
//! five seconds.

use std::rc::Rc;
use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;

use super::keeper::Keeper;
use super::replay::is_revoked;
use super::state::{Kiosk, Panel};
use super::{browser, memory};
use crate::api::kiosk as server;
use crate::camera;
use crate::language::say;
use crate::ui::{Icon, When, icons};

/// How long the corner is held.
const HELD: Duration = Duration::from_secs(5);

/// A corner that is held for five seconds.
#[component]
pub fn Corner(kiosk: Kiosk) -> impl IntoView {
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let release = move || {
        if let Some(Some(timer)) = timer.try_update_value(Option::take) {
            timer.clear();
        }
    };
    let hold = move || {
        release();
        let held = move || {
            kiosk.panel.try_set(Panel::Leave);
        };
        timer.set_value(set_timeout_with_handle(held, HELD).ok());
    };
    on_cleanup(release);
    let key_down = move |event: leptos::ev::KeyboardEvent| {
        // A key that is held is told again and again.
        let holding = timer.try_with_value(Option::is_some) == Some(true);
        if !holding && matches!(event.key().as_str(), "Enter" | " ") {
            hold();
        }
    };
    view! {
        <button
            type="button"
            class="kiosk-corner"
            data-testid="kiosk-corner"
            aria-label=say!(kiosk.hold_corner)
            on:pointerdown=move |_| hold()
            on:pointerup=move |_| release()
            on:pointerleave=move |_| release()
            on:pointercancel=move |_| release()
            on:keydown=key_down
            on:keyup=move |_| release()
            on:blur=move |_| release()
        ></button>
    }
}

/// Which camera, and the way out.
#[component]
pub fn LeavePanel(
    kiosk: Kiosk,
    keeper: StoredValue<Rc<Keeper>, LocalStorage>,
    /// Another camera was chosen.
    on_camera: Callback<String>,
    /// This tablet is no kiosk any more.
    on_left: Callback<()>,
) -> impl IntoView {
    let name = kiosk.view.with_untracked(|view| view.name.clone());
    let wanted = name.clone();
    let typed = RwSignal::new(String::new());
    let may_leave = Memo::new(move |_| typed.with(|typed| typed.trim() == wanted.trim()));
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<&'static str>);
    let unpair = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || !may_leave.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let answer = server::unpair_kiosk().await;
            busy.try_set(false);
            if answer.as_ref().is_err_and(|failure| !is_revoked(failure)) {
                problem.try_set(Some(say!(kiosk.leave_failed)));
                return;
            }
            if let Some(keeper) = keeper.try_get_value() {
                keeper.stop();
                keeper.forget().await;
            }
            memory::set_view(None);
            on_left.run(());
        });
    };
    let close = move |_| kiosk.panel.set(Panel::Nothing);
    view! {
        <section class="kiosk-panel" role="dialog" aria-label=say!(kiosk.leave_title) data-testid="kiosk-leave">
            <header class="kiosk-panel-head">
                <h2 class="kiosk-title">{say!(kiosk.leave_title)}</h2>
                <button type="button" class="kiosk-round" data-testid="kiosk-close" aria-label=say!(words.cancel) on:click=close>
                    <Icon icon=icons::Close />
                </button>
            </header>
            <Cameras on_camera />
            <Install />
            <p class="kiosk-text">{say!(kiosk.leave_text, name = name)}</p>
            <When is=move || kiosk.kept.get() != 0>
                <p class="kiosk-text">{move || say!(kiosk.leave_kept, count = kiosk.kept.get())}</p>
            </When>
            <When is=move || kiosk.warning.with(Option::is_some)>
                <p class="kiosk-text">{move || kiosk.warning.get()}</p>
            </When>
            <form class="kiosk-form" on:submit=unpair>
                <input
                    class="kiosk-input"
                    data-testid="kiosk-leave-name"
                    aria-label=say!(kiosk.camera_name)
                    autocomplete="off"
                    prop:value=typed
                    on:input=move |event| typed.set(event_target_value(&event))
                />
                <button type="submit" class="kiosk-go kiosk-go-danger" data-testid="kiosk-unpair" disabled=move || !may_leave.get() || busy.get()>
                    {say!(kiosk.unpair)}
                </button>
            </form>
            <p class="kiosk-problem" role="alert">{move || problem.get()}</p>
        </section>
    }
}

/// The browser's offer to install the page, taken when it comes, which is before anything is paired.
#[derive(Clone, Copy)]
pub struct InstallOffer(RwSignal<Option<JsValue>, LocalStorage>);

impl InstallOffer {
    /// Listens for it as long as the page is there.
    pub fn listen() -> Self {
        let offer = RwSignal::new_local(None);
        let offered = window_event_listener_untyped("beforeinstallprompt", move |event| {
            event.prevent_default();
            offer.try_set(Some(event.into()));
        });
        on_cleanup(move || offered.remove());
        Self(offer)
    }
}

/// Installs the page, where the browser would.
#[component]
fn Install() -> impl IntoView {
    let offer = expect_context::<InstallOffer>().0;
    let install = move |_| {
        if let Some(event) = offer.try_update(Option::take).flatten() {
            spawn_local(async move {
                browser::call(&event, "prompt", &js_sys::Array::new()).await;
            });
        }
    };
    view! {
        <When is=move || offer.with(Option::is_some)>
            <button type="button" class="kiosk-go" data-testid="kiosk-install" on:click=install>
                {say!(kiosk.install)}
            </button>
        </When>
    }
}

/// The cameras of this tablet, where there is a choice.
#[component]
fn Cameras(on_camera: Callback<String>) -> impl IntoView {
    let cameras = RwSignal::new(Vec::<camera::Choice>::new());
    spawn_local(async move {
        cameras.try_set(camera::choices().await);
    });
    let chosen = memory::camera();
    let options = move || {
        let is_chosen = |id: &str| chosen.as_deref() == Some(id);
        cameras
            .get()
            .into_iter()
            .map(|camera::Choice { id, label }| {
                let selected = is_chosen(&id);
                view! { <option value=id selected=selected>{label}</option> }
            })
            .collect_view()
    };
    view! {
        <label class="kiosk-field" class:hidden=move || cameras.with(|cameras| cameras.len() < 2)>
            <span>{say!(kiosk.camera)}</span>
            <select class="kiosk-input" data-testid="kiosk-camera" on:change=move |event| on_camera.run(event_target_value(&event))>
                {options}
            </select>
        </label>
    }
}
