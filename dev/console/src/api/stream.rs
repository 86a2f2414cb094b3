//! Everything that changes, as server-sent events.
//!
//! Nothing is kept for a client but what it has seen: it is sent what changed since, whenever it takes more.
//! So a slow client gets the newest state instead of a backlog, and neither the stand-in nor another
//! client ever waits for it.

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

use super::alerts::Summary;
use crate::server::App;
use crate::weather::Weather;

/// For how long changes are collected.
const COLLECTED: Duration = Duration::from_millis(200);

/// The most alerts of one event. A client that has not seen them all gets the others in the next ones.
const MOST: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Ready {
    ready: bool,
    webhook_url: Option<String>,
}

#[derive(Serialize)]
struct Nothing {}

pub(crate) async fn stream(State(app): State<Arc<App>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = app.board.changes();
    let client = Client { app, changes, seen: None };
    let events = stream::unfold(client, |mut client| async { Some((stream::iter(client.news().await), client)) });
    Sse::new(events.flatten().map(Ok)).keep_alive(KeepAlive::default())
}

/// Somebody who looks at the page.
struct Client {
    app: Arc<App>,
    changes: watch::Receiver<()>,
    /// None where that is nothing yet.
    seen: Option<Seen>,
}

/// How far somebody has seen everything.
struct Seen {
    cleared: u64,
    change: u64,
    seconds: u64,
    refusals: u64,
    weather: Weather,
    stack: Ready,
    /// Whether there are alerts that it has not seen yet: one event does not hold them all.
    more: bool,
}

impl Client {
    /// Waits until there is something new.
    async fn news(&mut self) -> Vec<Event> {
        loop {
            if self.seen.as_ref().is_some_and(|seen| !seen.more) {
                // An error is a console that has ended, and this with it.
                let _ = self.changes.changed().await;
                sleep(COLLECTED).await;
            }
            self.changes.mark_unchanged();
            let events = self.read();
            if !events.is_empty() {
                return events;
            }
        }
    }

    /// Everything new, if anything is.
    fn read(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        let before = self.seen.take();
        let NewAlerts { alerts, cleared, change, more } = NewAlerts::look(&self.app.standin, before.as_ref());
        let all = before.as_ref().is_none_or(|seen| seen.cleared != cleared);
        if all {
            events.push(event("cleared", &Nothing {}));
        }
        if all || !alerts.is_empty() {
            events.push(event("alerts", &alerts));
        }
        self.app.board.look(|state| {
            let url = state.stack.webhook_url.clone();
            let stack = Ready { ready: url.is_some(), webhook_url: url };
            if before.as_ref().is_none_or(|seen| seen.weather != state.weather) {
                events.push(event("weather", &state.weather));
            }
            if before.as_ref().is_none_or(|seen| seen.stack != stack) {
                events.push(event("stack", &stack));
            }
            let points = state.traffic.since(before.as_ref().map_or(0, |seen| seen.seconds));
            if before.is_none() || !points.is_empty() {
                events.push(event("traffic", &points));
            }
            let refused = state.refused_pushes.since(before.as_ref().map_or(0, |seen| seen.refusals));
            if before.is_none() || !refused.is_empty() {
                events.push(event("refused", &refused));
            }
            let (seconds, refusals) = (state.traffic.seconds(), state.refused_pushes.count());
            self.seen = Some(Seen { cleared, change, seconds, refusals, weather: state.weather.clone(), stack, more });
        });
        events
    }
}

/// The alerts that changed since a client saw them.
struct NewAlerts {
    /// The last changed first.
    alerts: Vec<Summary>,
    cleared: u64,
    /// Up to which change this is all.
    change: u64,
    /// Whether alerts changed after that, too.
    more: bool,
}

impl NewAlerts {
    fn look(standin: &Standin, before: Option<&Seen>) -> Self {
        standin.look(|alerts| {
            let cleared = alerts.cleared();
            // Ids go on over a clear, and so do changes: nothing that was seen is older than what is left.
            let seen = before.map_or(0, |seen| seen.change);
            let changed: Vec<_> = alerts.changed_after(seen).take(MOST).collect();
            let change = changed.last().map_or(seen, |(change, _)| *change);
            let more = change < alerts.last_change() && alerts.changed_after(change).next().is_some();
            let alerts = changed.into_iter().rev().map(|(_, alert)| Summary::from(alert)).collect();
            Self { alerts, cleared, change, more }
        })
    }
}

fn event(name: &str, data: &impl Serialize) -> Event {
    // What is sent here is always JSON.
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}
