//! The recovery codes of a second step, shown this once: to copy, to print or to keep as a file.

use leptos::prelude::*;

use crate::language::say;
use crate::session::use_desk;
use crate::ui::{CopyButton, Icon, icons};

/// The codes, and the way on once they are kept.
#[component]
pub fn RecoveryCodes(codes: Vec<String>, on_done: Callback<()>) -> impl IntoView {
    let kept = RwSignal::new(false);
    let head = say!(account.codes_head, email = use_desk().email());
    let text = format!("{head}\n\n{}\n", codes.join("\n"));
    let file = format!("data:text/plain;charset=utf-8,{}", String::from(js_sys::encode_uri_component(&text)));
    let print = move |_| {
        // Fails only where the browser cannot print.
        let _ = window().print();
    };
    view! {
        <section class="codes-sheet" aria-labelledby="codes-title" data-testid="recovery-codes">
            <h3 id="codes-title" class="label">{say!(account.codes_title)}</h3>
            <p class="measure">{say!(account.codes_text)}</p>
            <p class="codes-head">{head}</p>
            <ol class="codes">
                {codes.into_iter().map(|code| view! { <li><code>{code}</code></li> }).collect_view()}
            </ol>
            <div class="codes-actions no-print">
                <CopyButton text />
                <button type="button" class="btn" on:click=print>
                    <Icon icon=icons::Print />
                    {say!(words.print)}
                </button>
                <a class="btn" href=file download=say!(account.codes_file)>
                    <Icon icon=icons::Download />
                    {say!(words.download)}
                </a>
            </div>
            <label class="check no-print">
                <input
                    type="checkbox"
                    data-testid="codes-kept"
                    prop:checked=kept
                    on:change:target=move |event| kept.set(event.target().checked())
                />
                <span>{say!(account.codes_kept)}</span>
            </label>
            <button
                type="button"
                class="btn btn-primary w-fit no-print"
                data-testid="codes-done"
                disabled=move || !kept.get()
                on:click=move |_| on_done.run(())
            >
                {say!(words.done)}
            </button>
        </section>
    }
}
