//! What the console knows beside the alerts, and how others learn that it changed.

use std::sync::{Mutex, PoisonError};

use flashduty_standin::{RateLimit, Received};
use tokio::sync::watch;

use crate::originals::Originals;
use crate::refused_pushes::RefusedPushes;
use crate::traffic::Traffic;
use crate::weather::Weather;

/// Locked for moments only: the stand-in waits for it at every push.
///
/// Whoever holds it must not look at the stand-in, which at a push holds its own lock and then takes this
/// one.
#[derive(Debug)]
pub(crate) struct Board {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

/// What is on the board.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) weather: Weather,
    pub(crate) stack: Stack,
    pub(crate) traffic: Traffic,
    pub(crate) refused_pushes: RefusedPushes,
    pub(crate) originals: Originals,
}

/// The local API, as soon as it is deployed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stack {
    pub(crate) webhook_url: Option<String>,
    /// Leaves only in the header of a message to the API.
    pub(crate) token: Option<Token>,
}

/// The webhook token.
#[derive(Clone, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Token(pub(crate) String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Board {
    pub(crate) fn new(rate_limit: Option<RateLimit>) -> Self {
        let state = State {
            weather: Weather::new(rate_limit),
            stack: Stack::default(),
            traffic: Traffic::default(),
            refused_pushes: RefusedPushes::default(),
            originals: Originals::default(),
        };
        Self { state: Mutex::new(state), changed: watch::Sender::new(()) }
    }

    pub(crate) fn look<T>(&self, at: impl FnOnce(&State) -> T) -> T {
        at(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes what is on the board, and tells everybody who waits for that.
    pub(crate) fn change<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        let result = how(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(());
        result
    }

    /// Sees every change from now on, those of the alerts too: a push makes them.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(crate) fn take_push(&self, push: &Received) {
        self.change(|state| {
            if push.alert_key.is_some() {
                state.traffic.count(push.at, |point| point.delivered += 1);
            } else {
                state.traffic.count(push.at, |point| point.refused += 1);
                state.refused_pushes.add(push);
            }
        });
    }
}
