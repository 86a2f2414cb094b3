//! The cost of a request, without the network.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use zstack_flashduty::translate::{Context, translate};
use zstack_flashduty::webhook::url_labels;
use zstack_flashduty::zstack::split;

/// The body of a request, and the parameters of its URL.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) body: Vec<u8>,
    pub(crate) query: Vec<(String, String)>,
}

/// The cost of translating a request into events.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Processor time.
    pub(crate) time: Duration,
    /// Peak memory in bytes.
    pub(crate) peak: u64,
    /// All allocations together, in bytes.
    pub(crate) allocated: u64,
}

impl Request {
    /// Reads, translates and renders one message after another, as the relay does.
    pub(crate) fn cost(&self) -> Cost {
        let before = processor_time();
        let memory = allocation_counter::measure(|| self.translate());
        let time = processor_time().saturating_sub(before);
        Cost { time, peak: memory.bytes_max, allocated: memory.bytes_total }
    }

    fn translate(&self) {
        let query = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let context = Context { url_labels: url_labels(query), ..Context::default() };
        for part in split(&self.body) {
            for alert in translate(&part.text, &part.around, &context) {
                for event in alert.events {
                    black_box((event.to_json(), event.cut().join(",")));
                }
            }
        }
    }
}

fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}
