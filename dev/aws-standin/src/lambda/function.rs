//! A built binary as Lambda runs it.

use std::ffi::OsStr;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use super::fault::Fault;
use super::runtime_api::{Outcome, RuntimeApi};
use super::signal::signal;
use crate::deadline::in_time;

/// If something takes longer, the test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running function.
pub struct Function {
    process: Child,
    /// When its process was started.
    pub started: Instant,
    api: RuntimeApi,
    log: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Function {
    /// Starts a binary. Its environment has what Lambda sets, and `variables`.
    pub async fn start(name: &'static str, binary: impl AsRef<OsStr>, variables: &[(&str, &str)]) -> Self {
        let api = RuntimeApi::start(name).await;
        let started = Instant::now();
        let mut process = Command::new(binary)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
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
        Self { process, started, api, log, readers }
    }

    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.process.id().expect("it runs")
    }

    /// Waits until the function has started and asks for its first invocation.
    pub async fn asked_for_work(&mut self) {
        tokio::time::timeout(PATIENCE, self.api.asked.recv()).await.expect("the function does not start").unwrap();
    }

    /// Invokes the function with a deadline in 30 seconds, and returns its answer.
    pub async fn invoke(&mut self, event: &Value) -> Value {
        self.invoke_until(event, in_time(Duration::from_secs(30))).await
    }

    /// Invokes the function with a deadline in epoch milliseconds, and returns its answer.
    pub async fn invoke_until(&mut self, event: &Value, deadline: u64) -> Value {
        let answered = self.api.invoke(event, deadline);
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(Ok(answer))) => answer,
            Ok(Ok(Err(error))) => panic!("the function failed with {error}; its log:\n{}", self.log()),
            other => panic!("the function did not answer but {other:?}; its log:\n{}", self.log()),
        }
    }

    /// Invokes the function with a fault of its process. `None` if the process dies, or if it has not answered by the
    /// deadline: Lambda ends it then. After `None` the process is gone, and [`Function::ended`] returns its log.
    pub async fn attempt(&mut self, event: &Value, deadline: u64, fault: Option<Fault>) -> Option<Outcome> {
        let (answered, pid) = (self.api.invoke(event, deadline), self.pid());
        let end = UNIX_EPOCH + Duration::from_millis(deadline);
        let left = end.duration_since(SystemTime::now()).unwrap_or_default();
        let outcome = tokio::select! {
            outcome = answered => outcome.ok(),
            _ = self.process.wait() => None,
            () = tokio::time::sleep(left) => None,
            () = Fault::inject(fault, pid) => None,
        };
        if outcome.is_none() {
            self.kill().await;
        } else if matches!(fault, Some(Fault::Freeze { .. })) {
            self.thaw().await;
        }
        outcome
    }

    /// Kills the process. Does nothing if it has ended already.
    pub async fn kill(&mut self) {
        let _ = self.process.kill().await;
    }

    /// Stops the process, as Lambda does between two requests.
    pub async fn freeze(&self) {
        signal("STOP", self.pid()).await;
    }

    /// Continues a process that was stopped.
    pub async fn thaw(&self) {
        signal("CONT", self.pid()).await;
    }

    /// What the function wrote to stdout and stderr so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// The log's lines about requests. Waits up to two seconds until there is one for each invocation.
    pub async fn request_lines(&self) -> Vec<Value> {
        self.lines(self.api.count(), |line| line.get("request_id").is_some() && line.get("_aws").is_none()).await
    }

    /// The log's lines with metrics. Waits up to two seconds until there are `count`.
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

    /// Waits until the process has ended. Returns its exit status and its whole log.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A function that never asks for work.
    async fn idle() -> Function {
        Function::start("idle", "/bin/sleep", &[]).await
    }

    #[tokio::test]
    async fn a_process_that_dies_or_is_late_gives_no_answer() {
        let kill = Fault::Kill { after: Duration::from_millis(50) };
        let freeze = Fault::Freeze { after: Duration::ZERO, lasts: Duration::from_mins(1) };
        for (fault, most) in [(Some(kill), 1_000), (Some(freeze), 300), (None, 300)] {
            let mut function = idle().await;
            let start = Instant::now();
            let outcome = function.attempt(&json!({}), in_time(Duration::from_millis(most)), fault).await;
            assert_eq!(outcome, None, "{fault:?}");
            assert!(start.elapsed() < Duration::from_secs(5), "{fault:?}");
            assert!(!function.ended().await.0.success(), "{fault:?}");
        }
    }
}
