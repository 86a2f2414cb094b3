//! The way of an alert into Flashduty, which both functions share.
//!
//! A [`Letter`](crate::queue::Letter) is made of the message first. Its alerts' events are made of it and pushed in
//! order. What Flashduty cannot take now waits in the retry queue. What it will never take goes to the dead letter queue.

mod alert;
mod outcome;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tracing::{error, info};

use crate::channel::Channel;
use crate::config::Config;
use crate::deadline::{Deadline, NoTimeLeft};
use crate::error::DeliveryError;
use crate::flashduty::{Begun, Client, Effort, Integration, PushError, PushUrl, Pushed, TitleRule};
use crate::language::Language;
use crate::queue::{QueueError, QueuedMessage, Queues};
use crate::secrets::{Secret, SecretStore, Secrets};
use crate::translate::{Context, Late};

pub(crate) use alert::{Origin, OutgoingAlert};
pub(crate) use outcome::{End, Outcome, Summary, WorstEnd};

/// Delivers alerts.
#[derive(Debug)]
pub struct Delivery {
    secrets: Arc<SecretStore>,
    flashduty: Client,
    queues: Option<Queues>,
    title_rule: TitleRule,
    language: Language,
}

impl Delivery {
    /// Delivers with `flashduty`, to the push URLs in `secrets`. Without `queues`, an alert that cannot be pushed in time
    /// is ZStack's to send again.
    #[must_use]
    pub fn new(secrets: Arc<SecretStore>, flashduty: Client, queues: Option<Queues>, config: &Config) -> Self {
        Self { secrets, flashduty, queues, title_rule: config.title_rule.clone(), language: config.language }
    }

    /// The queues, if there are any.
    #[must_use]
    pub(crate) fn queues(&self) -> Option<&Queues> {
        self.queues.as_ref()
    }

    /// What the translation of a message needs beside it.
    #[must_use]
    pub(crate) fn context(
        &self,
        channel: Option<Channel>,
        url_labels: Vec<(String, String)>,
        late: Option<Late>,
    ) -> Context {
        Context { url_labels, title_rule: self.title_rule.clone(), language: self.language, late, channel }
    }

    /// Begins the deliveries of one invocation to a channel, with its secrets.
    #[must_use]
    pub(crate) fn session(&self, channel: Option<Channel>, secrets: Arc<Secrets>) -> Session<'_> {
        Session { delivery: self, channel, secrets, reread: None }
    }

    /// Moves a message of the retry queue to the dead letter queue. It stays where it is if that fails.
    pub(crate) async fn give_up(&self, message: &QueuedMessage, why: DeliveryError, deadline: Deadline) -> End {
        let Some(queues) = &self.queues else { return End::Queued(Some(why)) };
        match queues.enqueue_dead(message, &why.to_string(), deadline).await {
            Ok(()) => End::Refused(why),
            Err(queue) => End::Queued(Some(DeliveryError::NoDeadLetter { why: Box::new(why), queue })),
        }
    }

    /// Handles an alert that Flashduty will never take.
    async fn refuse(&self, alert: &OutgoingAlert, why: DeliveryError, deadline: Deadline) -> End {
        match (&alert.stored_in, &self.queues) {
            (Origin::RetryQueue { message, .. }, _) => self.give_up(message, why, deadline).await,
            (Origin::Request(_), None) => End::Refused(why),
            (Origin::Request(_), Some(queues)) => {
                match queues.enqueue_dead(&alert.to_message(&alert.letter), &why.to_string(), deadline).await {
                    Ok(()) => End::Refused(why),
                    Err(queue) => report_lost(alert, why, queue),
                }
            }
        }
    }

    /// Handles an alert that Flashduty may take later. `tried` is whether there was time for an attempt.
    async fn retry_later(&self, alert: &OutgoingAlert, why: DeliveryError, tried: bool, deadline: Deadline) -> End {
        match (&alert.stored_in, &self.queues) {
            (Origin::RetryQueue { .. }, _) if !tried && why == PushError::from(NoTimeLeft).into() => {
                End::Queued(Some(why))
            }
            (Origin::RetryQueue { expired: Some(tried_for), message }, _) => {
                let why = DeliveryError::Expired { tried_for: tried_for.clone(), last: Some(Box::new(why)) };
                self.give_up(message, why, deadline).await
            }
            (Origin::RetryQueue { expired: None, .. }, _) => End::Queued(Some(why)),
            (Origin::Request(_), None) => End::Failed(why),
            (Origin::Request(_), Some(queues)) => match alert.enqueue(queues, deadline).await {
                Ok(()) => End::Queued(Some(why)),
                Err(queue) => report_lost(alert, why, queue),
            },
        }
    }
}

/// The end of a request's alert that was neither pushed nor queued. Its message goes to the log, which is the last place
/// where it can still be found.
pub(crate) fn report_lost(alert: &OutgoingAlert, why: DeliveryError, queue: QueueError) -> End {
    error!(
        alert_key = alert.key(),
        zstack_message = alert.letter.to_json(),
        "this alert is in no queue: {queue}; if ZStack's next tries fail too, send it again by hand"
    );
    End::Failed(DeliveryError::NotQueued { why: Box::new(why), queue })
}

/// The error of a request's alert that Flashduty has, but that an older letter in the queue will undo. Its message goes to
/// the log as well.
pub(crate) fn report_undone(alert: &OutgoingAlert) -> DeliveryError {
    error!(
        alert_key = alert.key(),
        zstack_message = alert.letter.to_json(),
        "Flashduty has this alert, but an older message about it is in the retry queue and is delivered last; if ZStack's \
         next tries fail too, compare the alert with ZStack"
    );
    DeliveryError::OlderLetterWaits
}

/// The deliveries of one invocation to one channel.
pub(crate) struct Session<'a> {
    delivery: &'a Delivery,
    channel: Option<Channel>,
    secrets: Arc<Secrets>,
    /// Whether SSM was asked for a new push URL already, and what failed.
    reread: Option<Result<(), DeliveryError>>,
}

impl Session<'_> {
    /// Where it pushes to, if that is known.
    #[must_use]
    pub fn push_url(&self) -> Option<&PushUrl> {
        self.secrets.push_url.value().ok()
    }

    /// What the integration behind the push URL takes.
    #[must_use]
    pub fn integration(&self) -> Integration {
        self.push_url().map_or(Integration::Standard, PushUrl::integration)
    }

    /// Pushes an alert's events in order, up to the first that Flashduty does not take: the ones after it would be
    /// wrong without it. Says what became of each.
    ///
    /// `effort` says what is done for each of them, when it is its turn. `settle_by` is when the queue must have the
    /// alert. `begun` is the push of the first event, if it has begun.
    pub async fn deliver(
        &mut self,
        alert: &OutgoingAlert,
        effort: impl Fn() -> Effort,
        settle_by: Deadline,
        mut begun: Option<Begun>,
    ) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(alert.bodies.len());
        for body in &alert.bodies {
            if let Some(url) = self.push_url() {
                self.delivery.flashduty.wait_for_turn(url, settle_by).await;
            }
            let Pushed { result, attempts, took, retry_after } = self.push(&body.json, effort(), begun.take()).await;
            let end = match result {
                Ok(receipt) => End::Delivered(receipt),
                Err(error) if error.is_retryable() => {
                    self.delivery.retry_later(alert, error, attempts > 0, settle_by).await
                }
                Err(error) => self.delivery.refuse(alert, error, settle_by).await,
            };
            if !body.cut.is_empty() && !matches!(end, End::Queued(_)) {
                info!(alert_key = alert.key(), cut = body.cut, "cut to Flashduty's limits");
            }
            let delivered = matches!(end, End::Delivered(_));
            outcomes.push(Outcome { attempts, took, retry_after, ..alert.outcome(body.status, end) });
            if !delivered {
                break;
            }
        }
        outcomes
    }

    /// Begins the push of an alert's first event, if the push URL is known.
    pub fn begin(&self, alert: &OutgoingAlert) -> Option<Begun> {
        Some(self.delivery.flashduty.begin(self.push_url()?, alert.bodies.first()?.json.clone()))
    }

    /// Pushes one body; and once more if Flashduty refuses the key and SSM has another push URL by now.
    async fn push(&mut self, body: &Bytes, effort: Effort, begun: Option<Begun>) -> Pushed<DeliveryError> {
        let first = self.push_once(body.clone(), effort, begun).await;
        if !matches!(first.result, Err(DeliveryError::Push(PushError::Refused { about_credential: true, .. }))) {
            return first;
        }
        let newer = if let Some(reread) = &self.reread {
            reread.clone().map(|()| false)
        } else {
            let newer = self.read_new_push_url(effort.deadline()).await;
            self.reread = Some(newer.clone().map(|_| ()));
            newer
        };
        match newer {
            Ok(false) => first,
            Ok(true) => {
                let second = self.push_once(body.clone(), effort, None).await;
                Pushed { attempts: first.attempts + second.attempts, took: first.took + second.took, ..second }
            }
            // The alert can wait for a push URL that works.
            Err(error) => Pushed { result: Err(error), ..first },
        }
    }

    /// Asks SSM for a new push URL. Returns whether there is one, which is used from now on.
    async fn read_new_push_url(&mut self, deadline: Deadline) -> Result<bool, DeliveryError> {
        let secrets = self.delivery.secrets.of(self.channel.as_ref()).reread(&self.secrets, deadline).await;
        let Ok(secrets) = secrets else { return Err(DeliveryError::KeyRefused) };
        // An older value is in force if SSM has a typing error, say.
        let Secret::Fresh(new) = &secrets.push_url else { return Err(DeliveryError::KeyRefused) };
        let Ok(old) = self.secrets.push_url.value() else { return Ok(false) };
        if old == new {
            return Ok(false);
        }
        if old.integration() != new.integration() {
            return Err(DeliveryError::OtherIntegration);
        }
        info!("Flashduty refused the push URL's key: SSM has a new push URL, which is used from now on");
        self.secrets = secrets;
        Ok(true)
    }

    async fn push_once(&self, body: Bytes, effort: Effort, begun: Option<Begun>) -> Pushed<DeliveryError> {
        match self.secrets.push_url.value() {
            Ok(url) => {
                let Pushed { result, attempts, took, retry_after } =
                    self.delivery.flashduty.push(url, body, effort, begun).await;
                Pushed { result: result.map_err(DeliveryError::from), attempts, took, retry_after }
            }
            Err(why) => {
                Pushed { result: Err(why.clone().into()), attempts: 0, took: Duration::ZERO, retry_after: None }
            }
        }
    }
}
