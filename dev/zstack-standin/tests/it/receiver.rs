//! A webhook that keeps what it gets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;

/// A request that arrived.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub method: String,
    pub target: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Arrived {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Debug, Default)]
struct Inner {
    arrived: Vec<Arrived>,
    /// The statuses of the next answers; then 200.
    statuses: Vec<u16>,
}

/// A webhook. It answers `taken`.
#[derive(Clone, Debug)]
pub struct Receiver {
    pub url: String,
    inner: Arc<Mutex<Inner>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/zstack", listener.local_addr().unwrap());
        let inner = Arc::<Mutex<Inner>>::default();
        let router = Router::new().fallback(keep).with_state(Arc::clone(&inner));
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { url, inner }
    }

    /// The next requests are answered with these statuses.
    pub fn answers(&self, statuses: &[u16]) {
        self.inner.lock().unwrap().statuses = statuses.to_vec();
    }

    /// The next one that arrives, or has arrived.
    pub async fn next(&self) -> Arrived {
        let arrived = async {
            loop {
                let mut found = self.take();
                if !found.is_empty() {
                    assert_eq!(found.len(), 1, "{found:?}");
                    return found.remove(0);
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), arrived).await.unwrap()
    }

    /// What arrived since the last call.
    pub fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut self.inner.lock().unwrap().arrived)
    }
}

async fn keep(
    State(inner): State<Arc<Mutex<Inner>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let mut inner = inner.lock().unwrap();
    inner.arrived.push(Arrived {
        method: method.to_string(),
        target: uri.to_string(),
        headers: headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let status = if inner.statuses.is_empty() { 200 } else { inner.statuses.remove(0) };
    (StatusCode::from_u16(status).unwrap(), "taken")
}
