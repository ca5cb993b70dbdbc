//! A load maker: starts a recognizer of its own and tells how it holds up.
//!
//! `cargo run --release -p recognizer --example load -- [tracked|streams|overload]…`, all without a name. Wants the
//! program (`cargo build --release -p recognizer`), the pack, the runtime and the photos that `make setup` fetches.

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use recognizer_types::FacesAnswer;
use reqwest::StatusCode;
use support::{Running, scene};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval_at, sleep, sleep_until},
};

/// Clock ticks a second in `/proc`; the same on every Linux.
const TICKS: f64 = 100.0;
/// Frames that agree before the sender calls a track settled, as the API does by default.
const SETTLED_AFTER: usize = 3;

/// A recognizer that ends with this value.
struct Service {
    process: Child,
    running: Running,
}

impl Service {
    /// Starts `workers` on all cores or on `core` alone.
    async fn start(workers: usize, core: Option<usize>) -> anyhow::Result<Self> {
        let models = support::models().context("no pack or no runtime")?;
        let program = std::env::current_exe()?.with_file_name("../recognizer").canonicalize()?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = Command::new(if core.is_some() { "taskset".as_ref() } else { program.as_os_str() });
        if let Some(core) = core {
            command.args(["--cpu-list", &core.to_string()]).arg(&program);
        }
        let process = command
            .env("RECOGNIZER_PACK", &models.packs[0])
            .env("RECOGNIZER_ORT", &models.ort)
            .env("RECOGNIZER_PORT", port.to_string())
            .env("RECOGNIZER_WORKERS", workers.to_string())
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .spawn()?;
        let running = Running { url: format!("http://127.0.0.1:{port}"), client: support::client() };
        let service = Self { process, running };
        for _ in 0..300 {
            let answer = service.running.client.get(format!("{}/readyz", service.running.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(service);
            }
            sleep(Duration::from_millis(100)).await;
        }
        bail!("the recognizer is not ready in 30 s")
    }

    /// Posts a frame: None when it was refused as too much.
    async fn post(&self, query: &str, bytes: &[u8]) -> anyhow::Result<Option<FacesAnswer>> {
        post(&self.running.client, &format!("{}/v1/faces{query}", self.running.url), bytes).await
    }

    /// A number of `/proc/PID/status` in MB.
    fn memory_mb(&self, field: &str) -> anyhow::Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(field)).context("no such field")?;
        let kilobytes: f64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1024.0)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn post(client: &reqwest::Client, url: &str, bytes: &[u8]) -> anyhow::Result<Option<FacesAnswer>> {
    let answer = client.post(url).body(bytes.to_vec()).send().await?;
    match answer.status() {
        StatusCode::TOO_MANY_REQUESTS => Ok(None),
        StatusCode::OK => Ok(Some(answer.json().await?)),
        status => bail!("{status}: {}", answer.text().await?),
    }
}

/// Processor time of a process so far, in seconds.
fn processor_seconds(process: &str) -> anyhow::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = text.rsplit_once(')').context("no name")?;
    let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).map_while(|f| f.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

/// What share of one core the service and this program took since `start`.
struct Usage {
    start: Instant,
    service: f64,
    own: f64,
}

impl Usage {
    fn start(service: &Service) -> anyhow::Result<Self> {
        let own = processor_seconds("self")?;
        let service = processor_seconds(&service.process.id().to_string())?;
        Ok(Self { start: Instant::now(), service, own })
    }

    fn text(&self, service: &Service) -> anyhow::Result<String> {
        let seconds = self.start.elapsed().as_secs_f64();
        let share = |now: f64, then: f64| (now - then) / seconds * 100.0;
        let used = share(processor_seconds(&service.process.id().to_string())?, self.service);
        let own = share(processor_seconds("self")?, self.own);
        let memory = service.memory_mb("VmHWM")?;
        Ok(format!(
            "recognizer {used:.0} % of a core and at most {memory:.0} MB, load maker {own:.0} % of a core"
        ))
    }
}

fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let index = (times.len().saturating_sub(1) as f64 * share).round() as usize;
    times.get(index).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
}

/// The settled tracks of an answer, as a query, once enough frames have been seen.
fn settled(answer: &FacesAnswer, frames: usize) -> String {
    let tracks: Vec<&str> = answer.faces.iter().filter_map(|face| face.track.as_deref()).collect();
    if frames < SETTLED_AFTER { String::new() } else { format!("&settled={}", tracks.join(",")) }
}

/// One worker on one core, one 1280×720 stream with one face, the next frame as soon as the last is answered.
async fn tracked(out: &mut impl std::io::Write) -> anyhow::Result<()> {
    let photo = support::photo("obama.jpg").context("no photo")?;
    let bytes = scene(&photo, 1280, 720);
    let service = Service::start(1, Some(0)).await?;
    for liveness in ["off", "challenge"] {
        let mut query = String::new();
        let (mut times, mut decode, mut detect) = (vec![], vec![], vec![]);
        let mut usage = Usage::start(&service)?;
        while times.len() < 620 {
            // The first frames settle the track and warm the caches.
            if times.len() == 20 {
                usage = Usage::start(&service)?;
            }
            let start = Instant::now();
            let url = format!("?stream={liveness}&liveness={liveness}{query}");
            let answer = service.post(&url, &bytes).await?.context("refused")?;
            times.push(start.elapsed());
            decode.push(Duration::from_secs_f32(answer.timings_ms.decode / 1000.0));
            detect.push(Duration::from_secs_f32(answer.timings_ms.detect / 1000.0));
            query = settled(&answer, times.len());
        }
        let frames = times.split_off(20);
        let rate = frames.len() as f64 / frames.iter().sum::<Duration>().as_secs_f64();
        writeln!(
            out,
            "tracked, liveness {liveness}: {rate:.0} frames a second; a frame {:.1} ms (median), of which decode \
             {:.1} and detect {:.1}; {}",
            percentile(&mut frames.clone(), 0.5),
            percentile(&mut decode, 0.5),
            percentile(&mut detect, 0.5),
            usage.text(&service)?
        )?;
    }
    Ok(())
}

/// Sixteen cameras of 640×480 with one face each, five frames a second; a frame that is due while the last one is
/// under way is dropped, and so is one that is refused.
async fn streams(out: &mut impl std::io::Write) -> anyhow::Result<()> {
    const CAMERAS: u32 = 16;
    const PERIOD: Duration = Duration::from_millis(200);
    const FRAMES: usize = 150;
    let photos: Vec<_> = ["obama.jpg", "obama2.jpg", "biden.jpg"]
        .iter()
        .map(|name| support::photo(name).map(|photo| scene(&photo, 640, 480)))
        .collect::<Option<_>>()
        .context("no photos")?;
    let service = Service::start(2, None).await?;
    for (name, apart) in
        [("spread over the period", PERIOD / CAMERAS), ("all at the same moment", Duration::ZERO)]
    {
        let usage = Usage::start(&service)?;
        let mut cameras = JoinSet::new();
        let first = tokio::time::Instant::now() + Duration::from_millis(100);
        for camera in 0..CAMERAS {
            let (client, bytes) = (service.running.client.clone(), photos[camera as usize % 3].clone());
            let url = format!("{}/v1/faces?stream={apart:?}-{camera}", service.running.url);
            cameras.spawn(async move {
                let mut ticks = interval_at(first + apart * camera, PERIOD);
                ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
                let (mut ages, mut query) = (vec![], String::new());
                let begin = first + apart * camera;
                loop {
                    let due = ticks.tick().await;
                    if due >= begin + PERIOD * FRAMES as u32 {
                        return anyhow::Ok(ages);
                    }
                    if let Some(answer) = post(&client, &format!("{url}{query}"), &bytes).await? {
                        ages.push(due.elapsed());
                        query = settled(&answer, ages.len());
                    }
                }
            });
        }
        let mut ages = vec![];
        while let Some(camera) = cameras.join_next().await {
            ages.extend(camera??);
        }
        let due = CAMERAS as usize * FRAMES;
        writeln!(
            out,
            "streams, {name}: age of an answered frame {:.0} ms (median), {:.0} (p95), {:.0} (largest); {:.1} % of \
             {due} dropped; {}",
            percentile(&mut ages, 0.5),
            percentile(&mut ages, 0.95),
            percentile(&mut ages, 1.0),
            (due - ages.len()) as f64 / due as f64 * 100.0,
            usage.text(&service)?
        )?;
    }
    Ok(())
}

/// Single pictures of 640×480 at four times the rate that two workers reach.
async fn overload(out: &mut impl std::io::Write) -> anyhow::Result<()> {
    const TIME: Duration = Duration::from_secs(10);
    let photo = support::photo("obama.jpg").context("no photo")?;
    let bytes = scene(&photo, 640, 480);
    let service = Service::start(2, None).await?;
    alone(&service, &bytes).await?;
    let idle = alone(&service, &bytes).await?;
    let capacity = capacity(&service, &bytes).await?;
    let usage = Usage::start(&service)?;
    let begin = tokio::time::Instant::now();
    let wanted = capacity * 4.0;
    let mut jobs = JoinSet::new();
    let mut sent = 0u32;
    while begin.elapsed() < TIME {
        sleep_until(begin + Duration::from_secs_f64(f64::from(sent) / wanted)).await;
        sent += 1;
        let (client, bytes) = (service.running.client.clone(), bytes.clone());
        let url = format!("{}/v1/faces", service.running.url);
        jobs.spawn(async move {
            let start = Instant::now();
            post(&client, &url, &bytes).await.map(|answer| (answer.is_some(), start.elapsed()))
        });
    }
    let (mut admitted, mut refused) = (vec![], vec![]);
    while let Some(job) = jobs.join_next().await {
        let (answered, time) = job??;
        if answered { admitted.push(time) } else { refused.push(time) }
    }
    let lasted = begin.elapsed().as_secs_f64();
    let usage = usage.text(&service)?;
    let after = alone(&service, &bytes).await?;
    writeln!(
        out,
        "overload: alone {:.1} ms (p95 {:.1}); {capacity:.0} pictures a second at most; {:.0} a second for {lasted:.0} s: {} \
         admitted in {:.1} ms (p95 {:.1}), {} refused in {:.1} ms (p95 {:.1}); right afterwards alone {:.1} ms (p95 \
         {:.1}); {usage}",
        idle.0,
        idle.1,
        f64::from(sent) / lasted,
        admitted.len(),
        percentile(&mut admitted, 0.5),
        percentile(&mut admitted, 0.95),
        refused.len(),
        percentile(&mut refused, 0.5),
        percentile(&mut refused, 0.95),
        after.0,
        after.1
    )?;
    Ok(())
}

/// Median and 95th percentile of one request after the other, in milliseconds.
async fn alone(service: &Service, bytes: &[u8]) -> anyhow::Result<(f64, f64)> {
    let mut times = vec![];
    for _ in 0..100 {
        let start = Instant::now();
        service.post("", bytes).await?.context("refused although nothing else goes on")?;
        times.push(start.elapsed());
    }
    Ok((percentile(&mut times, 0.5), percentile(&mut times, 0.95)))
}

/// Pictures a second when both workers always have the next one.
async fn capacity(service: &Service, bytes: &[u8]) -> anyhow::Result<f64> {
    let start = Instant::now();
    let each = || async {
        let mut done = 0;
        while start.elapsed() < Duration::from_secs(4) {
            done += u32::from(service.post("", bytes).await?.is_some());
        }
        anyhow::Ok(done)
    };
    let (a, b, c) = tokio::try_join!(each(), each(), each())?;
    Ok(f64::from(a + b + c) / start.elapsed().as_secs_f64())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let named: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|given| given == name);
    if let Some(unknown) =
        named.iter().find(|name| !["tracked", "streams", "overload"].contains(&name.as_str()))
    {
        bail!("`{unknown}` is none of tracked, streams, overload");
    }
    if wanted("tracked") {
        tracked(&mut out).await?;
    }
    if wanted("streams") {
        streams(&mut out).await?;
    }
    if wanted("overload") {
        overload(&mut out).await?;
    }
    Ok(())
}
