//! Connections that are kept open, and connections that Flashduty has closed.
//!
//! Lambda freezes the process between requests. Meanwhile, Flashduty may close an idle connection.

mod ahead;
mod dead;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_standin::in_time;
use flashduty_standin::{Options, Standin};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{World, sample};

/// When the server closes a connection. The first request on it is answered normally.
#[derive(Clone, Copy, Debug)]
enum Close {
    /// Right after the first answer.
    AfterAnswer,
    /// In the middle of the next request.
    InRequest,
    /// In the middle of the next answer.
    InAnswer,
}

const BODY: &str = r#"{"request_id": "r", "data": {"alert_key": "k"}}"#;

async fn serve(close: Close, connections: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{BODY}", BODY.len());
                read_request(&mut stream).await;
                stream.write_all(answer.as_bytes()).await.unwrap();
                match close {
                    Close::AfterAnswer => {}
                    Close::InRequest => {
                        let _ = stream.read(&mut [0; 20]).await;
                    }
                    Close::InAnswer => {
                        read_request(&mut stream).await;
                        let _ = stream.write_all(&answer.as_bytes()[..answer.len() - 10]).await;
                    }
                }
            });
        }
    });
    format!("http://{address}/event/push/alert/standard?integration_key=sample%20key%2F1")
}

/// Reads one request to its end. Says whether it came to its end.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    loop {
        let mut chunk = [0; 4_096];
        let n = stream.read(&mut chunk).await.unwrap_or_default();
        request.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or_default() {
                return true;
            }
        }
        if n == 0 {
            return false;
        }
    }
}

#[tokio::test]
async fn a_push_on_a_connection_that_flashduty_closed_is_sent_again_at_once() {
    for close in [Close::AfterAnswer, Close::InRequest, Close::InAnswer] {
        let connections = Arc::default();
        let url = serve(close, Arc::clone(&connections)).await;
        let mut world = World::pushing_to(Standin::start(Options::default()).await.unwrap(), &url, &[]).await;
        for _ in 0..6 {
            assert_eq!(world.send(&sample("alarm")).await.0, 200, "{close:?}");
        }
        let lines = world.function.request_lines().await;
        assert!(
            lines.iter().all(|line| line["attempts"] == 1),
            "{close:?}: it does not count as an attempt: {lines:?}"
        );
        assert!(
            lines.iter().all(|line| line["ms"].as_u64().unwrap() < 200),
            "{close:?}: there is no pause before it: {lines:?}"
        );
        assert_eq!(connections.load(Ordering::Relaxed), 6, "{close:?}: a new connection for each");
        world.end();
    }
}

/// A redirect would send the credential to another server.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Standin::start(Options::default()).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let redirects = format!("http://{}/event/push/alert/standard?integration_key=k", listener.local_addr().unwrap());
    let location = elsewhere.push_url("standard", "k");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            read_request(&mut stream).await;
            let answer = format!("HTTP/1.1 307 Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let flashduty = Standin::start(Options::default()).await.unwrap();
    let mut world = World::pushing_to(flashduty, &redirects, &[]).await;
    let (status, body) = world.send_until(&sample("alarm"), in_time(Duration::from_millis(1_500))).await;
    assert_eq!((status, &body["error"]["code"]), (503, &json!("FlashdutyUnavailable")), "{body}");
    assert!(body["error"]["message"].as_str().unwrap().contains("redirect, which is not followed"), "{body}");
    assert!(elsewhere.received().is_empty());
    world.end();
}

#[tokio::test]
async fn connections_are_kept_open_between_pushes() {
    let mut world = World::new().await;
    for _ in 0..5 {
        assert_eq!(world.send(&sample("alarm")).await.0, 200);
    }
    assert_eq!(world.flashduty.connections(), 1);
    world.end();
}
