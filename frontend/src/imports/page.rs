//! The frame of both imports; the address names the one under way, so that it is there again after a reload.

use leptos::prelude::*;
use types::ImportId;

use super::photos::PhotoImport;
use super::table::TableImport;
use crate::language::say;
use crate::people::PeopleNav;
use crate::router::use_router;

/// The address of the import of people.
pub const TABLE: &str = "/people/import";
/// The address of the import of photos.
pub const PHOTOS: &str = "/people/import?photos";

/// Which import an address names: of photos or people, begun or not.
fn named(query: &str) -> (bool, Option<ImportId>) {
    let (kind, id) =
        query.trim_start_matches('?').split_once('=').unwrap_or((query.trim_start_matches('?'), ""));
    (kind == "photos", id.parse().ok())
}

/// People from a table, or photos from an archive.
#[component]
pub fn ImportPage() -> impl IntoView {
    let router = use_router();
    let which = Memo::new(move |_| router.query.with(|query| named(query)));
    let link = move |href: &'static str, photos: bool, label: &'static str| {
        view! {
            <a class="segment" href=href aria-current=move || (which.get().0 == photos).then_some("page")>
                {label}
            </a>
        }
    };
    view! {
        <div class="content">
            <PeopleNav here=TABLE />
            <header class="page-head">
                <h1 class="page-title">{say!(imports.title)}</h1>
                <nav class="segments" aria-label=say!(imports.parts)>
                    {link(TABLE, false, say!(imports.of_people))} {link(PHOTOS, true, say!(imports.of_photos))}
                </nav>
            </header>
            {move || match which.get() {
                (false, id) => view! { <TableImport id /> }.into_any(),
                (true, id) => view! { <PhotoImport id /> }.into_any(),
            }}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_names_the_import() {
        let id: ImportId = "6f1cd2f0-4c6f-4f0e-8a52-111111111111".parse().expect("an id");
        for (query, expected) in [
            ("".to_owned(), (false, None)),
            ("?photos".to_owned(), (true, None)),
            (format!("?people={id}"), (false, Some(id))),
            (format!("?photos={id}"), (true, Some(id))),
            ("?photos=nothing".to_owned(), (true, None)),
        ] {
            assert_eq!(named(&query), expected, "{query}");
        }
    }
}
