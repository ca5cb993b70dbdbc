//! The service over HTTP with a real pack.

mod support;

use recognizer_types::{Embedding, FacesAnswer, PackView, RecognizerError, RecognizerErrorDetail};
use support::{
    Running, animated_png, animated_webp, changed, client, cmyk_jpeg, gradient, huge_jpeg, huge_png, jpeg,
    jpeg_turned, listen, models, photo, png, side_by_side, webp,
};

fn cosine(a: &Option<Embedding>, b: &Option<Embedding>) -> f32 {
    let (a, b) = (a.as_ref().expect("embedded"), b.as_ref().expect("embedded"));
    a.0.iter().zip(&b.0).map(|(a, b)| a * b).sum()
}

#[actix_web::test]
async fn people_are_told_apart() {
    let Some(models) = models() else { return };
    let photos = ["obama.jpg", "obama2.jpg", "biden.jpg", "astronaut.png"].map(photo);
    let [Some(obama), Some(other), Some(biden), Some(astronaut)] = photos else { return };
    let service = Running::start(&models, 1).await;
    let model: PackView = service
        .client
        .get(format!("{}/v1/model", service.url))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("a pack");
    let mut embeddings = vec![];
    for bytes in [obama, other, biden, astronaut] {
        let answer = service.faces("", bytes).await;
        assert_eq!(answer.faces.len(), 1);
        assert_eq!(answer.model, model.id);
        let face = &answer.faces[0];
        assert_eq!(face.track, None);
        assert!(face.quality.ok, "{:?}", face.quality);
        let embedding = face.embedding.as_ref().expect("always there without a stream");
        assert_eq!(embedding.0.len(), model.dimensions);
        assert!((cosine(&face.embedding, &face.embedding) - 1.0).abs() < 1e-5, "unit length");
        embeddings.push(face.embedding.clone());
    }
    assert!(cosine(&embeddings[0], &embeddings[1]) >= model.threshold);
    for (a, b) in [(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
        assert!(cosine(&embeddings[a], &embeddings[b]) < model.threshold, "{a} and {b}");
    }
}

#[actix_web::test]
async fn every_face_is_found_in_its_place() {
    let Some(models) = models() else { return };
    let (Some(obama), Some(biden)) = (photo("obama.jpg"), photo("biden.jpg")) else { return };
    let service = Running::start(&models, 1).await;
    let picture = side_by_side(&obama, &biden);
    let answer = service.faces("", jpeg(&picture)).await;
    assert_eq!((answer.width, answer.height), (1280, 720));
    assert_eq!(answer.faces.len(), 2);
    let areas: Vec<f32> = answer.faces.iter().map(|f| f.bounding_box.width * f.bounding_box.height).collect();
    assert!(areas[0] >= areas[1], "largest first");
    for face in &answer.faces {
        let bounds = face.bounding_box;
        assert!(bounds.x >= 0.0 && bounds.x + bounds.width <= 1280.0);
        let [left, right, nose, mouth_left, mouth_right] = face.landmarks;
        assert!(left[0] < right[0] && mouth_left[0] < mouth_right[0], "left and right as seen");
        assert!(left[1] < nose[1] && nose[1] < mouth_left[1], "eyes above nose above mouth");
    }
    // The same face from a picture that its EXIF orientation turns upright.
    let sideways = image::imageops::rotate270(&picture);
    let turned = service.faces("", jpeg_turned(&sideways, 6)).await;
    assert_eq!((turned.width, turned.height), (1280, 720));
    assert!(cosine(&answer.faces[0].embedding, &turned.faces[0].embedding) > 0.99);
}

#[actix_web::test]
async fn the_pose_of_a_mirrored_face_turns_and_tilts_the_other_way() {
    let Some(models) = models() else { return };
    let Some(obama) = photo("obama.jpg") else { return };
    let service = Running::start(&models, 1).await;
    let url = format!("{}/v1/model", service.url);
    let pack: PackView =
        service.client.get(url).send().await.expect("an answer").json().await.expect("a pack");
    if !pack.challenge {
        eprintln!("skipped: the pack says nothing of poses (make models)");
        return;
    }
    let picture = image::load_from_memory(&obama).expect("a picture").to_rgb8();
    let pose = async |picture: &image::RgbImage| {
        let answer = service.faces("?liveness=challenge", jpeg(picture)).await;
        answer.faces[0].pose.expect("the default pack has a mesh")
    };
    let (seen, mirrored) = (pose(&picture).await, pose(&image::imageops::flip_horizontal(&picture)).await);
    // The mesh differs a little between a face and its mirror image.
    let near = |a: f32, b: f32| (a - b).abs() < 4.0;
    assert!(near(seen.yaw, -mirrored.yaw), "{seen:?} {mirrored:?}");
    assert!(near(seen.roll, -mirrored.roll), "{seen:?} {mirrored:?}");
    assert!(near(seen.pitch, mirrored.pitch), "{seen:?} {mirrored:?}");
    assert!(seen.left_eye > 0.1 && seen.right_eye > 0.1, "open eyes: {seen:?}");
    let unasked = service.faces("", obama).await;
    assert_eq!(unasked.faces[0].pose, None);
}

#[actix_web::test]
async fn a_stream_is_tracked_and_a_settled_face_is_not_embedded_again() {
    let Some(models) = models() else { return };
    let (Some(obama), Some(biden)) = (photo("obama.jpg"), photo("biden.jpg")) else { return };
    let service = Running::start(&models, 1).await;
    let first = service.faces("?stream=door", obama.clone()).await;
    let track = first.faces[0].track.clone().expect("tracked");
    assert!(first.faces[0].embedding.is_some());
    let second = service.faces(&format!("?stream=door&settled={track}"), obama.clone()).await;
    assert_eq!(second.faces[0].track.as_ref(), Some(&track));
    assert!(second.faces[0].embedding.is_none(), "settled");
    assert_eq!(second.timings_ms.embed.round(), 0.0);
    assert_eq!(second.faces[0].quality, first.faces[0].quality);
    for (now, then) in second.faces[0].landmarks.iter().zip(first.faces[0].landmarks) {
        assert!((now[0] - then[0]).hypot(now[1] - then[1]) < 0.5, "the face did not move");
    }

    let forged = service.faces("?stream=door&settled=0000000000000001-1,x", obama.clone()).await;
    assert!(forged.faces[0].embedding.is_some(), "a settled id that is not known is ignored");
    let elsewhere = service.faces(&format!("?stream=gate&settled={track}"), obama.clone()).await;
    assert_ne!(elsewhere.faces[0].track.as_ref(), Some(&track));
    assert!(elsewhere.faces[0].embedding.is_some(), "another stream's track is not known");

    let swapped = service.faces("?stream=door", biden).await;
    assert_ne!(swapped.faces[0].track.as_ref(), Some(&track), "another face is another track");
    let stateless = service.faces(&format!("?settled={track}"), obama).await;
    assert!(stateless.faces[0].track.is_none() && stateless.faces[0].embedding.is_some());
}

#[actix_web::test]
async fn bad_input_gets_a_reason_and_the_worker_lives() {
    let Some(models) = models() else { return };
    let service = Running::start(&models, 1).await;
    let mut cut = jpeg(&gradient(400, 300));
    cut.truncate(cut.len() / 2);
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("nothing", vec![], 415, "not_an_image"),
        ("text", b"hello, recognizer".to_vec(), 415, "not_an_image"),
        ("gif", b"GIF89a".to_vec(), 415, "animated"),
        ("animated png", animated_png(), 415, "animated"),
        ("animated webp", animated_webp(), 415, "animated"),
        ("truncated", cut, 400, "truncated"),
        ("cmyk", cmyk_jpeg(), 422, "colour_space"),
        ("1 × 1", png(&gradient(1, 1)), 422, "too_small"),
        ("30,000 × 30,000 png", huge_png(), 413, "too_large"),
        ("30,000 × 30,000 jpeg", huge_jpeg(), 413, "too_large"),
        ("50 MB", vec![0; 50_000_000], 413, "too_large"),
    ];
    for (name, bytes, status, code) in cases {
        let answer = service.post("", bytes).await;
        assert_eq!(answer.status(), status, "{name}");
        let error: RecognizerError = answer.json().await.expect(name);
        assert_eq!(error.error.code, code, "{name}");
        assert!(error.error.message.len() > 20, "{name}: a sentence");
    }
    let empty = gradient(200, 100);
    for bytes in [jpeg(&empty), png(&empty), webp(&empty)] {
        assert!(service.faces("", bytes).await.faces.is_empty(), "a picture without a face is in order");
    }
    let refusals = [
        ("?stream=", 400, "bad_request", "stream"),
        ("?unknown=1", 400, "bad_request", "unknown"),
        ("?range=close", 422, "invalid", "`range`: unknown variant `close`, expected one of `near`"),
        ("?liveness=", 422, "invalid", "`liveness`"),
        ("?pack=other", 404, "unknown_pack", "`other`"),
    ];
    for (query, status, code, reason) in refusals {
        let answer = service.post(query, png(&empty)).await;
        assert_eq!(answer.status(), status, "{query}");
        let RecognizerErrorDetail { code: got, message } =
            answer.json::<RecognizerError>().await.expect(query).error;
        assert!(got == code && message.contains(reason), "{query}: {got}: {message}");
    }
}

#[actix_web::test]
async fn several_packs_serve_side_by_side() {
    let (Some(mut models), Some(obama)) = (models(), photo("obama.jpg")) else { return };
    let folder = tempfile::tempdir().expect("folder");
    let other = changed(&models, folder.path(), |text| text.replace("\"default\"", "\"other\""));
    models.packs.extend(other.packs);
    let service = Running::start(&models, 1).await;
    let get = |path: &str| service.client.get(format!("{}{path}", service.url)).send();
    let listed: serde_json::Value = get("/v1/models").await.expect("an answer").json().await.expect("a list");
    let views: Vec<PackView> = serde_json::from_value(listed["items"].clone()).expect("packs");
    let first: PackView = get("/v1/model").await.expect("an answer").json().await.expect("a pack");
    assert_eq!(views[0], first);
    assert!(views[1].id.starts_with("other-"), "{}", views[1].id);

    let unnamed = service.faces("?stream=door", obama.clone()).await;
    assert_eq!(unnamed.model, views[0].id);
    let named = service.faces(&format!("?stream=door&pack={}", views[1].id), obama).await;
    assert_eq!(named.model, views[1].id);
    let epoch = |answer: &FacesAnswer| answer.faces[0].track.as_ref().map(|track| track[..16].to_owned());
    assert_ne!(epoch(&unnamed), epoch(&named), "streams of different packs are different streams");
}

#[actix_web::test]
async fn overload_is_answered_at_once() {
    let (Some(models), Some(obama)) = (models(), photo("obama.jpg")) else { return };
    let service = Running::start(&models, 1).await;
    let answers = (0..40).map(|_| service.post("", obama.clone()));
    let answers = futures_util::future::join_all(answers).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status() == status).count();
    assert!(count(200) >= 1 && count(429) >= 1, "{} and {}", count(200), count(429));
    assert_eq!(count(200) + count(429), answers.len());
    let refused = answers.iter().find(|answer| answer.status() == 429).expect("counted");
    assert_eq!(refused.headers()["retry-after"], "1");
    service.faces("", obama).await;

    let text = service
        .client
        .get(format!("{}/metrics", service.url))
        .send()
        .await
        .expect("an answer")
        .text()
        .await
        .expect("text");
    for line in [
        "recognizer_requests_total{status=\"200\"}",
        "recognizer_requests_total{status=\"429\"}",
        "recognizer_queue_depth 0",
        "recognizer_stage_seconds_count{stage=\"embed\"}",
        "recognizer_jobs_panicked_total 0",
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[actix_web::test]
async fn a_job_past_its_deadline_is_skipped() {
    let (Some(models), Some(obama)) = (models(), photo("obama.jpg")) else { return };
    let service = Running::start(&models, 1).await;
    let post = |deadline: &str| {
        let url = format!("{}/v1/faces", service.url);
        service.client.post(url).header("x-deadline-ms", deadline).body(obama.clone()).send()
    };
    let answers = futures_util::future::join_all((0..5).map(|_| post("1"))).await;
    let late = answers.iter().filter(|answer| matches!(answer, Ok(answer) if answer.status() == 429)).count();
    assert!(late >= 3, "{late} of 5 were late");
    assert_eq!(post("10000").await.expect("an answer").status(), 200);
    assert_eq!(post("soon").await.expect("an answer").status(), 400);
}

#[actix_web::test]
async fn a_secret_is_asked_for() {
    let Some(models) = models() else { return };
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("secret");
    let secret = "0123456789abcdef0123456789abcdef";
    std::fs::write(&path, format!("{secret}\n")).expect("secret");
    let service = Running::start_with(&models, support_listen(path), 1);
    service.wait_until_ready().await;
    for path in ["/v1/model", "/metrics"] {
        let get = || service.client.get(format!("{}{path}", service.url));
        assert_eq!(get().send().await.expect("an answer").status(), 401);
        assert_eq!(get().bearer_auth("wrong").send().await.expect("an answer").status(), 401);
        assert_eq!(get().bearer_auth(secret).send().await.expect("an answer").status(), 200);
    }
    assert_eq!(service.post("", png(&gradient(9, 9))).await.status(), 401);
    assert_eq!(
        service.client.get(format!("{}/livez", service.url)).send().await.expect("an answer").status(),
        200
    );
}

fn support_listen(secret_file: std::path::PathBuf) -> recognizer::config::Listen {
    recognizer::config::Listen { secret_file: Some(secret_file), ..listen() }
}

/// A process that does not outlive its test.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything that the service logs at its most talkative, while it looks at a photo.
#[actix_web::test]
async fn neither_pixels_nor_embeddings_reach_the_log() {
    let (Some(models), Some(obama)) = (models(), photo("obama.jpg")) else { return };
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let log = tempfile::NamedTempFile::new().expect("a log");
    let process = std::process::Command::new(env!("CARGO_BIN_EXE_recognizer"))
        .env("RECOGNIZER_PACK", &models.packs[0])
        .env("RECOGNIZER_ORT", &models.ort)
        .env("RECOGNIZER_PORT", port.to_string())
        .env("RECOGNIZER_WORKERS", "1")
        .env("RUST_LOG", "trace")
        .stderr(log.reopen().expect("a log"))
        .spawn()
        .expect("the recognizer");
    let process = Ended(process);
    let service = Running { url: format!("http://127.0.0.1:{port}"), client: client() };
    for _ in 0..200 {
        if service.client.get(format!("{}/readyz", service.url)).send().await.is_ok_and(|a| a.status() == 200)
        {
            break;
        }
        actix_web::rt::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let answer = service.faces("?stream=door", obama).await;
    drop(process);
    let text = std::fs::read_to_string(log.path()).expect("a log");
    assert!(text.contains("sharpness"), "the log must hold something to look at");
    let embedding = answer.faces[0].embedding.as_ref().expect("embedded");
    for number in &embedding.0 {
        // Five digits of a number say which it is; fewer occur by chance.
        let digits = format!("{:.7}", number.abs());
        assert!(!text.contains(&digits[1..8]), "{number} of the embedding is in the log");
    }
    assert!(text.lines().all(|line| line.len() < 2000), "a line long enough for pixels");
}

#[test]
fn listening_beyond_this_machine_needs_tls_and_a_secret() {
    let open = recognizer::config::Listen { host: std::net::Ipv4Addr::UNSPECIFIED.into(), ..listen() };
    let error = open.check().expect_err("refused").to_string();
    assert!(error.contains("RECOGNIZER_TLS_CERT") && error.contains("RECOGNIZER_SECRET_FILE"), "{error}");
    listen().check().expect("loopback");
}
