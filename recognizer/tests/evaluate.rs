//! The evaluation on photos that set-up fetched, and on the clips where they are there.

mod support;

use std::{fs, path::PathBuf};

use recognizer::evaluate::{evaluate, trial::evaluate_clips};

#[test]
fn photos_of_two_people_are_told_apart_and_everything_is_written() {
    let (Some(models), Some(first), Some(second), Some(other)) = (
        support::models(),
        support::photo("obama.jpg"),
        support::photo("obama2.jpg"),
        support::photo("biden.jpg"),
    ) else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let grey = support::jpeg(&image::RgbImage::from_pixel(200, 200, image::Rgb([90; 3])));
    for (name, bytes) in [("a_1.jpg", first), ("a_2.jpg", second), ("b_1.jpg", other), ("c_1.jpg", grey)] {
        fs::write(folder.path().join(name), bytes).expect("a picture");
    }
    let pairs = folder.path().join("pairs.csv");
    let lines = "a,b,same,fold\na_1.jpg,a_2.jpg,1,1\na_1.jpg,b_1.jpg,0,1\na_2.jpg,a_1.jpg,1,2\na_2.jpg,b_1.jpg,0,2\nb_1.jpg,c_1.jpg,0,2\n";
    fs::write(&pairs, lines).expect("the pairs");

    let report = evaluate(&models, &pairs, folder.path()).expect("a report");
    assert_eq!((report.pictures, report.identities, report.folds), (4, 3, 2));
    assert_eq!(report.not_acquired, ["c_1.jpg"]);
    assert_eq!(report.accuracy.0, 1.0);
    let out = folder.path().join("out");
    report.write(&out).expect("files");
    let written = |name: &str| fs::read_to_string(out.join(name)).expect(name);
    assert_eq!(written("failures.txt"), "c_1.jpg\n");
    assert!(written("roc.csv").lines().count() > 2);
    assert!(written("roc.svg").contains("false match rate"));
    assert!(written("report.txt").contains("2 folds of the file"));

    fs::remove_file(folder.path().join("b_1.jpg")).expect("the picture");
    let error = evaluate(&models, &pairs, folder.path()).expect_err("a picture is missing");
    assert!(
        error.to_string().contains("1 of 4 pictures") && error.to_string().contains("b_1.jpg"),
        "{error}"
    );
}

/// Five people with two clips each: all are recognised in their second clip within 0.7 s of video, and nobody is
/// named in any clip of theirs when they are not enrolled.
#[test]
fn on_the_clips_everybody_is_recognised_and_no_stranger_is_named() {
    let shared = std::env::var_os("ATTENDANCE_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"));
    let clips = shared.join("data/clips");
    if !clips.join("labels.csv").exists() {
        eprintln!("skipped: the clips in {} are missing", clips.display());
        return;
    }
    if std::process::Command::new("ffmpeg").arg("-version").output().is_err() {
        eprintln!("skipped: ffmpeg is missing");
        return;
    }
    let Some(models) = support::models() else { return };
    let report = evaluate_clips(&models, &clips).expect("a report");
    assert_eq!((report.recognised().count(), report.with_one_left_out().count()), (5, 50), "{report}");
    for outcome in report.recognised() {
        assert!(outcome.time_to_name().is_some_and(|seconds| seconds <= 0.7), "{report}");
    }
    assert!(!report.outcomes.iter().any(|outcome| outcome.is_false_accept()), "{report}");
}
