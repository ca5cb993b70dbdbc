//! The newest unknown faces beside the cameras: the queue without its page.

use std::time::Duration;

use leptos::prelude::*;
use types::FeedId;

use super::page::{Dialogs, Items, Queue};
use crate::language::say;
use crate::loading::Load;
use crate::ui::{Empty, Failed, Skeleton, icons};

/// How often new faces are looked for: somebody stands before the camera.
const EVERY: Duration = Duration::from_secs(4);

/// What waits, of one feed or of all; the same can be done with it as on the page.
#[component]
pub fn UnknownFaces(
    /// Those that one feed saw alone.
    feed: Option<FeedId>,
) -> impl IntoView {
    let queue = Queue::new(feed);
    queue.refresh();
    if let Ok(timer) = set_interval_with_handle(move || queue.look(), EVERY) {
        on_cleanup(move || timer.clear());
    }
    let retry = Callback::new(move |()| queue.refresh());
    view! {
        <div class="unknown-body">
            {move || match queue.settings() {
                Load::Waiting => view! { <Skeleton rows=3 /> }.into_any(),
                Load::Failed(failure) => view! { <Failed failure retry /> }.into_any(),
                Load::Ready(settings) if settings.enabled => view! { <Items queue /> }.into_any(),
                Load::Ready(_) => {
                    view! {
                        <Empty icon=icons::Review title=say!(review.off_title) text=say!(review.off_text)>
                            <a class="btn" href="/review">{say!(review.title)}</a>
                        </Empty>
                    }
                        .into_any()
                }
            }}
        </div>
        <Dialogs queue />
    }
}
