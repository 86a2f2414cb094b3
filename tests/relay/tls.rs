//! TLS to SSM and Flashduty: which certificates the function trusts.

use std::path::PathBuf;
use std::time::Duration;

use aws_standin::in_time;
use aws_standin::ssm::Ssm;
use aws_standin::tls::Identity;
use flashduty_standin::{Options, Standin};

use crate::support::{KEY, KEY_IN_URL, PUSH_URL_PARAMETER, TOKEN, TOKEN_PARAMETER, World, relay, sample};

/// A file that is removed when it is dropped.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = std::env::temp_dir().join(format!("zstack-flashduty-{name}-{}.pem", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

async fn flashduty_as(identity: &Identity) -> Standin {
    let (keys, tls) = (vec![KEY.to_owned()], Some(identity.acceptor.clone()));
    Standin::start(Options { keys, tls, ..Options::default() }).await.unwrap()
}

#[tokio::test]
async fn a_private_authority_in_ssl_cert_file_is_trusted_for_all_connections() {
    let identity = Identity::new();
    let authority = File::new("authority", &identity.authority);
    let flashduty = flashduty_as(&identity).await;
    let push_url = flashduty.push_url("standard", KEY_IN_URL);
    let ssm = Ssm::default();
    ssm.put(PUSH_URL_PARAMETER, &push_url);
    ssm.put(TOKEN_PARAMETER, TOKEN);
    let ssm_url = identity.serve(ssm.routes()).await;
    let variables = [("SSL_CERT_FILE", authority.path()), ("AWS_ENDPOINT_URL_SSM", &ssm_url)];
    let mut world = World::pushing_to(flashduty, &push_url, &variables).await;
    for _ in 0..3 {
        assert_eq!(world.send(&sample("alarm")).await.0, 200);
    }
    assert_eq!((ssm.calls().len(), world.ssm.calls().len()), (1, 0));
    assert_eq!(world.flashduty.connections(), 1, "it is kept open");
    world.end();
}

#[tokio::test]
async fn no_other_authority_is_trusted() {
    let identity = Identity::new();
    let flashduty = flashduty_as(&identity).await;
    let push_url = flashduty.push_url("standard", KEY_IN_URL);
    // First a private authority that is not Flashduty's, then Mozilla's authorities.
    let stranger = File::new("stranger", &Identity::new().authority);
    let mut world = World::pushing_to(flashduty, &push_url, &[("SSL_CERT_FILE", stranger.path())]).await;
    for restarted in [false, true] {
        let (status, body) = world.send_until(&sample("alarm"), in_time(Duration::from_secs(3))).await;
        assert_eq!(status, 503, "{restarted}");
        let message = body["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("localhost cannot be reached") && message.contains("invalid peer certificate"),
            "{message}"
        );
        world.restart_with(&[("SSL_CERT_FILE", "")]).await;
    }
    assert!(world.flashduty.received().is_empty());
    world.end();
}

/// On Windows, a file may have a byte order mark and CR LF, and PowerShell writes UTF-16.
#[tokio::test]
async fn an_authority_is_trusted_in_any_encoding_of_its_file() {
    let identity = Identity::new();
    let text = format!("# ours\n\n{}", identity.authority);
    let utf_16 = || text.encode_utf16();
    for (name, written) in [
        ("bom", format!("\u{feff}{}", identity.authority).into_bytes()),
        ("crlf", format!("\u{feff}{}", identity.authority.replace('\n', "\r\n")).into_bytes()),
        ("little", [0xFF, 0xFE].into_iter().chain(utf_16().flat_map(u16::to_le_bytes)).collect()),
        ("big", [0xFE, 0xFF].into_iter().chain(utf_16().flat_map(u16::to_be_bytes)).collect()),
        ("among", format!("{text}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").into_bytes()),
    ] {
        let authority = File::new(name, &written);
        let flashduty = flashduty_as(&identity).await;
        let push_url = flashduty.push_url("standard", KEY_IN_URL);
        let mut world = World::pushing_to(flashduty, &push_url, &[("SSL_CERT_FILE", authority.path())]).await;
        assert_eq!(world.send(&sample("alarm")).await.0, 200, "{name}");
        world.end();
    }
}

#[tokio::test]
async fn a_folder_of_certificates_may_contain_other_files() {
    let identity = Identity::new();
    let folder = std::env::temp_dir().join(format!("zstack-flashduty-folder-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("another")).unwrap();
    std::fs::write(folder.join("README"), "no certificate").unwrap();
    std::fs::write(folder.join("ours.pem"), format!("\u{feff}{}", identity.authority)).unwrap();
    std::os::unix::fs::symlink("ours.pem", folder.join("5ed36f99.0")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.join("dangling")).unwrap();
    let folders = format!("/nowhere/at/all::{}", folder.display());
    let stranger = File::new("beside", Identity::new().authority);
    for file in ["", stranger.path()] {
        let flashduty = flashduty_as(&identity).await;
        let push_url = flashduty.push_url("standard", KEY_IN_URL);
        let variables = [("SSL_CERT_FILE", file), ("SSL_CERT_DIR", &folders)];
        let mut world = World::pushing_to(flashduty, &push_url, &variables).await;
        assert_eq!(world.send(&sample("alarm")).await.0, 200, "{file}");
        assert!(world.function.log().contains("/nowhere/at/all cannot be read"), "{}", world.function.log());
        world.end();
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// It may be a private key or a token by mistake. The log contains its name, and nothing of its contents.
#[tokio::test]
async fn a_file_without_certificates_keeps_the_function_from_starting() {
    for (name, text) in [
        ("empty", ""),
        ("words", "a-secret"),
        ("marked", "\u{feff}a-secret"),
        ("open", "-----BEGIN CERTIFICATE-----\na-secret\n"),
        ("label", "-----BEGIN a-secret-----\nAAAA\n"),
        ("start", "-----BEGIN a-secret"),
        ("dash", "-----BEGIN CERTIFICATE----- a-secret\nAAAA\n-----END CERTIFICATE-----\n"),
        ("body", "-----BEGIN CERTIFICATE-----\na-secret!\n-----END CERTIFICATE-----\n"),
        ("other", "-----BEGIN CERTIFICATE-----\nYS1zZWNyZXQ=\n-----END CERTIFICATE-----\n"),
        ("key", "-----BEGIN PRIVATE KEY-----\na-secret\n-----END PRIVATE KEY-----\n"),
    ] {
        let file = File::new(name, text);
        let log = does_not_start(&[("SSL_CERT_FILE", file.path())]).await;
        assert!(log.contains("SSL_CERT_FILE") && log.contains(file.path()), "{name}: {log}");
        // As it is, in base64, and as Rust prints an array of bytes.
        for form in ["a-secret", "YS1z", "97, 45, 115"] {
            assert!(!log.contains(form), "{name}: {log}");
        }
    }
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let log = does_not_start(&[(variable, "/nowhere/at/all")]).await;
        assert!(log.contains("/nowhere/at/all") && log.contains("No such file"), "{log}");
    }
}

async fn does_not_start(variables: &[(&str, &str)]) -> String {
    let others = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("FLASHDUTY_PUSH_URL_PARAMETER", PUSH_URL_PARAMETER),
        ("WEBHOOK_TOKEN_PARAMETER", TOKEN_PARAMETER),
    ];
    let (status, log) = relay(&[&others, variables].concat()).await.ended().await;
    assert!(!status.success(), "{log}");
    log
}
