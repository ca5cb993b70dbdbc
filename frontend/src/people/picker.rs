//! Choosing photos: dropped, picked or taken, each with its verdict at once.

use leptos::{ev, html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, FileList, FormData, Url};

use super::webcam::Webcam;
use crate::api::{Api, Failure, use_api};
use crate::draft::{MOST_PHOTOS, photo_problem};
use crate::language::say;
use crate::ui::{Entry, Icon, List, When, icons};

/// What is known of a photo.
#[derive(Debug, Clone, PartialEq)]
enum Verdict {
    Checking,
    Good,
    Refused(String),
    /// The check could not be had; saving will tell.
    Unchecked,
}

#[derive(Clone)]
struct Picked {
    id: u32,
    name: String,
    /// Address of the picture in this page.
    address: String,
    verdict: RwSignal<Verdict>,
}

/// The photos chosen so far.
#[derive(Clone, Copy)]
pub struct Picker {
    photos: RwSignal<Vec<Picked>>,
    files: StoredValue<Vec<(u32, Blob)>, LocalStorage>,
    last: StoredValue<u32>,
    note: RwSignal<Option<String>>,
    most: usize,
    api: Api,
}

impl Picker {
    /// None yet; `most` photos fit.
    pub fn new(most: usize) -> Self {
        let picker = Self {
            photos: RwSignal::new(Vec::new()),
            files: StoredValue::new_local(Vec::new()),
            last: StoredValue::new(0),
            note: RwSignal::new(None),
            most,
            api: use_api(),
        };
        on_cleanup(move || {
            for photo in picker.photos.try_get_untracked().unwrap_or_default() {
                let _ = Url::revoke_object_url(&photo.address);
            }
        });
        picker
    }

    /// Whether nothing is chosen.
    pub fn is_empty(self) -> bool {
        self.photos.with(Vec::is_empty)
    }

    /// Whether a photo is known not to do.
    pub fn has_refused(self) -> bool {
        self.photos.with(|photos| {
            photos.iter().any(|photo| photo.verdict.with(|verdict| matches!(verdict, Verdict::Refused(_))))
        })
    }

    /// Adds every photo to a request.
    pub fn append_to(self, form: &FormData) {
        self.files.with_value(|files| {
            for (id, blob) in files {
                // Appending a blob to a form does not fail.
                let _ = form.append_with_blob_and_filename("photo", blob, &format!("photo-{id}"));
            }
        });
    }

    /// Shows the server's verdicts (`photo[0]` and so on, in the order sent); true if there was one.
    pub fn take(self, failure: &Failure) -> bool {
        let mut named = false;
        for (index, photo) in self.photos.get_untracked().iter().enumerate() {
            if let Some(text) = failure.field(&format!("photo[{index}]")) {
                photo.verdict.try_set(Verdict::Refused(text));
                named = true;
            }
        }
        named
    }

    /// How many more fit.
    fn room(self) -> usize {
        self.most.saturating_sub(self.photos.with(Vec::len))
    }

    /// Takes photos that the webcam made and the server has judged already.
    fn add_taken(self, photos: Vec<Blob>) {
        for photo in photos {
            self.add(photo, say!(people.taken_now).to_owned(), true);
        }
    }

    fn add_files(self, files: Option<FileList>) {
        let files =
            files.into_iter().flat_map(|files| (0..files.length()).filter_map(move |at| files.get(at)));
        for file in files {
            let name = File::name(&file);
            self.add(file.into(), name, false);
        }
    }

    fn add(self, blob: Blob, name: String, judged: bool) {
        if untrack(|| self.room()) == 0 {
            return self.note.set(Some(say!(people.photos_most, most = MOST_PHOTOS)));
        }
        self.note.set(None);
        let id = self.last.try_update_value(|last| {
            *last += 1;
            *last
        });
        let (Some(id), Ok(address)) = (id, Url::create_object_url_with_blob(&blob)) else { return };
        let verdict = RwSignal::new(Verdict::Checking);
        self.files.update_value(|files| files.push((id, blob.clone())));
        self.photos.update(|photos| photos.push(Picked { id, name, address, verdict }));
        match photo_problem(&blob.type_(), blob.size()) {
            None if judged => verdict.set(Verdict::Good),
            Some(problem) => verdict.set(Verdict::Refused(problem)),
            None => check(self.api, blob, verdict),
        }
    }

    fn remove(self, id: u32) {
        self.files.update_value(|files| files.retain(|(other, _)| *other != id));
        self.photos.update(|photos| {
            photos.retain(|photo| {
                if photo.id == id {
                    let _ = Url::revoke_object_url(&photo.address);
                }
                photo.id != id
            });
        });
        self.note.set(None);
    }
}

/// Does the browser decode it? Then the server judges the face in it, storing nothing.
fn check(api: Api, blob: Blob, verdict: RwSignal<Verdict>) {
    spawn_local(async move {
        let decoded = match window().create_image_bitmap_with_blob(&blob) {
            Ok(promise) => JsFuture::from(promise).await.is_ok(),
            Err(_) => false,
        };
        if !decoded {
            verdict.try_set(Verdict::Refused(say!(people.not_opened).to_owned()));
            return;
        }
        let Ok(form) = FormData::new() else { return };
        // Appending a blob to a form does not fail.
        let _ = form.append_with_blob_and_filename("photo", &blob, "photo");
        let outcome = match api.check_photos(&form).await {
            Ok(answer) => match answer.items.into_iter().next() {
                Some(item) if item.ok => Verdict::Good,
                Some(item) => {
                    Verdict::Refused(item.message.unwrap_or_else(|| say!(people.unusable).to_owned()))
                }
                None => Verdict::Unchecked,
            },
            Err(failure) if failure.is_passing() => Verdict::Unchecked,
            Err(failure) => Verdict::Refused(failure.field("photo[0]").unwrap_or_else(|| failure.message())),
        };
        verdict.try_set(outcome);
    });
}

/// Where photos are dropped, picked or taken.
#[component]
pub fn PhotoPicker(picker: Picker) -> impl IntoView {
    let row = move |photo: Picked| {
        Entry::new(photo.id, move || view! { <PickedRow photo=photo.clone() picker /> }.into_any())
    };
    let rows = Signal::derive(move || picker.photos.get().into_iter().map(row).collect());
    let over = RwSignal::new(false);
    let camera = RwSignal::new(false);
    let input = NodeRef::<html::Input>::new();
    let dropped = move |event: ev::DragEvent| {
        event.prevent_default();
        over.set(false);
        picker.add_files(event.data_transfer().and_then(|data| data.files()));
    };
    let chosen = move |event: ev::Event| {
        if let Some(input) = event.target().and_then(|t| t.dyn_into::<web_sys::HtmlInputElement>().ok()) {
            picker.add_files(input.files());
            // The same file can be chosen again after it was taken off.
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
            <When
                is=move || camera.get()
                otherwise=move || {
                    view! {
                        <Icon icon=icons::AddPicture class="icon-lg" />
                        <p class="font-medium">{say!(people.drop_photos)}</p>
                        <p class="note">{say!(people.drop_photos_hint, most = picker.most)}</p>
                        <div class="drop-buttons">
                            <button type="button" class="btn" on:click=browse>{say!(people.choose_files)}</button>
                            <button type="button" class="btn" data-testid="webcam-open" on:click=move |_| camera.set(true)>
                                <Icon icon=icons::Camera />
                                {say!(people.take_photos)}
                            </button>
                        </div>
                    }
                }
            >
                <Webcam
                    room=Signal::derive(move || picker.room())
                    on_photos=Callback::new(move |photos| picker.add_taken(photos))
                    on_close=Callback::new(move |()| camera.set(false))
                />
            </When>
            <input
                node_ref=input
                class="sr-only"
                type="file"
                tabindex="-1"
                aria-label=say!(people.photos)
                accept="image/jpeg,image/png,image/webp"
                multiple
                data-testid="person-photo-input"
                on:change=chosen
            />
        </div>
        <When is=move || picker.note.with(Option::is_some)>
            <p class="note problem" role="alert">{move || picker.note.get()}</p>
        </When>
        <ul class="picked" aria-live="polite">
            <List entries=rows />
        </ul>
    }
}

#[component]
fn PickedRow(photo: Picked, picker: Picker) -> impl IntoView {
    let Picked { id, name, address, verdict } = photo;
    let label = say!(people.remove_photo, name = name.clone());
    let broken = RwSignal::new(false);
    view! {
        <li class="picked-row">
            <span class="picked-photo">
                <Icon icon=icons::NoPicture />
                <img src=address alt="" class:hidden=broken on:error=move |_| broken.set(true) />
            </span>
            <span class="min-w-0 flex-1">
                <span class="block truncate font-medium">{name}</span>
                {move || {
                    let (class, icon, words) = match verdict.get() {
                        Verdict::Checking => ("verdict", icons::Pending, say!(people.checking).to_owned()),
                        Verdict::Good => ("verdict verdict-good", icons::Good, say!(people.usable).to_owned()),
                        Verdict::Refused(text) => ("verdict verdict-bad", icons::Alert, text),
                        Verdict::Unchecked => ("verdict", icons::Pending, say!(people.checked_later).to_owned()),
                    };
                    view! {
                        <span class=class>
                            <Icon icon />
                            <span>{words}</span>
                        </span>
                    }
                }}
            </span>
            <button type="button" class="icon-btn" aria-label=label on:click=move |_| picker.remove(id)>
                <Icon icon=icons::Close />
            </button>
        </li>
    }
}
