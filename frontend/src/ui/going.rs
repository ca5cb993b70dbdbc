//! Lists of things that are made, changed and deleted: what such a list shows, and the question before something goes.

use std::future::Future;

use leptos::{prelude::*, task::spawn_local};

use super::{Confirm, Failed, Skeleton, use_toasts};
use crate::api::{Coming, Failure};
use crate::language::say;
use crate::loading::{Load, Loader};

/// A list as it stands: on its way as `rows` grey rows, not to be had, empty, or there.
pub fn listed<T: Clone + Send + Sync + 'static>(
    list: Loader<Vec<T>>,
    retry: Callback<()>,
    rows: usize,
    empty: impl Fn() -> AnyView + Send + 'static,
    show: impl Fn(Vec<T>) -> AnyView + Send + 'static,
) -> AnyView {
    let shown = move || match list.get() {
        Load::Waiting => view! { <Skeleton rows /> }.into_any(),
        Load::Failed(failure) => view! { <Failed failure retry /> }.into_any(),
        Load::Ready(list) if list.is_empty() => empty(),
        Load::Ready(list) => show(list),
    };
    shown.into_any()
}

/// A call that changes something, made when it is wanted.
pub struct Act(Box<dyn Fn() -> Coming<()> + Send + Sync>);

impl Act {
    /// What is called.
    pub fn new<F>(call: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), Failure>> + 'static,
    {
        Self(Box::new(move || Box::pin(call())))
    }
}

/// Asks before something goes, does it, and says so.
#[component]
pub fn Removal(
    /// The question, with the name of what goes.
    #[prop(into)]
    title: String,
    /// What will happen.
    text: &'static str,
    /// The button that does it.
    #[prop(default = say!(words.delete))]
    action: &'static str,
    /// What is said when it is done.
    #[prop(default = say!(words.deleted))]
    told: &'static str,
    /// Does it.
    act: Act,
    /// Told when it is done.
    on_done: Callback<()>,
    /// Leaves it.
    on_close: Callback<()>,
) -> impl IntoView {
    let toasts = use_toasts();
    let (busy, problem) = (RwSignal::new(false), RwSignal::new(None::<String>));
    let on_confirm = Callback::new(move |()| {
        busy.set(true);
        problem.set(None);
        let going = (act.0)();
        spawn_local(async move {
            match going.await {
                Ok(()) => {
                    toasts.show(told);
                    on_done.try_run(());
                }
                Err(failure) => {
                    problem.try_set(Some(failure.message()));
                }
            }
            busy.try_set(false);
        });
    });
    view! { <Confirm title text action busy problem on_confirm on_close /> }
}
