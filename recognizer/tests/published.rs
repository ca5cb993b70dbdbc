//! Packs of networks that others publish, where these are at hand.

mod support;

use std::path::{Path, PathBuf};

use models::published;
use recognizer_types::{FacesAnswer, PackView};
use support::{Running, models, photo};

/// `$ATTENDANCE_SHARED/models`, or None with a line that says that it is missing.
fn networks() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let networks = std::env::var_os("ATTENDANCE_SHARED").map_or(root, PathBuf::from).join("models");
    if !networks.is_dir() {
        eprintln!("skipped: {} is missing", networks.display());
        return None;
    }
    Some(networks)
}

fn score(a: &FacesAnswer, b: &FacesAnswer) -> f32 {
    let embedding = |answer: &FacesAnswer| answer.faces[0].embedding.clone().expect("embedded").0;
    embedding(a).iter().zip(embedding(b)).map(|(a, b)| a * b).sum()
}

#[actix_web::test]
async fn published_networks_tell_people_apart() {
    let (Some(mut models), Some(networks)) = (models(), networks()) else { return };
    let photos = ["obama.jpg", "obama2.jpg", "biden.jpg"].map(photo);
    let [Some(obama), Some(other), Some(biden)] = photos else { return };
    let folder = tempfile::tempdir().expect("folder");
    let descriptions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/packs");
    // A detector of fixed and one of open input size, without and with anti-spoofing networks.
    models.packs = ["yunet-retail-0095", "yunet-retail-0095-minifasnet"]
        .map(|name| {
            let out = folder.path().join(name);
            published::make(&descriptions.join(format!("{name}.toml")), Some(&networks), &out)
                .expect("a pack");
            out
        })
        .to_vec();
    let service = Running::start(&models, 1).await;
    let listed = service.client.get(format!("{}/v1/models", service.url)).send().await.expect("an answer");
    let listed: serde_json::Value = listed.json().await.expect("a list");
    let views: Vec<PackView> = serde_json::from_value(listed["items"].clone()).expect("packs");
    for (view, has_networks) in views.iter().zip([false, true]) {
        let query = format!("?liveness=passive&pack={}", view.id);
        let mut answers = vec![];
        for bytes in [&obama, &other, &biden] {
            let answer = service.faces(&query, bytes.clone()).await;
            assert_eq!((answer.faces.len(), &answer.model), (1, &view.id));
            let face = &answer.faces[0];
            assert!(face.quality.ok, "{}: {:?}", view.name, face.quality);
            let [left, right, nose, mouth_left, mouth_right] = face.landmarks;
            assert!(left[0] < nose[0] && nose[0] < right[0] && mouth_left[0] < mouth_right[0], "as seen");
            assert_eq!(face.embedding.as_ref().map(|embedding| embedding.0.len()), Some(view.dimensions));
            answers.push(answer);
        }
        assert!(score(&answers[0], &answers[1]) >= view.threshold, "{}", view.name);
        assert!(score(&answers[0], &answers[2]) < view.threshold, "{}", view.name);
        let off = service.faces(&format!("?pack={}", view.id), obama.clone()).await;
        assert_eq!(off.faces[0].liveness, None);
        let roles = view.files.iter().filter(|file| file.role == "liveness").count();
        assert_eq!(roles > 0, has_networks);
    }
}
