//! Where one file is dropped or chosen, and how the import that it becomes is followed.

use std::future::Future;

use gloo_timers::future::TimeoutFuture;
use leptos::{ev, html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{File, FileList, FormData};

use crate::api::{Coming, Failure};
use crate::language::say;
use crate::loading::Loader;
use crate::router::use_router;
use crate::ui::{Icon, Problem, icons};

/// How often a running import is asked after, in milliseconds.
const POLL_MS: u32 = 1000;

/// Sends a file and comes back with the address of the import that it became.
pub type Upload = Box<dyn Fn(FormData) -> Coming<String> + Send + Sync>;

/// A place for one file that becomes an import: it is sent, and the page of the import opens.
#[component]
pub fn FileUpload(
    /// What to drop.
    title: &'static str,
    /// What it may be.
    hint: &'static str,
    /// The kinds that the browser offers.
    accept: &'static str,
    /// Most bytes.
    most: f64,
    /// Sends it.
    upload: Upload,
) -> impl IntoView {
    let router = use_router();
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let on_file = Callback::new(move |form: FormData| {
        busy.set(true);
        let sent = upload(form);
        spawn_local(async move {
            match sent.await {
                Ok(address) => router.go(&address),
                Err(failure) => {
                    problem.try_set(Some(failure.field("file").unwrap_or_else(|| failure.message())));
                }
            }
            busy.try_set(false);
        });
    });
    view! { <FileDrop title hint accept most busy problem on_file /> }
}

/// Asks after an import for as long as it is running, until the page is left.
pub fn follow<T, F>(import: Loader<T>, ask: impl Fn() -> F + 'static, is_running: fn(&T) -> bool)
where
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, Failure>> + 'static,
{
    // Goes with the page.
    let alive = StoredValue::new(());
    spawn_local(async move {
        loop {
            TimeoutFuture::new(POLL_MS).await;
            if alive.try_get_value().is_none() {
                break;
            }
            match ask().await {
                Ok(now) => {
                    let running = is_running(&now);
                    import.set(now);
                    if !running {
                        break;
                    }
                }
                Err(failure) if failure.is_passing() => {}
                Err(_) => break,
            }
        }
    });
}

/// A place for one file.
#[component]
fn FileDrop(
    /// What to drop.
    title: &'static str,
    /// What it may be.
    hint: &'static str,
    /// The kinds that the browser offers.
    accept: &'static str,
    /// Most bytes.
    most: f64,
    /// While it is being sent.
    busy: RwSignal<bool>,
    /// What is wrong with it.
    problem: RwSignal<Option<String>>,
    /// Gets the file, as the part `file` of a form.
    on_file: Callback<FormData>,
) -> impl IntoView {
    let over = RwSignal::new(false);
    let name = RwSignal::new(String::new());
    let input = NodeRef::<html::Input>::new();
    let take = move |files: Option<FileList>| {
        let Some(file) = files.and_then(|files| files.get(0)).filter(|_| !busy.get_untracked()) else {
            return;
        };
        name.set(File::name(&file));
        if file.size() > most {
            return problem.set(Some(say!(imports.too_large, most = (most / 1e6) as u32)));
        }
        problem.set(None);
        let Ok(form) = FormData::new() else { return };
        // Appending a file to a form does not fail.
        let _ = form.append_with_blob_and_filename("file", &file, &File::name(&file));
        on_file.run(form);
    };
    let dropped = move |event: ev::DragEvent| {
        event.prevent_default();
        over.set(false);
        take(event.data_transfer().and_then(|data| data.files()));
    };
    let chosen = move |event: ev::Event| {
        if let Some(input) = event.target().and_then(|t| t.dyn_into::<web_sys::HtmlInputElement>().ok()) {
            take(input.files());
            // The same file can be chosen again after it was mended.
            input.set_value("");
        }
    };
    let browse = move |_| {
        if let Some(input) = input.get_untracked() {
            input.click();
        }
    };
    view! {
        <div
            class="drop"
            class:drop-over=over
            on:dragover=move |event: ev::DragEvent| {
                event.prevent_default();
                over.set(true);
            }
            on:dragleave=move |_| over.set(false)
            on:drop=dropped
        >
            <Icon icon=icons::Note class="icon-lg" />
            <p class="font-medium">{title}</p>
            <p class="note">{hint}</p>
            <button type="button" class="btn" disabled=busy on:click=browse>{say!(imports.choose_file)}</button>
            <input
                node_ref=input
                class="sr-only"
                type="file"
                tabindex="-1"
                aria-label=title
                accept=accept
                data-testid="import-file"
                on:change=chosen
            />
            <div role="status">
                {move || {
                    busy.get()
                        .then(|| {
                            view! {
                                <p class="note">{say!(imports.sending, name = name.get_untracked())}</p>
                                <progress class="progress" aria-label=say!(imports.sending_label)></progress>
                            }
                        })
                }}
            </div>
        </div>
        <Problem text=problem boxed=true />
    }
}
