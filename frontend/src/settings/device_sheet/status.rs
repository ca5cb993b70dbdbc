//! How a feed's devices do, in words.

use leptos::prelude::*;
use types::{Backlog, DeviceView, FrameCounts, SourceState};

use crate::clock::Style;
use crate::elapsed::ago;
use crate::language::say;
use crate::live::trouble;
use crate::numbers::{fixed, grouped, short};
use crate::session::use_desk;
use crate::ui::{Ago, Empty, Entry, Icon, List, Moment, icons};

/// A clock that is off by more than this makes times doubtful, in milliseconds.
const DRIFT_WARN_MS: u64 = 2_000;
/// Above this a board slows itself down, in degrees Celsius.
const HOT_C: f32 = 80.0;

/// A feed's device in a few words, for its line in the list; whether it is well, and what it says.
pub fn summary(device: &DeviceView) -> (bool, String) {
    let source = &device.heartbeat.source;
    if !device.online {
        return (false, say!(devices.away).to_owned());
    }
    let words = trouble(source.state).unwrap_or(say!(devices.running));
    let told = source.message.as_deref().filter(|_| source.state != SourceState::Running);
    let backlog = device.heartbeat.backlog.frames;
    let mut parts = vec![words.to_owned()];
    parts.extend(told.map(str::to_owned));
    if backlog > 0 {
        parts.push(say!(devices.waiting_short, count = grouped(backlog as i64)));
    }
    (source.state == SourceState::Running, parts.join(" · "))
}

/// All devices that called within the last day.
#[component]
pub fn Devices(devices: Memo<Vec<DeviceView>>) -> impl IntoView {
    let online = move || devices.with(|devices| devices.iter().filter(|device| device.online).count());
    let row = move |device: DeviceView| {
        let id = device.heartbeat.device;
        Entry::new(id, move || view! { <Device id devices /> }.into_any())
    };
    let rows = Signal::derive(move || devices.get().into_iter().map(row).collect());
    view! {
        <h3 class="part-title">{say!(devices.device)}</h3>
        {move || {
            (online() > 1)
                .then(|| {
                    view! {
                        <p class="advice-box" role="alert">
                            <Icon icon=icons::Alert />
                            <span>{say!(devices.several)}</span>
                        </p>
                    }
                })
        }}
        <List entries=rows />
        {move || {
            devices
                .with(Vec::is_empty)
                .then(|| {
                    view! { <Empty icon=icons::Feed title=say!(devices.none) text=say!(devices.none_text) /> }
                })
        }}
    }
}

#[component]
fn Device(id: uuid::Uuid, devices: Memo<Vec<DeviceView>>) -> impl IntoView {
    let most = RwSignal::new(0_u64);
    let now =
        Memo::new(move |_| devices.with(|all| all.iter().find(|one| one.heartbeat.device == id).cloned()));
    // A backlog that shrinks is told as a part of the most that there was.
    Effect::new(move |_| {
        let waiting = now.with(|now| now.as_ref().map_or(0, |now| now.heartbeat.backlog.frames));
        most.update(|most| *most = if waiting == 0 { 0 } else { waiting.max(*most) });
    });
    move || {
        let device = now.get()?;
        let most = most.get();
        if device.online {
            return Some(view! { <DeviceFacts device most /> }.into_any());
        }
        let (agent, heard) = (device.heartbeat.agent.clone(), device.received_at);
        // One that is away has little to tell.
        Some(
            view! {
                <details class="device-away">
                    <summary>
                        <bdi class="font-medium">{agent}</bdi>
                        <span class="note">{say!(devices.away)} " · " {say!(devices.called)} " " <Ago at=heard /></span>
                    </summary>
                    <DeviceFacts device most />
                </details>
            }
            .into_any(),
        )
    }
}

#[component]
fn DeviceFacts(device: DeviceView, most: u64) -> impl IntoView {
    let desk = use_desk();
    let DeviceView { heartbeat, received_at, drift_ms, address, online } = device;
    let source = heartbeat.source;
    let (class, words) = match (online, trouble(source.state)) {
        (false, _) => ("tag", say!(devices.away)),
        (true, None) => ("tag tag-known", say!(devices.running)),
        (true, Some(words)) => ("tag tag-uncertain", words),
    };
    let drift = drift_ms.unsigned_abs();
    let drift_words = drift_text(drift_ms);
    let heat = heartbeat.temperature_c;
    let kiosk = heartbeat.agent.to_lowercase().contains("kiosk");
    let picture = (source.width > 0).then(|| {
        say!(
            devices.picture_value,
            width = source.width,
            height = source.height,
            rate = short(f64::from(source.fps), 1)
        )
    });
    let last =
        source.last_frame_at.map(|at| move || ago((desk.now_ms.get() as i64 - at.timestamp_millis()) / 1000));
    let fact = |label: &'static str, value: AnyView| {
        view! {
            <div>
                <dt class="note">{label}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! {
        <section class="device" data-testid="device">
            <header class="device-head">
                <span class="row-mark"><Icon icon=if kiosk { icons::Kiosk } else { icons::Camera } /></span>
                <div class="min-w-0 flex-1">
                    <p class="font-medium truncate"><bdi>{heartbeat.agent}</bdi></p>
                    <p class="note">{say!(devices.called)} " " <Ago at=received_at /></p>
                </div>
                <span class=class data-testid="device-state">{words}</span>
            </header>
            {source
                .message
                .map(|message| {
                    view! {
                        <p class="advice-box">
                            <Icon icon=icons::Alert />
                            <span class="break-words">{message}</span>
                        </p>
                    }
                })}
            <BacklogBar backlog=heartbeat.backlog most />
            <dl class="device-facts">
                {picture.map(|picture| fact(say!(devices.picture), picture.into_any()))}
                {last.map(|last| fact(say!(devices.last_frame), last.into_any()))}
                {fact(
                    say!(devices.clock),
                    view! {
                        <span class:warned={drift > DRIFT_WARN_MS}>{drift_words}</span>
                        {(drift > DRIFT_WARN_MS).then(|| view! { <span class="note block">{say!(devices.clock_wrong)}</span> })}
                    }
                        .into_any(),
                )}
                {heat
                    .map(|heat| {
                        let value = say!(devices.degrees, degrees = fixed(f64::from(heat), 0));
                        fact(say!(devices.temperature), view! { <span class:warned={heat >= HOT_C}>{value}</span> }.into_any())
                    })}
                {fact(
                    say!(devices.address),
                    view! { <bdi>{address.unwrap_or_else(|| say!(account.address_unknown).to_owned())}</bdi> }.into_any(),
                )}
                {fact(say!(devices.started), view! { <Moment at=heartbeat.started_at style=Style::Full /> }.into_any())}
            </dl>
            <Counts frames=heartbeat.frames />
        </section>
    }
}

/// A clock's drift in words.
fn drift_text(drift_ms: i64) -> String {
    let seconds = short(drift_ms.unsigned_abs() as f64 / 1000.0, 1);
    match drift_ms {
        -100..=100 => say!(devices.clock_right).to_owned(),
        101.. => say!(devices.clock_ahead, seconds = seconds),
        _ => say!(devices.clock_behind, seconds = seconds),
    }
}

/// What waits to be sent, and how far it has drained.
#[component]
fn BacklogBar(backlog: Backlog, most: u64) -> impl IntoView {
    let Backlog { frames, bytes, oldest_at } = backlog;
    if frames == 0 {
        return view! { <p class="note device-backlog">{say!(devices.backlog_none)}</p> }.into_any();
    }
    let sent = most.saturating_sub(frames);
    let words = say!(devices.backlog, frames = grouped(frames as i64), size = short(bytes as f64 / 1e6, 1));
    view! {
        <div class="device-backlog" data-testid="device-backlog">
            <p>
                {words}
                {oldest_at.map(|at| view! { <span class="note">" · " {say!(devices.backlog_oldest)} " " <Ago at /></span> })}
            </p>
            <progress
                class="progress"
                max=most.max(1).to_string()
                prop:value=sent as f64
                aria-label=say!(devices.backlog_label)
            ></progress>
            <p class="note">{say!(devices.backlog_note)}</p>
        </div>
    }
    .into_any()
}

/// What became of the pictures; what never happened is left out.
#[component]
fn Counts(frames: FrameCounts) -> impl IntoView {
    let rows = [
        (frames.captured, say!(devices.captured), say!(devices.captured_note)),
        (frames.sent, say!(devices.sent), say!(devices.sent_note)),
        (frames.still, say!(devices.still), say!(devices.still_note)),
        (frames.dropped, say!(devices.dropped), say!(devices.dropped_note)),
        (frames.refused, say!(devices.refused), say!(devices.refused_note)),
        (frames.corrupt, say!(devices.corrupt), say!(devices.corrupt_note)),
        (frames.stored, say!(devices.stored), say!(devices.stored_note)),
        (frames.replayed, say!(devices.replayed), say!(devices.replayed_note)),
        (frames.lost, say!(devices.lost), say!(devices.lost_note)),
    ];
    let row = |(at, (count, label, note)): (usize, (u64, &'static str, &'static str))| {
        (count > 0 || at < 2).then(|| {
            view! {
                <tr>
                    <td class="tabular device-count">{grouped(count as i64)}</td>
                    <th scope="row">
                        <span class="font-medium">{label}</span>
                        <span class="note block">{note}</span>
                    </th>
                </tr>
            }
        })
    };
    view! {
        <table class="device-counts">
            <caption class="note">{say!(devices.counts)}</caption>
            <tbody>{rows.into_iter().enumerate().map(row).collect_view()}</tbody>
        </table>
    }
}

#[cfg(test)]
mod tests {
    use super::drift_text;

    #[test]
    fn a_clock_is_ahead_behind_or_right() {
        for (drift, words) in [(0, "right"), (-80, "right"), (2_340, "2.3 s ahead"), (-61_000, "61 s behind")]
        {
            assert_eq!(drift_text(drift), words, "{drift}");
        }
    }
}
