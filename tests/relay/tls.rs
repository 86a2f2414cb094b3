//! TLS, with SSM and with Flashduty: whom the function trusts.

use std::path::PathBuf;
use std::time::Duration;

use aws_standin::in_time;
use aws_standin::ssm::Ssm;
use aws_standin::tls::Identity;
use flashduty_standin::{Options, Standin};

use crate::support::{KEY, KEY_IN_URL, PUSH_URL_PARAMETER, TOKEN, TOKEN_PARAMETER, World, relay, sample};

/// A file that goes with its test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
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
async fn a_private_authority_is_trusted_for_all_connections_where_ssl_cert_file_names_it() {
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
async fn nobody_else_is_trusted() {
    let identity = Identity::new();
    let flashduty = flashduty_as(&identity).await;
    let push_url = flashduty.push_url("standard", KEY_IN_URL);
    // One authority that is not Flashduty's, and Mozilla's.
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

#[tokio::test]
async fn a_file_without_certificates_keeps_the_function_from_starting() {
    let nothing = File::new("nothing", "no certificate");
    let variables = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("FLASHDUTY_PUSH_URL_PARAMETER", PUSH_URL_PARAMETER),
        ("WEBHOOK_TOKEN_PARAMETER", TOKEN_PARAMETER),
        ("SSL_CERT_FILE", nothing.path()),
    ];
    let (status, log) = relay(&variables).await.ended().await;
    assert!(!status.success() && log.contains("SSL_CERT_FILE"), "{log}");
}
