//! Sends the whole state, then every change, as server-sent events.
//!
//! For each client, the console only remembers up to where it has seen the state. Whenever the client can receive more,
//! it is sent what changed since then. So a slow client gets the newest state instead of a backlog, and neither the
//! stand-in nor other clients wait for it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use flashduty_standin::Standin;
use futures_util::{Stream, StreamExt as _, stream};
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::sleep;
use zstack_flashduty::channel::Channel;

use super::alerts::Summary;
use crate::faults::Faults;
use crate::server::App;

/// How long changes are collected before they are sent together.
const COLLECT: Duration = Duration::from_millis(200);

/// The most alerts in one event. The others follow in the next events.
const MAX_ALERTS: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct StackStatus {
    ready: bool,
    webhook_url: Option<String>,
    channels: Vec<Channel>,
}

#[derive(Serialize)]
struct Empty {}

pub(super) async fn stream(State(app): State<Arc<App>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = app.state.subscribe();
    let client = Client { app, changes, seen: None };
    let events =
        stream::unfold(client, |mut client| async { Some((stream::iter(client.next_events().await), client)) });
    Sse::new(events.flatten().map(Ok)).keep_alive(KeepAlive::default())
}

/// An open page.
struct Client {
    app: Arc<App>,
    changes: watch::Receiver<()>,
    /// `None` until the whole state was sent.
    seen: Option<Seen>,
}

/// Up to where a client has seen the state.
struct Seen {
    /// How often the alerts had been cleared.
    cleared: u64,
    /// The number of the last change of an alert.
    change: u64,
    /// How many seconds of the traffic had ended.
    seconds: u64,
    /// How many pushes had been refused.
    refused: u64,
    faults: Faults,
    stack: StackStatus,
    /// Whether a run of the set-up can start, and how often the set-up had changed.
    setup: (bool, u64),
    /// Whether changed alerts are left that did not fit into the last event.
    more: bool,
}

impl Client {
    /// Waits until something has changed, and returns the events to send.
    async fn next_events(&mut self) -> Vec<Event> {
        loop {
            if self.seen.as_ref().is_some_and(|seen| !seen.more) {
                // An error means that the console is stopping, which ends this stream too.
                let _ = self.changes.changed().await;
                sleep(COLLECT).await;
            }
            self.changes.mark_unchanged();
            let events = self.unseen();
            if !events.is_empty() {
                return events;
            }
        }
    }

    /// The events for everything that the client has not seen. Empty if nothing changed.
    fn unseen(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let before = self.seen.take();
        let NewAlerts { alerts, cleared, change, more } = NewAlerts::after(&self.app.standin, before.as_ref());
        let all = before.as_ref().is_none_or(|seen| seen.cleared != cleared);
        if all {
            events.push(event("cleared", &Empty {}));
        }
        if all || !alerts.is_empty() {
            events.push(event("alerts", &alerts));
        }
        self.app.state.read(|state| {
            let url = state.stack.webhook_url.clone();
            let channels = state.stack.channels.iter().map(|channel| channel.name.clone()).collect();
            let stack = StackStatus { ready: url.is_some(), webhook_url: url, channels };
            if before.as_ref().is_none_or(|seen| seen.faults != state.faults) {
                events.push(event("faults", &state.faults));
            }
            if before.as_ref().is_none_or(|seen| seen.stack != stack) {
                events.push(event("stack", &stack));
            }
            let ready = self.app.setup.is_some() && state.stack.zstack.is_some() && stack.ready;
            let setup = (ready, state.setup.changes());
            if before.as_ref().is_none_or(|seen| seen.setup != setup) {
                events.push(event("setup", &state.setup.status(ready)));
            }
            let points = state.traffic.since(before.as_ref().map_or(0, |seen| seen.seconds));
            if before.is_none() || !points.is_empty() {
                events.push(event("traffic", &points));
            }
            let refused = state.refused_pushes.since(before.as_ref().map_or(0, |seen| seen.refused));
            if before.is_none() || !refused.is_empty() {
                events.push(event("refused", &refused));
            }
            let (seconds, refused) = (state.traffic.seconds(), state.refused_pushes.count());
            let faults = state.faults.clone();
            self.seen = Some(Seen { cleared, change, seconds, refused, faults, stack, setup, more });
        });
        events
    }
}

/// The alerts that changed after a client saw them last.
struct NewAlerts {
    /// The alert that changed last comes first.
    alerts: Vec<Summary>,
    cleared: u64,
    /// The number of the last change that these alerts include.
    change: u64,
    /// Whether there are later changes.
    more: bool,
}

impl NewAlerts {
    fn after(standin: &Standin, before: Option<&Seen>) -> Self {
        standin.look(|alerts| {
            let cleared = alerts.cleared();
            // A clear resets neither ids nor change numbers, so every alert made after it has a larger change number.
            let seen = before.map_or(0, |seen| seen.change);
            let changed: Vec<_> = alerts.changed_after(seen).take(MAX_ALERTS).collect();
            let change = changed.last().map_or(seen, |(change, _)| *change);
            let more = change < alerts.last_change() && alerts.changed_after(change).next().is_some();
            let alerts = changed.into_iter().rev().map(|(_, alert)| Summary::from(alert)).collect();
            Self { alerts, cleared, change, more }
        })
    }
}

fn event(name: &str, data: &impl Serialize) -> Event {
    // Serialization cannot fail for the types that are sent here.
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}
