//! A built binary under a stand-in for Lambda's Runtime API.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::mishap::{self, Mishap};

/// How long anything here may take before the test fails.
const PATIENCE: Duration = Duration::from_mins(1);

struct Invocation {
    id: String,
    event: String,
    deadline: u64,
}

type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Result<Value, Value>>>>>;

#[derive(Clone)]
struct Api {
    name: &'static str,
    asked: mpsc::UnboundedSender<()>,
    next: Arc<AsyncMutex<mpsc::UnboundedReceiver<Invocation>>>,
    waiting: Waiting,
}

/// A running function.
pub struct Function {
    process: Child,
    /// When its process was started.
    pub started: Instant,
    invocations: mpsc::UnboundedSender<Invocation>,
    waiting: Waiting,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
    asked: mpsc::UnboundedReceiver<()>,
    count: usize,
}

impl Function {
    /// Starts a binary with nothing in its environment but what Lambda sets, and `variables`.
    pub async fn start(name: &'static str, binary: impl AsRef<OsStr>, variables: &[(&str, &str)]) -> Self {
        let (invocations, next) = mpsc::unbounded_channel();
        let waiting = Waiting::default();
        let (ask, asked) = mpsc::unbounded_channel();
        let api = Api { name, asked: ask, next: Arc::new(AsyncMutex::new(next)), waiting: waiting.clone() };
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(serve_next))
            .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(take_outcome))
            .with_state(api);
        let address = crate::serve(routes).await;

        let started = Instant::now();
        let mut process = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let readers = vec![
            collect(process.stdout.take().unwrap(), log.clone()),
            collect(process.stderr.take().unwrap(), log.clone()),
        ];
        Self { process, started, invocations, waiting, log, readers, asked, count: 0 }
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.process.id().expect("it runs")
    }

    /// Waits until the function is through with its start.
    pub async fn asked_for_work(&mut self) {
        tokio::time::timeout(PATIENCE, self.asked.recv()).await.expect("the function does not start").unwrap();
    }

    /// Invokes the function, with Lambda's deadline in half a minute, and gives its answer.
    pub async fn invoke(&mut self, event: &Value) -> Value {
        let deadline = SystemTime::now() + Duration::from_secs(30);
        self.invoke_until(event, u64::try_from(deadline.duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()).await
    }

    /// Invokes the function with a deadline in epoch milliseconds.
    pub async fn invoke_until(&mut self, event: &Value, deadline: u64) -> Value {
        let answered = self.hand_over(event, deadline);
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(Ok(answer))) => answer,
            Ok(Ok(Err(error))) => panic!("the function failed with {error}; its log:\n{}", self.log()),
            other => panic!("the function did not answer but {other:?}; its log:\n{}", self.log()),
        }
    }

    /// The same where the process may not live until it answers: `None` where it dies, or has not answered by the
    /// deadline, when Lambda ends it. Then the process is gone, and [`Function::ended`] gives its log.
    pub async fn attempt(
        &mut self,
        event: &Value,
        deadline: u64,
        mishap: Option<Mishap>,
    ) -> Option<Result<Value, Value>> {
        let (answered, pid) = (self.hand_over(event, deadline), self.pid());
        let end = UNIX_EPOCH + Duration::from_millis(deadline);
        let left = end.duration_since(SystemTime::now()).unwrap_or_default();
        let outcome = tokio::select! {
            outcome = answered => outcome.ok(),
            _ = self.process.wait() => None,
            () = tokio::time::sleep(left) => None,
            () = Mishap::befall(mishap, pid) => None,
        };
        if outcome.is_none() {
            self.kill().await;
        } else if matches!(mishap, Some(Mishap::Freeze { .. })) {
            self.thaw().await;
        }
        outcome
    }

    /// Ends the process without a warning. Nothing happens where it has ended already.
    pub async fn kill(&mut self) {
        let _ = self.process.kill().await;
    }

    /// Lets the process stand still, as Lambda does between two requests.
    pub async fn freeze(&self) {
        mishap::signal("STOP", self.pid()).await;
    }

    /// Lets it go on.
    pub async fn thaw(&self) {
        mishap::signal("CONT", self.pid()).await;
    }

    fn hand_over(&mut self, event: &Value, deadline: u64) -> oneshot::Receiver<Result<Value, Value>> {
        self.count += 1;
        let id = format!("request-{}", self.count);
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id.clone(), answer);
        self.invocations.send(Invocation { id, event: event.to_string(), deadline }).unwrap();
        answered
    }

    /// What the function wrote so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The log's lines about requests, once there are as many as there were invocations.
    pub async fn request_lines(&self) -> Vec<Value> {
        self.lines(self.count, |line| line.get("request_id").is_some() && line.get("_aws").is_none()).await
    }

    /// The metrics' lines, once there are so many.
    pub async fn metrics(&self, count: usize) -> Vec<Value> {
        self.lines(count, |line| line.get("_aws").is_some()).await
    }

    async fn lines(&self, count: usize, wanted: fn(&Value) -> bool) -> Vec<Value> {
        let lines = || -> Vec<Value> {
            let lines = self.log();
            let lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.filter(wanted).collect()
        };
        for _ in 0..100 {
            if lines().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        lines()
    }

    /// Waits for a function that does not start, or was killed: how it ended, and what it wrote.
    pub async fn ended(mut self) -> (ExitStatus, String) {
        let status = tokio::time::timeout(PATIENCE, self.process.wait()).await.expect("the function runs on").unwrap();
        for reader in self.readers.drain(..) {
            reader.await.unwrap();
        }
        (status, self.log())
    }
}

fn collect(output: impl tokio::io::AsyncRead + Unpin + Send + 'static, log: Arc<Mutex<String>>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    })
}

async fn serve_next(State(api): State<Api>) -> impl IntoResponse {
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

async fn take_outcome(
    State(api): State<Api>,
    Path((id, outcome)): Path<(String, String)>,
    body: Bytes,
) -> &'static str {
    let body = serde_json::from_slice(&body).unwrap_or_default();
    if let Some(answer) = api.waiting.lock().unwrap().remove(&id) {
        let _ = answer.send(if outcome == "response" { Ok(body) } else { Err(body) });
    }
    "{}"
}
