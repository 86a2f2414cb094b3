//! How deliveries end.

use std::time::Duration;

use crate::error::DeliveryError;
use crate::flashduty::{PushError, Receipt, Status};
use crate::translate::Kind;

/// What became of one push of an alert.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The kind of the message that the alert came from.
    pub kind: Kind,
    /// The alert's key.
    pub alert_key: String,
    /// The event's status; `None` if ZStack's message was passed on as it is.
    pub event_status: Option<Status>,
    /// Where the alert is now.
    pub end: End,
    /// The number of tries.
    pub attempts: u32,
    /// The time of all tries, with the pauses between them.
    pub took: Duration,
    /// How long Flashduty's last answer asked to wait before the next try.
    pub retry_after: Option<Duration>,
    /// The time from ZStack's request to this end.
    pub age: Duration,
}

/// How a delivery ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Flashduty has the alert.
    Delivered(Receipt),
    /// The retry queue has it. `None` if it was not tried because others wait before it.
    Queued(Option<DeliveryError>),
    /// Flashduty will never take it. The dead letter queue has it, if there is one.
    Refused(DeliveryError),
    /// Nobody has it; ZStack may send it again.
    Failed(DeliveryError),
}

/// How all deliveries of one request ended. The answer, the log line and the metrics are made of it.
#[derive(Debug)]
pub(crate) struct Summary<'a> {
    /// What became of each push.
    pub outcomes: &'a [Outcome],
    /// The worst of their ends.
    pub worst: WorstEnd<'a>,
}

/// The worst end of several deliveries; the later ones here are worse.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WorstEnd<'a> {
    /// Flashduty has everything.
    Delivered,
    /// Something is in the retry queue: why the first of it is.
    Queued(Option<&'a DeliveryError>),
    /// Flashduty will never take something.
    Refused(&'a DeliveryError),
    /// Something is ZStack's to send again.
    Failed(&'a DeliveryError),
}

impl<'a> Summary<'a> {
    /// Summarises these outcomes.
    #[must_use]
    pub fn of(outcomes: &'a [Outcome]) -> Self {
        let mut worst = WorstEnd::Delivered;
        for outcome in outcomes {
            worst = match (worst, &outcome.end) {
                (WorstEnd::Failed(DeliveryError::Push(PushError::NoTimeLeft(_))), _) => worst,
                (_, End::Failed(error)) => WorstEnd::Failed(error),
                (WorstEnd::Failed(_), _) => worst,
                (_, End::Refused(error)) => WorstEnd::Refused(error),
                (WorstEnd::Delivered, End::Queued(why)) => WorstEnd::Queued(why.as_ref()),
                _ => worst,
            };
        }
        Self { outcomes, worst }
    }

    /// What went wrong for good, as far as this request goes.
    #[must_use]
    pub fn error(&self) -> Option<&'a DeliveryError> {
        match self.worst {
            WorstEnd::Delivered | WorstEnd::Queued(_) => None,
            WorstEnd::Refused(error) | WorstEnd::Failed(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::NoTimeLeft;
    use crate::flashduty::Quote;

    fn outcome(end: End) -> Outcome {
        let took = Duration::ZERO;
        let alert_key = String::new();
        Outcome {
            kind: Kind::Alarm,
            alert_key,
            event_status: None,
            end,
            attempts: 1,
            took,
            retry_after: None,
            age: took,
        }
    }

    fn summary(ends: Vec<End>) -> String {
        let outcomes: Vec<_> = ends.into_iter().map(outcome).collect();
        match Summary::of(&outcomes).worst {
            WorstEnd::Delivered => "delivered".to_owned(),
            WorstEnd::Queued(why) => format!("queued {:?}", why.map(DeliveryError::code)),
            WorstEnd::Refused(error) => format!("refused {}", error.code()),
            WorstEnd::Failed(error) => format!("failed {}", error.code()),
        }
    }

    #[test]
    fn the_summary_is_the_worst_end() {
        let receipt = || Receipt { request_id: Quote::Text("r".to_owned()) };
        let delivered = || End::Delivered(receipt());
        let late = || DeliveryError::from(PushError::from(NoTimeLeft));
        let refused = || DeliveryError::Expired { tried_for: "9d".to_owned(), last: None };
        let queued = || End::Queued(Some(late()));
        assert_eq!(summary(vec![delivered()]), "delivered");
        assert_eq!(summary(vec![delivered(), End::Queued(None), queued()]), "queued None");
        assert_eq!(summary(vec![queued(), End::Queued(None), delivered()]), "queued Some(\"NoTimeLeft\")");
        assert_eq!(summary(vec![End::Refused(refused()), queued(), delivered()]), "refused Expired");
        let failed = || End::Failed(DeliveryError::KeyRefused);
        assert_eq!(summary(vec![failed(), End::Refused(refused()), delivered()]), "failed SettingsUnavailable");
        assert_eq!(summary(vec![delivered(), failed(), End::Failed(late())]), "failed NoTimeLeft");
        assert_eq!(summary(vec![End::Failed(late()), failed(), End::Refused(refused())]), "failed NoTimeLeft");
    }
}
