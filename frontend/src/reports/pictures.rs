//! The shape of each report as a small picture.

use leptos::prelude::*;
use types::ReportKind;

/// Bars of a picture: left, top, width and height on a field of 48 × 32, and the class of their colour.
type Bar = (u8, u8, u8, u8, &'static str);

const INK: &str = "shape-ink";
const KNOWN: &str = "shape-known";
const LATE: &str = "shape-late";
const ABSENT: &str = "shape-absent";

const DAY_SHEET: &[Bar] = &[
    (4, 5, 14, 3, INK),
    (24, 5, 8, 3, INK),
    (38, 5, 6, 3, KNOWN),
    (4, 14, 11, 3, INK),
    (24, 14, 8, 3, INK),
    (38, 14, 6, 3, LATE),
    (4, 23, 16, 3, INK),
    (24, 23, 8, 3, INK),
    (38, 23, 6, 3, KNOWN),
];
const REGISTER: &[Bar] = &[
    (4, 5, 10, 3, INK),
    (18, 4, 5, 5, KNOWN),
    (25, 4, 5, 5, KNOWN),
    (32, 4, 5, 5, LATE),
    (39, 4, 5, 5, KNOWN),
    (4, 14, 10, 3, INK),
    (18, 13, 5, 5, KNOWN),
    (25, 13, 5, 5, ABSENT),
    (32, 13, 5, 5, KNOWN),
    (39, 13, 5, 5, KNOWN),
    (4, 23, 10, 3, INK),
    (18, 22, 5, 5, KNOWN),
    (25, 22, 5, 5, KNOWN),
    (32, 22, 5, 5, KNOWN),
    (39, 22, 5, 5, ABSENT),
];
const LATE_ARRIVALS: &[Bar] = &[
    (4, 5, 12, 3, INK),
    (20, 5, 24, 3, LATE),
    (4, 14, 12, 3, INK),
    (20, 14, 14, 3, LATE),
    (4, 23, 12, 3, INK),
    (20, 23, 7, 3, LATE),
];
const HOURS: &[Bar] = &[
    (4, 18, 6, 10, KNOWN),
    (13, 10, 6, 18, KNOWN),
    (22, 12, 6, 16, KNOWN),
    (31, 6, 6, 22, KNOWN),
    (40, 20, 4, 8, KNOWN),
];
const ABSENCES: &[Bar] = &[
    (4, 5, 12, 3, INK),
    (20, 4, 5, 5, ABSENT),
    (28, 5, 16, 3, INK),
    (4, 14, 9, 3, INK),
    (20, 13, 5, 5, LATE),
    (28, 14, 12, 3, INK),
    (4, 23, 13, 3, INK),
    (20, 22, 5, 5, ABSENT),
    (28, 23, 8, 3, INK),
];

/// What the table of a report looks like from afar.
#[component]
pub fn Shape(
    /// Which report.
    kind: ReportKind,
) -> impl IntoView {
    let bars = match kind {
        ReportKind::DaySheet => DAY_SHEET,
        ReportKind::Register => REGISTER,
        ReportKind::Late => LATE_ARRIVALS,
        ReportKind::Hours => HOURS,
        ReportKind::Absences => ABSENCES,
    };
    let bar = |&(x, y, width, height, class): &Bar| {
        view! {
            <rect
                class=class
                x=x.to_string()
                y=y.to_string()
                width=width.to_string()
                height=height.to_string()
                rx="1"
            />
        }
    };
    view! {
        <svg class="shape turns" viewBox="0 0 48 32" aria-hidden="true">{bars.iter().map(bar).collect_view()}</svg>
    }
}
