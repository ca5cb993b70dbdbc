//! Where one file is dropped or chosen.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{File, FileList, FormData};

use crate::language::say;
use crate::ui::{Icon, Problem, icons};

/// A place for one file.
#[component]
pub fn FileDrop(
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
