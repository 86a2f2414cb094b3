//! Relay processes as Lambda runs them, and a ZStack that sends messages to them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_standin::in_time;
use aws_standin::lambda::{Fault, Function};
use fastrand::Rng;
use serde_json::Value;

use super::{RELAY_TIMEOUT, as_variables, assert_no_secret, relay, status_and_body};

/// How often ZStack sends a message.
const TRIES: usize = 5;
/// ZStack waits a second between two attempts.
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// Each process handles one request at a time. If all are busy, another one is started.
pub struct Pool {
    variables: Vec<(String, String)>,
    free: Mutex<Vec<Function>>,
    /// The logs of processes that have ended.
    logs: Mutex<String>,
    pub kills: AtomicU64,
    pub freezes: AtomicU64,
    pub requests: AtomicU64,
}

impl Pool {
    /// A pool without processes. Each process will have this environment.
    pub fn new(variables: &[(String, String)]) -> Self {
        Self {
            variables: variables.to_vec(),
            free: Mutex::default(),
            logs: Mutex::default(),
            kills: AtomicU64::new(0),
            freezes: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        }
    }

    /// Sends one message as ZStack does: a 2xx is a success, everything else is retried, and after [`TRIES`] the message
    /// is given up. Returns every answer; `None` for a process that died.
    pub async fn send(&self, event: &Value, rng: &mut Rng) -> Vec<Option<(u64, Value)>> {
        let mut answers = Vec::new();
        for _ in 0..TRIES {
            let answer = self.request(event, rng).await;
            let is_success = answer.as_ref().is_some_and(|(status, _)| (200..300).contains(status));
            answers.push(answer);
            if is_success {
                break;
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        answers
    }

    /// Sends one request to any free process. The process may be killed or frozen during the request or after it.
    async fn request(&self, event: &Value, rng: &mut Rng) -> Option<(u64, Value)> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let idle = {
            let mut free = self.free.lock().unwrap();
            let chosen = if free.is_empty() { None } else { Some(rng.usize(..free.len())) };
            chosen.map(|chosen| free.swap_remove(chosen))
        };
        let mut function = match idle {
            Some(function) => function,
            None => relay(&as_variables(&self.variables)).await,
        };
        function.thaw().await;
        let (fault, start) = (process_fault(rng), Instant::now());
        let outcome = function.attempt(event, in_time(RELAY_TIMEOUT), fault).await;
        self.count(fault, start.elapsed(), outcome.is_none());
        let Some(outcome) = outcome else {
            self.keep_log(function).await;
            return None;
        };
        let answer = outcome.unwrap_or_else(|error| panic!("the relay failed with {error}:\n{}", function.log()));
        assert_no_secret(&answer.to_string());
        match rng.u8(..20) {
            0 => {
                self.kills.fetch_add(1, Ordering::Relaxed);
                function.kill().await;
                self.keep_log(function).await;
            }
            choice => {
                if choice < 8 {
                    self.freezes.fetch_add(1, Ordering::Relaxed);
                    function.freeze().await;
                }
                self.free.lock().unwrap().push(function);
            }
        }
        Some(status_and_body(&answer))
    }

    /// Counts the fault of a process during a request or a batch that took this long.
    pub fn count(&self, fault: Option<Fault>, took: Duration, died: bool) {
        if died {
            self.kills.fetch_add(1, Ordering::Relaxed);
        }
        if matches!(fault, Some(Fault::Freeze { after, .. }) if after < took) {
            self.freezes.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn keep_log(&self, function: Function) {
        let (_, log) = function.ended().await;
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).push_str(&log);
    }

    /// Ends all processes, and returns the logs of all that ever ran. They contain no secrets.
    pub async fn end(&self) -> String {
        let free = std::mem::take(&mut *self.free.lock().unwrap());
        for mut function in free {
            function.kill().await;
            self.keep_log(function).await;
        }
        let log = std::mem::take(&mut *self.logs.lock().unwrap());
        assert!(!log.is_empty(), "nothing was logged");
        assert_no_secret(&log);
        log
    }
}

/// A random fault; mostly none. Most requests take a few milliseconds, and some take seconds.
pub fn process_fault(rng: &mut Rng) -> Option<Fault> {
    let after = Duration::from_micros(if rng.bool() { rng.u64(..8_000) } else { rng.u64(..300_000) });
    match rng.u8(..10) {
        0 | 1 => Some(Fault::Kill { after }),
        2 => Some(Fault::Freeze { after, lasts: Duration::from_millis(rng.u64(20..1_500)) }),
        _ => None,
    }
}
