//! Relay processes as Lambda runs them, and ZStack in front of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_standin::in_time;
use aws_standin::lambda::{Fault, Function};
use fastrand::Rng;
use serde_json::Value;

use super::{as_variables, assert_no_secret, relay, status_and_body};

/// How long the relay may take for a request: about 1.5 s to push, the rest to queue.
pub const RELAY_TIMEOUT: Duration = Duration::from_millis(6_500);
/// ZStack's, and they are a second apart.
const TRIES: usize = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// Each process has one request at a time. There are as many as there are requests at the same time.
pub struct Pool {
    variables: Vec<(String, String)>,
    free: Mutex<Vec<Function>>,
    /// The logs of processes that are gone.
    logs: Mutex<String>,
    pub kills: AtomicU64,
    pub freezes: AtomicU64,
    pub requests: AtomicU64,
}

impl Pool {
    /// No process yet; each will have this environment.
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

    /// Sends one message as ZStack does: it takes any 2xx for success, tries everything else again, and then forgets
    /// the message. Gives every answer, `None` where there was none.
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

    /// One request to a process of Lambda's choice, which may be killed or stand still meanwhile or afterwards.
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
            self.bury(function).await;
            return None;
        };
        let answer = outcome.unwrap_or_else(|error| panic!("the relay failed with {error}:\n{}", function.log()));
        assert_no_secret(&answer.to_string());
        match rng.u8(..20) {
            0 => {
                self.kills.fetch_add(1, Ordering::Relaxed);
                function.kill().await;
                self.bury(function).await;
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

    /// Counts what happened to a process over a request or a batch that took so long.
    pub fn count(&self, fault: Option<Fault>, took: Duration, died: bool) {
        if died {
            self.kills.fetch_add(1, Ordering::Relaxed);
        }
        if matches!(fault, Some(Fault::Freeze { after, .. }) if after < took) {
            self.freezes.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn bury(&self, function: Function) {
        let (_, log) = function.ended().await;
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).push_str(&log);
    }

    /// Ends all processes and gives what all that ever ran wrote: no secrets.
    pub async fn end(&self) -> String {
        let free = std::mem::take(&mut *self.free.lock().unwrap());
        for mut function in free {
            function.kill().await;
            self.bury(function).await;
        }
        let log = std::mem::take(&mut *self.logs.lock().unwrap());
        assert!(!log.is_empty(), "nothing was logged");
        assert_no_secret(&log);
        log
    }
}

/// Mostly none. Most requests take a few milliseconds, and some take seconds.
pub fn process_fault(rng: &mut Rng) -> Option<Fault> {
    let after = Duration::from_micros(if rng.bool() { rng.u64(..8_000) } else { rng.u64(..300_000) });
    match rng.u8(..10) {
        0 | 1 => Some(Fault::Kill { after }),
        2 => Some(Fault::Freeze { after, lasts: Duration::from_millis(rng.u64(20..1_500)) }),
        _ => None,
    }
}
