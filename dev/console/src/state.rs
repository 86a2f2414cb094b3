//! The console's own state. The alerts are not part of it: the stand-in holds them.

use std::sync::{Mutex, PoisonError};

use flashduty_standin::{RateLimit, Received};
use tokio::sync::watch;
use zstack_flashduty::channel::Channel;

use crate::faults::Faults;
use crate::refused_pushes::RefusedPushes;
use crate::requests::RequestLog;
use crate::setup::Setup;
use crate::traffic::Traffic;

/// The state behind a lock, and a signal whenever it changes.
///
/// At every push the stand-in locks this while it holds its own lock. So hold this lock only briefly, and never call
/// the stand-in while holding it: that can deadlock.
#[derive(Debug)]
pub(crate) struct SharedState {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) faults: Faults,
    pub(crate) stack: Stack,
    pub(crate) traffic: Traffic,
    pub(crate) refused_pushes: RefusedPushes,
    pub(crate) requests: RequestLog,
    pub(crate) setup: Setup,
}

/// The deployed local API. All fields are empty until it is deployed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stack {
    pub(crate) webhook_url: Option<String>,
    /// Sent only in the header of a request to the local API, and nowhere else.
    pub(crate) token: Option<Secret>,
    /// The channels that have a push URL.
    pub(crate) channels: Vec<DeployedChannel>,
    /// The stand-in of ZStack's API.
    pub(crate) zstack: Option<ZStack>,
}

/// A channel whose push URL is one of the stand-in's.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeployedChannel {
    pub(crate) name: Channel,
    /// That of its push URL. Faults of the channel are faults of this key.
    pub(crate) integration_key: Secret,
}

/// A ZStack to set up.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ZStack {
    /// The root of its API.
    pub(crate) url: String,
    /// The password of `admin`.
    pub(crate) password: Secret,
}

impl Stack {
    /// The integration key of a channel. `None` if it is not deployed.
    pub(crate) fn integration_key(&self, channel: &Channel) -> Option<&str> {
        let deployed = self.channels.iter().find(|deployed| deployed.name == *channel)?;
        Some(&deployed.integration_key.0)
    }
}

/// The webhook token, an integration key or a password. Its `Debug` output does not contain it.
#[derive(Clone, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl SharedState {
    pub(crate) fn new(rate_limit: Option<RateLimit>) -> Self {
        let state = State {
            faults: Faults::new(rate_limit),
            stack: Stack::default(),
            traffic: Traffic::default(),
            refused_pushes: RefusedPushes::default(),
            requests: RequestLog::default(),
            setup: Setup::default(),
        };
        Self { state: Mutex::new(state), changed: watch::Sender::new(()) }
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state and notifies every subscriber.
    pub(crate) fn update<T>(&self, update: impl FnOnce(&mut State) -> T) -> T {
        let result = update(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.send_replace(());
        result
    }

    /// Notifies of every later change. This includes changed alerts, because every push updates the state too.
    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Counts a push that the stand-in received, and keeps it if it was refused.
    pub(crate) fn record_push(&self, push: &Received) {
        self.update(|state| {
            if push.alert_key.is_some() {
                state.traffic.count(push.at, |point| point.delivered += 1);
            } else {
                state.traffic.count(push.at, |point| point.refused += 1);
                state.refused_pushes.add(push);
            }
        });
    }
}
