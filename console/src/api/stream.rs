//! Everything that changes, as server-sent events.
//!
//! Nothing is kept for a client but what it has seen: it is sent what changed since, whenever it takes more.
//! So a slow client gets the newest state instead of a backlog, and neither the stand-in nor another
//! client ever waits for it.

use std::cmp::Reverse;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use flashduty_standin::{Alert, Alerts, Standin};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::sleep;

use super::alerts::Summary;
use crate::server::App;
use crate::weather::Weather;

/// For how long changes are collected.
const COLLECTED: Duration = Duration::from_millis(200);

/// How many alerts a client gets when it connects.
const FIRST: usize = 200;

/// The most alerts of one event. The others are in the next: there is one every second.
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
}

impl Client {
    /// Waits until there is something new.
    async fn news(&mut self) -> Vec<Event> {
        loop {
            if self.seen.is_some() {
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
        let NewAlerts { alerts, cleared, change } = NewAlerts::look(&self.app.standin, before.as_ref());
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
            let refused = state.refusals.since(before.as_ref().map_or(0, |seen| seen.refusals));
            if before.is_none() || !refused.is_empty() {
                events.push(event("refused", &refused));
            }
            let (seconds, refusals) = (state.traffic.seconds(), state.refusals.count());
            self.seen = Some(Seen { cleared, change, seconds, refusals, weather: state.weather.clone(), stack });
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
}

impl NewAlerts {
    fn look(standin: &Standin, before: Option<&Seen>) -> Self {
        standin.look(|alerts| {
            let cleared = alerts.cleared();
            let mut changed: Vec<_> = match before {
                Some(seen) => alerts.changed_after(seen.change).take(MOST).collect(),
                None => first(alerts),
            };
            changed.sort_by_key(|(change, _)| Reverse(*change));
            let change = if changed.len() == MOST { changed[0].0 } else { alerts.last_change() };
            Self { alerts: changed.into_iter().map(|(_, alert)| Summary::from(alert)).collect(), cleared, change }
        })
    }
}

/// What a client gets when it connects: the open ones first, since they are what somebody has to look at, and of
/// those and the closed ones each the last changed.
fn first(alerts: &Alerts) -> Vec<(u64, &Alert)> {
    let mut all: Vec<_> = alerts.changed_after(0).collect();
    all.sort_by_key(|(change, alert)| (!alert.open, Reverse(*change)));
    all.truncate(FIRST);
    all
}

fn event(name: &str, data: &impl Serialize) -> Event {
    // What is sent here is always JSON.
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}
