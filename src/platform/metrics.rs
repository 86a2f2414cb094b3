//! The metrics that CloudWatch counts and the alarms watch: one line in the [Embedded Metric Format] for each request
//! or batch.
//!
//! [Embedded Metric Format]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

use std::io::Write as _;
use std::ops::AddAssign;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use metrique_writer::format::Format as _;
use metrique_writer::unit::AsCount;
use metrique_writer::value::Distribution;
use metrique_writer::{Entry, MetricFlags, Observation, Unit, Value, ValueWriter};
use metrique_writer_format_emf::Emf;
use tracing::warn;

use crate::channel::Channel;

/// The metrics' namespace in CloudWatch.
const NAMESPACE: &str = "zstack-flashduty";

/// The most values of one metric that CloudWatch takes in a line.
const MAX_VALUES: usize = 100;

/// The value of the dimension `Outcome` if Flashduty has everything.
pub(crate) const DELIVERED: &str = "Delivered";
/// The value of the dimension `Outcome` if something is in the retry queue.
pub(crate) const QUEUED: &str = "Queued";
/// The value of the dimension `Outcome` if `redeliver` gave something up.
pub(crate) const GIVEN_UP: &str = "GivenUp";

/// The value of the dimension `Outcome` for a check of the path.
pub(crate) const CHECKED: &str = "Checked";

/// The function's name outside of Lambda.
pub(crate) const NO_FUNCTION: &str = "local";

/// Writes the lines to standard output, at every log level. They have no level themselves, so that Lambda takes them
/// for `INFO`.
pub struct Metrics {
    function: String,
    format: Mutex<Emf>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").field("function", &self.function).finish_non_exhaustive()
    }
}

impl Metrics {
    /// The metrics of the Lambda function with this name; `None` outside of Lambda.
    #[must_use]
    pub fn new(function: Option<String>) -> Self {
        let dimensions = [&["Function"][..], &["Function", "Outcome"]];
        let dimensions = dimensions.map(|set| set.iter().map(ToString::to_string).collect());
        let format = Emf::builder(NAMESPACE.to_owned(), dimensions.into()).build();
        Self { function: function.unwrap_or_else(|| NO_FUNCTION.to_owned()), format: Mutex::new(format) }
    }

    /// Writes the line of a request, or of one channel's part of a batch, unless there is nothing to count.
    ///
    /// `outcome` is its worst part: [`DELIVERED`], [`QUEUED`], [`GIVEN_UP`], or the code of an error.
    pub(crate) fn write(&self, request_id: &str, channel: Option<&Channel>, outcome: &'static str, tally: Tally) {
        if tally == Tally::default() {
            return;
        }
        let (timestamp, channel) = (SystemTime::now(), channel.map(Channel::as_str));
        let line = Line { timestamp, function: &self.function, outcome, request_id, channel, tally };
        write_line(&mut self.format.lock().unwrap_or_else(PoisonError::into_inner), &line, request_id);
    }
}

/// Which check of the path a metric is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckMetric {
    SelfCheck,
    SelfTest,
}

/// Writes whether a check passed: a line with its metric, which is 1 or 0, under the name of this function alone.
pub(crate) fn write_check(function: &str, request_id: &str, metric: CheckMetric, passed: bool) {
    let value = |of| (metric == of).then(|| u64::from(passed).into());
    let (self_check, self_test) = (value(CheckMetric::SelfCheck), value(CheckMetric::SelfTest));
    let line = CheckLine { timestamp: SystemTime::now(), function, request_id, self_check, self_test };
    let mut format = Emf::builder(NAMESPACE.to_owned(), vec![vec!["Function".to_owned()]]).build();
    write_line(&mut format, &line, request_id);
}

fn write_line(format: &mut Emf, line: &impl Entry, request_id: &str) {
    // One write for a line, so that no log line gets in between.
    let mut text = Vec::new();
    let written = match format.format(line, &mut text) {
        Ok(()) => std::io::stdout().write_all(&text).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    if let Err(why) = written {
        warn!(request_id, "the metrics of this request are missing: {why}");
    }
}

#[derive(Entry)]
#[entry(rename_all = "PascalCase")]
struct Line<'l> {
    #[entry(timestamp)]
    timestamp: SystemTime,
    function: &'l str,
    outcome: &'static str,
    #[entry(name = "request_id")]
    request_id: &'l str,
    /// No dimension, which would make metrics of its own for each channel.
    #[entry(name = "channel")]
    channel: Option<&'l str>,
    #[entry(flatten)]
    tally: Tally,
}

#[derive(Entry)]
#[entry(rename_all = "PascalCase")]
struct CheckLine<'l> {
    #[entry(timestamp)]
    timestamp: SystemTime,
    function: &'l str,
    #[entry(name = "request_id")]
    request_id: &'l str,
    self_check: Option<AsCount<u64>>,
    self_test: Option<AsCount<u64>>,
}

/// What happened in one request or batch. The counts are of alert events, unless noted.
#[derive(Debug, Default, PartialEq, Entry)]
#[entry(rename_all = "PascalCase")]
pub(crate) struct Tally {
    /// Alert events that came with the right token, or out of the queue.
    pub received: Counter,
    /// Alert events that Flashduty confirmed.
    pub delivered: Counter,
    /// Alert events that Flashduty confirmed once more, in their turn among the messages about their alerts.
    pub repeated: Counter,
    /// Alert events that were put into the retry queue, or stay in it.
    pub queued: Counter,
    /// Alert events that Flashduty will never take. They are in the dead letter queue, if there is one.
    pub refused: Counter,
    /// Alert events that were neither delivered nor queued: ZStack may send them again.
    pub failed: Counter,
    /// Requests without a token, or with a wrong one.
    pub unauthorized: Counter,
    /// Requests to a channel that does not exist.
    pub unknown_channel: Counter,
    /// Requests from an address that is not allowed.
    pub source_not_allowed: Counter,
    /// Messages that could not be read.
    pub unreadable: Counter,
    /// Reads that did not give both push URL and token.
    pub settings_errors: Counter,
    flashduty_latency: Distribution<Duration>,
    attempts: Distribution<AsCount<u32>>,
    age_at_delivery: Distribution<Duration>,
}

/// A count that is not written while it is zero, because every metric that is written costs something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counter(u64);

impl Counter {
    /// Whether nothing was counted.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl AddAssign<u64> for Counter {
    fn add_assign(&mut self, more: u64) {
        self.0 += more;
    }
}

impl Value for Counter {
    fn write(&self, writer: impl ValueWriter) {
        if !self.is_zero() {
            writer.metric([Observation::Unsigned(self.0)], Unit::Count, [], MetricFlags::empty());
        }
    }
}

impl Tally {
    /// Counts the tries of a push, and the time that they and the pauses between them took.
    pub fn count_push(&mut self, attempts: u32, took: Duration) {
        if attempts > 0 && self.attempts.values().len() < MAX_VALUES {
            self.attempts.extend([attempts.into()]);
            self.flashduty_latency.extend([took]);
        }
    }

    /// Counts a delivery at this time after ZStack's request.
    pub fn count_delivery(&mut self, age: Duration) {
        self.delivered += 1;
        if self.age_at_delivery.values().len() < MAX_VALUES {
            self.age_at_delivery.extend([age]);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn line(outcome: &'static str, channel: Option<&str>, tally: Tally) -> Value {
        let metrics = Metrics::new(Some("relay".to_owned()));
        let timestamp = SystemTime::UNIX_EPOCH + Duration::from_millis(1_720_144_800_001);
        let line = Line { timestamp, function: &metrics.function, outcome, request_id: "id", channel, tally };
        let mut text = Vec::new();
        metrics.format.lock().unwrap().format(&line, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.lines().count(), 1);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_line_is_in_the_embedded_metric_format() {
        let mut tally = Tally::default();
        tally.received += 2;
        tally.count_push(1, Duration::from_millis(80));
        tally.count_delivery(Duration::from_millis(90));
        tally.count_push(3, Duration::from_secs(2));
        tally.refused += 1;
        assert_eq!(
            line("FlashdutyRefused", None, tally),
            json!({
                "_aws": {
                    "Timestamp": 1_720_144_800_001_u64,
                    "CloudWatchMetrics": [{
                        "Namespace": "zstack-flashduty",
                        "Dimensions": [["Function"], ["Function", "Outcome"]],
                        "Metrics": [
                            {"Name": "Received", "Unit": "Count"},
                            {"Name": "Delivered", "Unit": "Count"},
                            {"Name": "Refused", "Unit": "Count"},
                            {"Name": "FlashdutyLatency", "Unit": "Milliseconds"},
                            {"Name": "Attempts", "Unit": "Count"},
                            {"Name": "AgeAtDelivery", "Unit": "Milliseconds"},
                        ],
                    }],
                },
                "Function": "relay",
                "Outcome": "FlashdutyRefused",
                "request_id": "id",
                "Received": 2,
                "Delivered": 1,
                "Refused": 1,
                "FlashdutyLatency": {"Values": [80, 2000], "Counts": [1, 1]},
                "Attempts": {"Values": [1, 3], "Counts": [1, 1]},
                "AgeAtDelivery": 90,
            })
        );
    }

    #[test]
    fn a_channel_can_be_searched_for_and_is_no_dimension() {
        let mut tally = Tally::default();
        tally.queued += 1;
        let line = line(QUEUED, Some("database"), tally);
        assert_eq!(line["channel"], "database");
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Function"], ["Function", "Outcome"]]));
    }

    #[test]
    fn cloudwatch_takes_a_hundred_values_of_a_metric() {
        let mut tally = Tally::default();
        for _ in 0..1_000 {
            tally.count_push(1, Duration::ZERO);
            tally.count_delivery(Duration::ZERO);
        }
        let line = line(DELIVERED, None, tally);
        assert_eq!(line["Delivered"], 1_000);
        for metric in ["FlashdutyLatency", "Attempts", "AgeAtDelivery"] {
            assert_eq!(line[metric]["Values"].as_array().unwrap().len(), 100, "{metric}");
        }
    }
}
