//! Line icons (Lucide), compiled in.

use leptos::prelude::*;

/// The icons in use.
pub mod icons {
    pub use icondata_lu::{
        LuArchive as Archive, LuBan as Ban, LuBell as Alerts, LuCalendarCheck as Attendance,
        LuCalendarOff as Holiday, LuCamera as Camera, LuCameraOff as CameraOff, LuCctv as Feed,
        LuChartColumn as Analytics, LuCheck as Check, LuChevronLeft as Back, LuChevronRight as Forward,
        LuCircleAlert as Alert, LuCircleCheck as Good, LuCircleDashed as Pending, LuClock as Clock,
        LuCode as Code, LuCopy as Copy, LuCpu as Model, LuDoorOpen as Door, LuDownload as Download,
        LuEraser as Erase, LuFileChartColumn as Reports, LuFileText as Note, LuHash as Pin,
        LuHistory as Audit, LuImageOff as NoPicture, LuImagePlus as AddPicture, LuInbox as Review,
        LuKeyRound as Key, LuLink as Link, LuLogOut as SignOut, LuMapPin as Place, LuMaximize2 as Enlarge,
        LuMinimize2 as Reduce, LuMonitor as System, LuMoon as Dark, LuPalette as Appearance,
        LuPencil as Edit, LuPlus as Plus, LuPrinter as Print, LuQrCode as Badge, LuRefreshCw as Retry,
        LuScale as Privacy, LuScanFace as Mark, LuSearch as Search, LuSettings as Settings,
        LuShieldAlert as Spoof, LuShieldCheck as Consent, LuSmartphone as Phone, LuSquare as Stop,
        LuSun as Light, LuTablet as Kiosk, LuTimer as Expiry, LuTrash2 as Delete, LuTv as Wall,
        LuUserPlus as AddPerson, LuUserRound as Person, LuUserRoundSearch as FindPerson, LuUserX as Missing,
        LuUsers as People, LuVideo as Live, LuWifiOff as Offline, LuX as Close,
    };
}

/// An icon beside a word; decoration, so screen readers pass over it.
#[component]
pub fn Icon(
    /// Which one.
    icon: icondata_core::Icon,
    /// Classes for its size and colour.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let class = if class.is_empty() { "icon" } else { class };
    view! {
        <svg
            class=class
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="1.75"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
            inner_html=icon.data
        ></svg>
    }
}
