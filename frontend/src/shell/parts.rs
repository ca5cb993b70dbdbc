//! The parts of the program that are fetched apart, each with the pages in it. Live is not one of them: it is what most
//! visits begin and end with.

use leptos::prelude::*;
use leptos::wasm_split::wasm_split;
use types::{FeedId, GroupId, PersonId, ScheduleId};

use crate::account::{EnrolmentPage, InvitationPage};
use crate::api::LiveFeed;
use crate::attendance::AttendancePage;
use crate::groups::{GroupPage, GroupsPage};
use crate::imports::ImportPage;
use crate::kiosk::KioskPage;
use crate::live::{OwnTile, Search, SearchBar};
use crate::me::MePage;
use crate::people::{PeoplePage, PersonPage};
use crate::reports::ReportsPage;
use crate::review::{ReviewPage, ToCheck, UnknownFaces};
use crate::schedules::{HolidaysPage, SchedulePage, SchedulesPage};
use crate::settings::SettingsPage;
use crate::ui::{Build, NotFetched};

use super::confirmation::Question;
use super::hits::HitList;
use super::oidc::ProviderSecondFactor;
use super::search;

#[wasm_split(account, wasm_split_path = leptos::wasm_split, fallible)]
pub fn enrolment() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <EnrolmentPage /> }.into_any()))
}

/// This browser's camera, which most visitors never switch on.
#[wasm_split(camera, wasm_split_path = leptos::wasm_split, fallible)]
pub fn own_camera(
    feeds: Signal<Vec<LiveFeed>>,
    on_feed: Callback<LiveFeed>,
    sending: RwSignal<Option<FeedId>>,
) -> Result<Build, NotFetched> {
    Ok(Box::new(move || view! { <OwnTile feeds on_feed sending /> }.into_any()))
}

#[wasm_split(search, wasm_split_path = leptos::wasm_split, fallible)]
pub fn feed_search(search: Search, feeds: Signal<Vec<LiveFeed>>) -> Result<Build, NotFetched> {
    Ok(Box::new(move || view! { <SearchBar search feeds /> }.into_any()))
}

/// What the search of the top bar finds.
#[wasm_split(hits, wasm_split_path = leptos::wasm_split, fallible)]
pub fn hits(search: search::Search) -> Result<Build, NotFetched> {
    Ok(Box::new(move || view! { <HitList search /> }.into_any()))
}

#[wasm_split(account, wasm_split_path = leptos::wasm_split, fallible)]
pub fn invitation() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <InvitationPage /> }.into_any()))
}

#[wasm_split(attendance, wasm_split_path = leptos::wasm_split, fallible)]
pub fn attendance(section: String) -> Result<Build, NotFetched> {
    Ok(Box::new(move || view! { <AttendancePage section /> }.into_any()))
}

#[wasm_split(me, wasm_split_path = leptos::wasm_split, fallible)]
pub fn me() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <MePage /> }.into_any()))
}

#[wasm_split(people, wasm_split_path = leptos::wasm_split, fallible)]
pub fn people() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <PeoplePage /> }.into_any()))
}

#[wasm_split(people, wasm_split_path = leptos::wasm_split, fallible)]
pub fn person(id: PersonId) -> Result<Build, NotFetched> {
    Ok(Box::new(move || view! { <PersonPage id /> }.into_any()))
}

#[wasm_split(imports, wasm_split_path = leptos::wasm_split, fallible)]
pub fn import() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <ImportPage /> }.into_any()))
}

#[wasm_split(groups, wasm_split_path = leptos::wasm_split, fallible)]
pub fn groups() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <GroupsPage /> }.into_any()))
}

#[wasm_split(groups, wasm_split_path = leptos::wasm_split, fallible)]
pub fn group(id: GroupId) -> Result<Build, NotFetched> {
    Ok(Box::new(move || view! { <GroupPage id /> }.into_any()))
}

#[wasm_split(schedules, wasm_split_path = leptos::wasm_split, fallible)]
pub fn schedules() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <SchedulesPage /> }.into_any()))
}

#[wasm_split(schedules, wasm_split_path = leptos::wasm_split, fallible)]
pub fn schedule(id: ScheduleId) -> Result<Build, NotFetched> {
    Ok(Box::new(move || view! { <SchedulePage id /> }.into_any()))
}

#[wasm_split(schedules, wasm_split_path = leptos::wasm_split, fallible)]
pub fn holidays() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <HolidaysPage /> }.into_any()))
}

#[wasm_split(reports, wasm_split_path = leptos::wasm_split, fallible)]
pub fn reports(analytics: bool) -> Result<Build, NotFetched> {
    Ok(Box::new(move || view! { <ReportsPage analytics /> }.into_any()))
}

#[wasm_split(review, wasm_split_path = leptos::wasm_split, fallible)]
pub fn review() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <ReviewPage /> }.into_any()))
}

#[wasm_split(review, wasm_split_path = leptos::wasm_split, fallible)]
pub fn unknown_faces(feed: Option<FeedId>) -> Result<Build, NotFetched> {
    Ok(Box::new(move || view! { <UnknownFaces feed /> }.into_any()))
}

#[wasm_split(review, wasm_split_path = leptos::wasm_split, fallible)]
pub fn to_check() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <ToCheck /> }.into_any()))
}

#[wasm_split(settings, wasm_split_path = leptos::wasm_split, fallible)]
pub fn settings(section: String) -> Result<Build, NotFetched> {
    Ok(Box::new(move || view! { <SettingsPage section /> }.into_any()))
}

#[wasm_split(confirmation, wasm_split_path = leptos::wasm_split, fallible)]
pub fn confirmation() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <Question /> }.into_any()))
}

#[wasm_split(confirmation, wasm_split_path = leptos::wasm_split, fallible)]
pub fn provider_second_factor() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <ProviderSecondFactor /> }.into_any()))
}

#[wasm_split(kiosk, wasm_split_path = leptos::wasm_split, fallible)]
pub fn kiosk() -> Result<Build, NotFetched> {
    Ok(Box::new(|| view! { <KioskPage /> }.into_any()))
}
