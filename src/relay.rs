//! From a request's body to Flashduty: read, translate, push.

use std::sync::Arc;
use std::time::Duration;

use tracing::info;

use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::flashduty::{Client, Integration, Receipt, Status, TitleRule};
use crate::settings::{Secrets, Settings};
use crate::translate::{Alert, Kind, translate};
use crate::zstack::split;

/// What became of one push.
#[derive(Debug)]
pub struct Outcome {
    /// What the message is; `None` where it was passed on as it came.
    pub kind: Option<Kind>,
    /// The alert's key; empty where the message was passed on and Flashduty told none.
    pub alert_key: String,
    /// The event's status; `None` where the message was passed on as it came.
    pub event_status: Option<Status>,
    /// Flashduty's word that it has the event, or why it has not.
    pub result: Result<Receipt, Error>,
    /// How often it was pushed.
    pub attempts: u32,
}

/// The relay's core: takes authenticated messages and sees them delivered.
#[derive(Debug)]
pub struct Relay {
    settings: Arc<Settings>,
    flashduty: Client,
    title_rule: TitleRule,
}

impl Relay {
    /// A relay that pushes with `flashduty` where `settings` say.
    #[must_use]
    pub fn new(config: &Config, settings: Arc<Settings>, flashduty: Client) -> Self {
        Self { settings, flashduty, title_rule: config.title_rule.clone() }
    }

    /// Where the secrets come from.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Delivers every message of a body, one after the other and past failures, and tells what became
    /// of each. Never empty.
    ///
    /// `secrets` are those that the caller was checked with.
    pub async fn deliver(
        &self,
        body: &[u8],
        url_labels: &[(String, String)],
        secrets: Arc<Secrets>,
        deadline: Deadline,
    ) -> Vec<Outcome> {
        let mut push = Push { relay: self, secrets, reread: false, deadline };
        if push.secrets.push_url.integration() == Integration::Zstack {
            return vec![push.as_it_came(body).await];
        }
        let mut outcomes = Vec::new();
        for part in split(body) {
            push.alert(translate(&part, url_labels, &self.title_rule), &mut outcomes).await;
        }
        outcomes
    }
}

/// The pushes of one request.
struct Push<'a> {
    relay: &'a Relay,
    secrets: Arc<Secrets>,
    /// Whether SSM was asked for a new push URL already.
    reread: bool,
    deadline: Deadline,
}

impl Push<'_> {
    /// Pushes an alert's events in order. Where one fails, the ones after it would say what is not so.
    async fn alert(&mut self, alert: Alert, outcomes: &mut Vec<Outcome>) {
        for event in alert.events {
            if !event.cut().is_empty() {
                info!(alert_key = %alert.key, cut = event.cut().join(","), "cut to Flashduty's limits");
            }
            let (result, attempts) = self.push(event.to_json()).await;
            let failed = result.is_err();
            outcomes.push(Outcome {
                kind: Some(alert.kind),
                alert_key: alert.key.to_string(),
                event_status: Some(event.status()),
                result,
                attempts,
            });
            if failed {
                return;
            }
        }
    }

    async fn as_it_came(&mut self, body: &[u8]) -> Outcome {
        let (result, attempts) = self.push(body.to_vec()).await;
        let alert_key = result.as_ref().map(|receipt| receipt.alert_key.clone()).unwrap_or_default();
        Outcome { kind: None, alert_key, event_status: None, result, attempts }
    }

    /// Pushes once; and once more where Flashduty does not take the credential and SSM has another push
    /// URL by now. Gives the result and how often it pushed.
    async fn push(&mut self, body: Vec<u8>) -> (Result<Receipt, Error>, u32) {
        let first = self.relay.flashduty.push(&self.secrets.push_url, body.clone(), self.deadline).await;
        if self.reread || !matches!(first, Err(Error::Refused { about_credential: true, .. })) {
            return (first, 1);
        }
        self.reread = true;
        let (old, relay) = (&self.secrets.push_url, self.relay);
        match relay.settings.reread(&self.secrets, Duration::ZERO, self.deadline).await {
            // A push URL of another kind would take another body: ZStack's next try has it.
            Ok(secrets) if secrets.push_url != *old && secrets.push_url.integration() == old.integration() => {
                info!("Flashduty refused the push URL's key: SSM has a new push URL, which is used from now on");
                self.secrets = secrets;
                (relay.flashduty.push(&self.secrets.push_url, body, self.deadline).await, 2)
            }
            _ => (first, 1),
        }
    }
}
