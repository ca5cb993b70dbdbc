//! What is wrong with a configuration is said by file and key, and what to do; secrets are never shown.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use camera::config::{Flags, SourceConfig, read};

const FEED: &str = "6f3a1d0e-3f0a-4a47-9a0f-1f8f3c1f2a10";

fn write(file: &Path, text: &str, mode: u32) {
    fs::write(file, text).expect("written");
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("mode");
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("token"), "the-token\n", 0o600);
    write(&folder.path().join("open-token"), "the-token\n", 0o644);
    write(&folder.path().join("password"), "hu'sh 1\n", 0o600);
    folder
}

fn configured(source: &str) -> String {
    format!(
        "server = \"https://attendance.example.org\"\n[[camera]]\nfeed = \"{FEED}\"\ntoken_file = \"token\"\n\
         [camera.source]\n{source}\n"
    )
}

#[test]
fn every_mistake_is_named_with_file_and_key() {
    let folder = folder();
    let file = folder.path().join("camera.toml");
    let good = configured("kind = \"webcam\"");
    let cases: Vec<(String, &[&str])> = vec![
        (good.replace("server =", "servr ="), &["line 1", "`servr`", "expected one of"]),
        (good.replace("\"https://attendance.example.org\"", "5"), &["line 1", "`server`", "string"]),
        (good.replace("https://", "ftp://"), &["`server`", "https://"]),
        (good.replace("https://", "https://u:hush@"), &["`server`", "token_file"]),
        (good.replace("server =", "ca_file = \"ca.pem\"\nserver ="), &["`ca_file`", "there is no file"]),
        (good.replace(FEED, "gate"), &["`camera 1.feed`", "feed's page"]),
        (good.replace("\"token\"", "\"missing\""), &["`camera 1.token_file`", "missing"]),
        (good.replace("\"token\"", "\"open-token\""), &["`camera 1.token_file`", "chmod 600"]),
        (good.replace("token_file = \"token\"\n", ""), &["`camera 1.token_file`", "600"]),
        (good.replace("webcam", "webcan"), &["`camera 1.source.kind`", "`rtsp`"]),
        (configured("kind = \"webcam\"\nurl = \"x\""), &["`camera 1.source.url`", "device"]),
        (configured("kind = \"webcam\"\ncolour = 1"), &["line 7", "`colour`"]),
        (configured("kind = \"rtsp\""), &["`camera 1.source.url`"]),
        (configured("kind = \"rtsp\"\nurl = \"http://x/\""), &["`camera 1.source.url`", "rtsp://"]),
        (configured("kind = \"rtsp\"\nurl = \"no address\""), &["`camera 1.source.url`", "rtsp://192.0.2.7"]),
        (
            configured("kind = \"rtsp\"\nurl = \"rtsp://x/\"\nuser = \"a\""),
            &["source.user`", "password_file"],
        ),
        (
            configured("kind = \"rtsp\"\nurl = \"rtsp://x/\"\ntransport = \"quic\""),
            &["`camera 1.source.transport`", "udp"],
        ),
        (configured("kind = \"file\"\npath = \"none.mp4\""), &["`camera 1.source.path`", "none.mp4"]),
        (configured("kind = \"folder\"\npath = \"token\""), &["`camera 1.source.path`", "no folder"]),
        (configured("kind = \"folder\"\npath = \".\"\nfps = 0"), &["`camera 1.source.fps`", "0.05"]),
        ("server = \"https://x\"\n".to_owned(), &["`camera`", "[[camera]]"]),
        (format!("{good}{}", good.split_once('\n').expect("lines").1), &["`camera 2.feed`", "two cameras"]),
        (good.replace("[[camera]]", "[[camera"), &["line 2"]),
    ];
    for (text, words) in cases {
        write(&file, &text, 0o600);
        let error = read(&file).expect_err(&text).to_string();
        assert!(error.contains("camera.toml"), "{error}");
        for word in words {
            assert!(error.contains(word), "`{word}` is not in: {error}");
        }
    }
    let missing = read(&folder.path().join("nothing.toml")).expect_err("no file").to_string();
    assert!(missing.contains("nothing.toml") && missing.contains("--config"), "{missing}");
}

#[test]
fn secrets_want_a_private_file_and_are_never_shown() {
    let folder = folder();
    let file = folder.path().join("camera.toml");
    let url = configured("kind = \"rtsp\"\nurl = \"rtsp://admin:hush@10.0.0.7/x\"");
    let token = configured("kind = \"webcam\"").replace("token_file = \"token\"", "token = \"hush\"");
    for text in [&url, &token] {
        write(&file, text, 0o644);
        let error = read(&file).expect_err("readable by others").to_string();
        assert!(error.contains("chmod 600") && !error.contains("hush"), "{error}");
        write(&file, text, 0o600);
        let config = read(&file).expect("private");
        assert!(!format!("{config:?}").contains("hush"), "{config:?}");
    }
    for broken in [token.replace("\"hush\"", "\"hush"), token.replace("\"hush\"", "[\"hush\"]")] {
        write(&file, &broken, 0o600);
        let error = read(&file).expect_err("broken").to_string();
        assert!(!error.contains("hush") && error.contains("line 4"), "{error}");
    }
}

#[test]
fn user_and_password_file_become_part_of_the_address() {
    let folder = folder();
    let file = folder.path().join("camera.toml");
    let text = configured(
        "kind = \"rtsp\"\nurl = \"rtsp://10.0.0.7/x\"\nuser = \"ad:min\"\npassword_file = \"password\"",
    );
    write(&file, &text, 0o644);
    let config = read(&file).expect("a configuration");
    let SourceConfig::Rtsp(rtsp) = &config.cameras[0].source else { panic!("an RTSP camera") };
    let (user, password) = rtsp.url.credentials().expect("credentials");
    assert_eq!((user.as_str(), password.reveal()), ("ad:min", "hu'sh 1"));
    assert!(!format!("{config:?}").contains("hu"), "{config:?}");
}

#[test]
fn the_example_is_a_configuration() {
    let folder = folder();
    let text = include_str!("../camera.toml.example");
    let file = folder.path().join("camera.toml");
    write(&file, text, 0o600);
    let config = read(&file).expect("the example as it is");
    assert_eq!(config.cameras.len(), 1);
}

#[test]
fn flags_and_environment_lead_to_one_camera() {
    let folder = folder();
    let flags = Flags {
        server: Some("http://127.0.0.1:8080".to_owned()),
        feed: Some(FEED.to_owned()),
        source: Some("webcam:1".to_owned()),
        ..Flags::default()
    };
    let none = |_: &str| None;
    let token = |name: &str| (name == "ATTENDANCE_CAMERA_TOKEN").then(|| "t".to_owned());
    let config = flags.config_with(token).expect("a configuration");
    assert!(matches!(&config.cameras[0].source, SourceConfig::Webcam(webcam) if webcam.device == 1));
    let refused = |flags: Flags| flags.config_with(none).expect_err("refused").to_string();
    assert!(refused(flags.clone()).contains("ATTENDANCE_CAMERA_TOKEN"));
    let shown = refused(Flags { token: Some("hush".to_owned()), ..flags.clone() });
    assert!(shown.contains("--token-file") && !shown.contains("hush"), "{shown}");
    let with_token = Flags { token_file: Some(folder.path().join("token")), ..flags };
    let source = |text: &str| Flags { source: Some(text.to_owned()), ..with_token.clone() };
    let shown = refused(source("rtsp://admin:hush@10.0.0.7/x"));
    assert!(shown.contains("ATTENDANCE_CAMERA_SOURCE") && !shown.contains("hush"), "{shown}");
    assert!(refused(source("webcam:x")).contains("list"));
    assert!(refused(source("/nothing/here")).contains("webcam:NUMBER"));
    assert!(refused(Flags { feed: Some("gate".to_owned()), ..with_token.clone() }).contains("--feed"));
    let hidden =
        |name: &str| (name == "ATTENDANCE_CAMERA_SOURCE").then(|| "rtsp://admin:hush@10.0.0.7/x".to_owned());
    let flags = Flags { source: None, ..with_token.clone() };
    assert!(matches!(
        flags.config_with(hidden).expect("a configuration").cameras[0].source,
        SourceConfig::Rtsp(_)
    ));
    let listed = source(folder.path().to_str().expect("a name")).config_with(none).expect("a configuration");
    assert!(matches!(&listed.cameras[0].source, SourceConfig::Folder(folder) if folder.looped));
}
