//! The options of a stand-in.

use std::time::Duration;

use time::UtcOffset;

/// How a stand-in starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port on 127.0.0.1. With 0, the default, it is a free one.
    pub port: u16,
    /// The password of the account `admin`.
    pub password: String,
    /// The code of the second factor, which a log-in then needs beside the password.
    pub second_factor: Option<String>,
    /// What is there at the start.
    pub world: World,
    /// This many alarms more, for paging.
    pub alarms: usize,
    /// How long an asynchronous call takes, at least.
    pub job_delay: Duration,
    /// The pause between the five tries of a message; a second in ZStack.
    pub try_pause: Duration,
    /// A Cloud 5.2.1 and not a `ZSphere` before 4.10.3: other presets, other events, and changes of presets with odd
    /// UUIDs are accepted.
    pub cloud: bool,
    /// What `getVersion` answers.
    pub version: String,
    /// The server's time zone.
    pub zone: UtcOffset,
    /// How often a problem begins by itself, in the small world. `None` means never.
    pub stories: Option<Duration>,
    /// Where the console shows a job: a name that callers cannot reach.
    pub node: String,
}

/// What is there at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// The fixed topics and the presets.
    Empty,
    /// The presets, some alarms and subscriptions of people, and some resources.
    Small,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            password: "password".to_owned(),
            second_factor: None,
            world: World::Small,
            alarms: 0,
            job_delay: Duration::from_millis(5),
            try_pause: Duration::from_secs(1),
            cloud: false,
            version: "5.2.1".to_owned(),
            zone: UtcOffset::UTC,
            stories: None,
            node: "management-node.invalid".to_owned(),
        }
    }
}
