//! A stand-in for Lambda's Runtime API, for one function.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use crate::serve::serve;

/// What a function made of an invocation: its answer, or its error.
pub(super) type Outcome = Result<Value, Value>;

/// A running API.
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    /// Receives something each time the function asks for its next invocation.
    pub(super) asked: mpsc::UnboundedReceiver<()>,
    invocations: mpsc::UnboundedSender<Invocation>,
    waiting: Waiting,
    count: usize,
}

struct Invocation {
    id: String,
    event: String,
    deadline: u64,
}

type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Outcome>>>>;

#[derive(Clone)]
struct Api {
    name: &'static str,
    asked: mpsc::UnboundedSender<()>,
    next: Arc<AsyncMutex<mpsc::UnboundedReceiver<Invocation>>>,
    waiting: Waiting,
}

impl RuntimeApi {
    /// Starts the API of the function with this name.
    pub(super) async fn start(name: &'static str) -> Self {
        let (invocations, next) = mpsc::unbounded_channel();
        let waiting = Waiting::default();
        let (ask, asked) = mpsc::unbounded_channel();
        let api = Api { name, asked: ask, next: Arc::new(AsyncMutex::new(next)), waiting: waiting.clone() };
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next_invocation))
            .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(outcome))
            .with_state(api);
        Self { address: serve(routes).await, asked, invocations, waiting, count: 0 }
    }

    /// Queues an event with a deadline in epoch milliseconds. The receiver gets the outcome.
    pub(super) fn invoke(&mut self, event: &Value, deadline: u64) -> oneshot::Receiver<Outcome> {
        self.count += 1;
        let id = format!("request-{}", self.count);
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id.clone(), answer);
        self.invocations.send(Invocation { id, event: event.to_string(), deadline }).unwrap();
        answered
    }

    /// How many events were queued so far.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

async fn next_invocation(State(api): State<Api>) -> impl IntoResponse {
    let _ = api.asked.send(());
    let invocation = api.next.lock().await.recv().await;
    let Some(Invocation { id, event, deadline }) = invocation else { std::future::pending().await };
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", format!("arn:aws:lambda:us-east-1:123456789012:function:{}", api.name)),
    ];
    (headers, event)
}

async fn outcome(State(api): State<Api>, Path((id, kind)): Path<(String, String)>, body: Bytes) -> &'static str {
    let body = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(answer) = api.waiting.lock().unwrap().remove(&id) {
        let _ = answer.send(if kind == "response" { Ok(body) } else { Err(body) });
    }
    "{}"
}
