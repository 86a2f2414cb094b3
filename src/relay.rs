//! From a request's body to Flashduty, or into a queue.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tracing::warn;

use crate::channel::Channel;
use crate::clock::{Moment, Period};
use crate::deadline::{Deadline, PUSH_BUDGET, TIME_TO_QUEUE, TIME_TO_QUEUE_ONE_MORE, epoch_millis};
use crate::delivery::{Delivery, End, Outcome, OutgoingAlert, Session, report_lost, report_undone};
use crate::error::DeliveryError;
use crate::flashduty::{Begun, Effort, Integration, PerIntegration};
use crate::queue::{Letter, Queues, Waiting};
use crate::secrets::Secrets;
use crate::zstack::{Part, split};

/// After a push that failed while others wait, nothing is pushed for this many times as long as its attempt took. So an
/// outage of Flashduty makes a storm of alarms a tenth slower at most: ZStack sends one message at a time and waits for its
/// answer.
const PAUSE_FACTOR: u32 = 10;
/// The longest such pause, even if Flashduty's `Retry-After` asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// After this time without a request, the next one is no part of a storm. While others wait, it has
/// [`TIME_FOR_LONE`] for as many attempts as fit: Flashduty's limit may be used up for a moment, and the alert would then
/// wait behind everything that is queued.
const QUIET: Duration = Duration::from_millis(500);
/// A little more than one attempt.
const TIME_FOR_LONE: Duration = Duration::from_millis(3_050);

/// Delivers or queues what ZStack posts.
#[derive(Debug)]
pub struct Relay {
    delivery: Delivery,
    lately: Mutex<PerIntegration<Lately>>,
}

/// What the requests before this one say about the next one to the same integration.
#[derive(Debug, Default)]
struct Lately {
    /// While it counts, nothing is pushed if others wait.
    pause: Option<Period>,
    /// For how long Flashduty asked to wait. A request that is no part of a storm heeds only this.
    asked: Option<Period>,
    /// When the last request was done.
    done: Option<Moment>,
}

/// What a request says beside its body.
#[derive(Debug)]
pub(crate) struct RequestInfo {
    /// The invocation's id.
    pub id: String,
    /// The channel of its URL.
    pub channel: Option<Channel>,
    /// The webhook URL's query parameters, without the token.
    pub url_labels: Vec<(String, String)>,
}

impl Relay {
    /// A relay that delivers with `delivery`.
    #[must_use]
    pub fn new(delivery: Delivery) -> Self {
        Self { delivery, lately: Mutex::default() }
    }

    /// Delivers or queues every message of a body, one after the other. A message that fails does not stop the ones
    /// after it. Says what became of each; there is at least one outcome.
    ///
    /// `secrets` are those of the channel.
    pub(crate) async fn relay(
        &self,
        body: &Bytes,
        request: RequestInfo,
        secrets: Arc<Secrets>,
        deadline: Deadline,
    ) -> Vec<Outcome> {
        let RequestInfo { id, channel, url_labels } = request;
        let session = self.delivery.session(channel.clone(), secrets);
        let context = self.delivery.context(channel.clone(), url_labels.clone(), None);
        let (labels, received) = (Arc::new(url_labels), epoch_millis());
        let letter = |part, whole| Letter::new(channel.clone(), part, whole, labels.clone(), received);
        let message_id = |index: usize| format!("{id}/{index}");
        let integration = session.integration();
        let is_lone = self.lately(&session, |lately| lately.done).is_none_or(|done| done.elapsed() > QUIET);
        let mut deliveries = Deliveries { relay: self, session, deadline, is_lone, queue_accepts_nothing: false };
        let mut outcomes = Vec::new();
        if integration == Integration::Zstack {
            // All of it goes in one push.
            let part = Part { text: String::from_utf8_lossy(body).into_owned(), around: Arc::default() };
            let alert = OutgoingAlert::of_whole_body(body, letter(part, true), &context, &message_id(0));
            outcomes = deliveries.push_or_queue(&alert, 0).await;
        } else {
            let parts = split(body);
            let behind = (0..parts.len()).rev();
            for ((index, part), behind) in parts.into_iter().enumerate().zip(behind) {
                for alert in OutgoingAlert::of_message(letter(part, false), &context, &message_id(index)) {
                    outcomes.append(&mut deliveries.push_or_queue(&alert, behind).await);
                }
            }
        }
        self.lately(&deliveries.session, |lately| lately.done = Some(Moment::now()));
        outcomes
    }

    /// Looks at what is known of the integration that `session` pushes to.
    fn lately<T>(&self, session: &Session<'_>, look: impl FnOnce(&mut Lately) -> T) -> T {
        look(self.lately.lock().unwrap_or_else(PoisonError::into_inner).of(session.push_url()))
    }
}

impl Lately {
    fn is_paused(&self, is_lone: bool) -> bool {
        let pause = if is_lone { None } else { self.pause };
        self.asked.is_some_and(Period::counts) || pause.is_some_and(Period::counts)
    }

    /// Pauses after a push that failed while others wait.
    fn pause_after(&mut self, failed: &Outcome) {
        let pause = failed.took / failed.attempts.max(1) * PAUSE_FACTOR;
        let period = |pause: Duration| Period::from_now(pause.min(LONGEST_PAUSE));
        self.pause = Some(period(pause));
        self.asked = failed.retry_after.map(period);
    }
}

/// The deliveries of one request.
struct Deliveries<'a> {
    relay: &'a Relay,
    session: Session<'a>,
    /// When the request must be answered.
    deadline: Deadline,
    /// Whether it is no part of a storm.
    is_lone: bool,
    /// Whether the queue was found to accept nothing.
    queue_accepts_nothing: bool,
}

impl Deliveries<'_> {
    /// Pushes an alert, or queues it. `behind` is the number of messages after it.
    ///
    /// While others wait in the retry queue, it is pushed at once all the same, and queued as well: an older message
    /// about it may be among them, which `redeliver` would push after it. So is a recovery, unless this process pushed
    /// its alert: another process may have queued that so lately that SQS does not count it yet.
    async fn push_or_queue(&mut self, alert: &OutgoingAlert, behind: usize) -> Vec<Outcome> {
        let Some(queues) = self.relay.delivery.queues() else {
            return self.session.deliver(alert, || Effort::Until(self.deadline), self.deadline, None).await;
        };
        let group = alert.group();
        let mut begun = self.begin(alert, &group, behind, queues);
        let asked = queues.waiting_before(&group, self.deadline);
        let waiting = match &mut begun {
            Some(begun) => begun.meanwhile(asked).await,
            None => asked.await,
        };
        let waiting = match waiting {
            // An alert that closes itself ends closed in every order.
            Waiting::SameAlert if alert.closes_itself() => Waiting::Something,
            waiting => waiting,
        };
        let others_wait = waiting != Waiting::Nothing;
        let is_late = self.push_by(behind).left().is_zero();
        let may_pause = others_wait && !self.queue_accepts_nothing;
        let is_paused = may_pause && self.relay.lately(&self.session, |lately| lately.is_paused(self.is_lone));
        if is_late || is_paused || waiting == Waiting::SameAlert {
            match alert.enqueue(queues, self.deadline).await {
                Ok(()) => return vec![alert.unpushed(End::Queued(None))],
                Err(queue) if waiting == Waiting::SameAlert => {
                    let end = report_lost(alert, DeliveryError::SameAlertWaits, queue);
                    return vec![alert.unpushed(end)];
                }
                Err(queue) => {
                    let alert_key = alert.key();
                    warn!(alert_key, "the retry queue accepts no more messages, so this alert is pushed: {queue}");
                    self.queue_accepts_nothing = true;
                }
            }
        }
        let push_by = self.push_by(behind);
        let effort = match (others_wait, self.is_lone) {
            (false, _) => Effort::Until(push_by),
            (true, true) => Effort::Until(push_by.at_most(TIME_FOR_LONE)),
            (true, false) => Effort::Once(push_by),
        };
        let mut outcomes = self.session.deliver(alert, || effort, self.deadline, begun).await;
        match outcomes.last_mut() {
            Some(Outcome { end: end @ End::Delivered(_), .. }) => {
                let keeps_place = others_wait || alert.is_recovery() && !queues.pushed_lately(&group);
                if keeps_place && !alert.closes_itself() {
                    if let Some(error) = self.keep_place(alert, &group, queues).await {
                        *end = End::Failed(error);
                    }
                } else {
                    queues.remember_pushed(&group, alert.is_recovery());
                }
            }
            Some(failed) if others_wait && !matches!(failed.end, End::Refused(_)) => {
                self.relay.lately(&self.session, |lately| lately.pause_after(failed));
            }
            _ => {}
        }
        outcomes
    }

    /// Begins the push of an alert if SQS is to be asked first: its answer takes the time that the connection to Flashduty
    /// takes to open. Flashduty gets the event after SQS's answer, because an older message that is delivered between
    /// the two must not be missed.
    fn begin(&self, alert: &OutgoingAlert, group: &str, behind: usize, queues: &Queues) -> Option<Begun> {
        let asks = queues.knows_what_waits_before(group).is_none();
        let may_push = !self.push_by(behind).left().is_zero()
            && !self.relay.lately(&self.session, |lately| lately.is_paused(self.is_lone));
        (asks && may_push).then(|| self.session.begin(alert)).flatten()
    }

    /// Queues an alert that Flashduty accepted. Fails if the queue does not take it but has an older letter about it that
    /// is known: ZStack has to try again, because that letter would undo the alert, and nobody would know.
    async fn keep_place(&mut self, alert: &OutgoingAlert, group: &str, queues: &Queues) -> Option<DeliveryError> {
        if !self.queue_accepts_nothing {
            match alert.enqueue_pushed(queues, self.deadline).await {
                Ok(()) => return None,
                Err(queue) => warn!("the retry queue accepts no more messages: {queue}"),
            }
            self.queue_accepts_nothing = true;
        }
        if queues.has_older_letter(group) {
            return Some(report_undone(alert));
        }
        warn!(
            alert_key = alert.key(),
            "Flashduty has this alert, but the retry queue does not; if an older message about it waits there, that one \
             is delivered last, so compare the alert with ZStack"
        );
        None
    }

    /// When to stop pushing: there must be time to queue this alert and the messages after it.
    fn push_by(&self, behind: usize) -> Deadline {
        let behind = TIME_TO_QUEUE_ONE_MORE * u32::try_from(behind).unwrap_or(u32::MAX);
        let reserve = TIME_TO_QUEUE.min(self.deadline.left() / 2).saturating_add(behind);
        self.deadline.before(reserve).at_most(PUSH_BUDGET)
    }
}
