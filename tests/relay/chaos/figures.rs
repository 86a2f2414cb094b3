//! The figures of an attack, and the seed of a round.

use std::fmt::Write as _;
use std::ops::AddAssign;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

/// The counts of all rounds of an attack. Lost alerts are not counted, because a round that loses one fails.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub rounds: u64,
    /// Alerts, bodies or attempts at access.
    pub sent: u64,
    /// Requests to the relay, ZStack's retries included.
    pub requests: u64,
    /// Requests to Flashduty.
    pub pushes: u64,
    pub kills: u64,
    pub freezes: u64,
    /// Faults of Flashduty, SQS and SSM, and jumps of the clock.
    pub faults: u64,
}

impl Figures {
    fn cells(&self) -> [u64; 6] {
        [self.requests, self.pushes, self.kills, self.freezes, self.faults, self.rounds]
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, more: Self) {
        self.rounds += more.rounds;
        self.sent += more.sent;
        self.requests += more.requests;
        self.pushes += more.pushes;
        self.kills += more.kills;
        self.freezes += more.freezes;
        self.faults += more.faults;
    }
}

/// A running attack.
pub struct Row {
    attack: &'static str,
    unit: &'static str,
    running: JoinHandle<Figures>,
}

impl Row {
    pub fn start(
        attack: &'static str,
        unit: &'static str,
        rounds: impl Future<Output = Figures> + Send + 'static,
    ) -> Self {
        Self { attack, unit, running: tokio::spawn(rounds) }
    }

    /// Waits until the attack has ended.
    pub async fn ended(&self) {
        while !self.running.is_finished() {
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Waits for all attacks. Returns a table with one line for each, and whether one failed.
pub async fn table(rows: Vec<Row>) -> (String, bool) {
    let mut lines: Vec<(&str, &str, Option<Figures>)> = Vec::new();
    for Row { attack, unit, running } in rows {
        let figures = running.await.ok();
        match lines.iter_mut().find(|(other, ..)| *other == attack) {
            Some((.., all)) => {
                *all = all.zip(figures).map(|(mut all, more)| {
                    all += more;
                    all
                });
            }
            None => lines.push((attack, unit, figures)),
        }
    }
    let mut text = "| attack | sent | requests | pushes | kills | freezes | faults | rounds | lost |\n\
                    | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for (attack, unit, figures) in &lines {
        let Some(figures) = figures else {
            let _ = writeln!(text, "| {attack} | FAILED | | | | | | | ? |");
            continue;
        };
        let cells = figures.cells().map(thousands).join(" | ");
        let _ = writeln!(text, "| {attack} | {} {unit} | {cells} | 0 |", thousands(figures.sent));
    }
    (text, lines.iter().any(|(.., figures)| figures.is_none()))
}

/// `12345` as `12,345`, and an empty text for 0.
fn thousands(number: u64) -> String {
    let digits = if number == 0 { String::new() } else { number.to_string() };
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The seed of a round: `CHAOS_SEED`, or a random one. It is printed if the round fails.
pub struct Seed {
    filter: &'static str,
    value: u64,
}

impl Seed {
    /// `filter` is the name of the attack for `cargo test`.
    pub fn new(filter: &'static str) -> Self {
        let given = std::env::var("CHAOS_SEED").ok().map(|seed| seed.parse().unwrap());
        Self { filter, value: given.unwrap_or_else(|| fastrand::u64(..)) }
    }

    pub fn value(&self) -> u64 {
        self.value
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("\nto repeat this round: CHAOS_SEED={} cargo test --test relay {}\n", self.value, self.filter);
        }
    }
}
