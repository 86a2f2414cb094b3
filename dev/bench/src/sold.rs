//! The relay as Lambda sells it: a part of a processor, and services that are a round trip away.
//!
//! Lambda gives a function a whole processor until it is initialised, and then the part that belongs to its memory size,
//! in slices of 20 ms. So the quota is set when the function asks for its first event.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_standin::lambda::Function;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::cgroup::{Cgroups, Group, share};
use crate::network::Client;
use crate::process::{freeze, frozen, thaw};
use crate::report::{SoldRow, median};
use crate::world::{Network, World, alarm, pushed};
use crate::{count, millis, progress, send};

/// The memory sizes, in MB.
const SIZES: [u32; 3] = [128, 256, 512];
/// The round trip time to AWS, and another one for one row.
const TO_AWS: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(5)];
const TO_FLASHDUTY: Duration = Duration::from_millis(30);
/// How many processes of each kind are started, interleaved.
const STARTS: usize = 20;
/// How many alarms a warm process gets in one turn, one right after the other, and how many turns there are.
const STREAM: usize = 40;
const TURNS: usize = 3;
/// How long a process is frozen. It is longer than the relay relies on SQS's last answer.
const PAUSE: Duration = Duration::from_millis(300);
/// How long an event takes to a process that is frozen.
const EVENT_ARRIVES: Duration = Duration::from_millis(5);

/// What runs: the name of the binary, and whether it has queues.
const KINDS: [(&str, bool); 3] = [("bench-floor", false), ("relay", false), ("relay", true)];
const FLOOR: usize = 0;
const RELAY: usize = 2;

/// What is measured: an alarm at the start of the process, after a pause, and right after another; and how many alarms a
/// second one caller gets through.
const FIRST: usize = 0;
const AFTER_PAUSE: usize = 1;
const WARM: usize = 2;
const ONE_STREAM: usize = 3;
type Figures = [Vec<f64>; 4];

/// Where the functions run.
struct Setting {
    /// `None` is a whole processor.
    memory: Option<u32>,
    network: Arc<Network>,
    to_aws: Duration,
    kinds: [Figures; KINDS.len()],
    /// What the network alone takes.
    alone: Figures,
}

impl Setting {
    fn name(&self) -> String {
        let memory = self.memory.map_or("a whole processor".to_owned(), |memory| format!("{memory} MB"));
        let far = self.to_aws != TO_AWS[0];
        if far { format!("{memory}, AWS {} ms away", self.to_aws.as_millis()) } else { memory }
    }
}

/// The rows of the table, the stages of a first alarm, and why memory sizes were left out.
pub struct Sold {
    pub rows: Vec<SoldRow>,
    pub stages: Value,
    pub left_out: Option<String>,
}

/// Measures all of it.
pub async fn measure(world: &World) -> Sold {
    let (cgroups, left_out) = match Cgroups::find() {
        Ok(cgroups) => (Some(cgroups), None),
        Err(why) => (None, Some(why)),
    };
    let networks = TO_AWS.map(|to_aws| (Arc::new(world.network(to_aws, TO_FLASHDUTY)), to_aws));
    let sizes: Vec<_> = if cgroups.is_some() { SIZES.map(Some).into() } else { vec![None] };
    let places = sizes.iter().map(|memory| (*memory, &networks[0])).chain([(sizes[0], &networks[1])]);
    let mut settings: Vec<_> = places
        .map(|(memory, (network, to_aws))| Setting {
            memory,
            network: network.clone(),
            to_aws: *to_aws,
            kinds: <[Figures; KINDS.len()]>::default(),
            alone: Figures::default(),
        })
        .collect();
    send(&mut world.function("relay", false).await, &alarm(0, 0)).await;
    let bench = Bench { world, cgroups, client: Arc::new(world.client()) };
    let stages = bench.starts(&mut settings).await;
    bench.streams(&mut settings).await;
    let rows = (FIRST..=ONE_STREAM).flat_map(|what| settings.iter().map(move |setting| row(what, setting)));
    Sold { rows: rows.collect(), stages, left_out }
}

fn row(what: usize, setting: &Setting) -> SoldRow {
    let network = median(setting.alone[what].clone());
    let [floor, alone, relay] = setting.kinds.each_ref().map(|kind| median(kind[what].clone()));
    let name = ["first alarm", "alarm after a pause", "warm alarm", "one stream"][what];
    let unit = if what == ONE_STREAM { "alarms a second" } else { "ms" };
    let row = SoldRow::new(format!("{name}, {}", setting.name()), unit, [floor, network, alone, relay]);
    match what {
        FIRST => row.at_most_above(floor + network, 15.0, "floor and network"),
        AFTER_PAUSE => row.at_most_above(alone, 2.0, "the relay alone"),
        WARM => row.at_most_above(network, 2.5, "the network"),
        _ => row.at_least(28.0),
    }
}

struct Bench<'a> {
    world: &'a World,
    /// `None` if there are no quotas here.
    cgroups: Option<Cgroups>,
    client: Arc<Client>,
}

/// A function's process, which is stopped before it executes the function's binary.
struct Process {
    // Dropped, and so killed, before its group.
    function: Function,
    group: Option<Group>,
    memory: Option<u32>,
}

impl Process {
    /// Starts the function. Lambda gives it a whole processor.
    async fn initialise(&mut self) {
        self.function.started = Instant::now();
        thaw(self.function.pid());
        self.function.asked_for_work().await;
        if let (Some(group), Some(memory)) = (&self.group, self.memory) {
            group.limit(share(memory)).expect("the quota can be set");
        }
    }

    /// The time of an alarm.
    async fn alarm(&mut self, n: usize) -> Duration {
        let event = alarm(n, 0);
        let start = Instant::now();
        send(&mut self.function, &event).await;
        start.elapsed()
    }

    /// Freezes the process. Meanwhile the services close their connections. The alarm arrives, and the process continues.
    /// Returns the time from then on.
    async fn alarm_after_pause(&mut self, network: &Network, n: usize) -> Duration {
        self.function.asked_for_work().await;
        let pid = self.function.pid();
        freeze(pid);
        frozen(pid).await;
        network.close();
        tokio::time::sleep(PAUSE).await;
        let event = alarm(n, 0);
        let continued = async {
            tokio::time::sleep(EVENT_ARRIVES).await;
            let now = Instant::now();
            thaw(pid);
            now
        };
        let (continued, ()) = tokio::join!(continued, send(&mut self.function, &event));
        continued.elapsed()
    }
}

impl Bench<'_> {
    async fn process(&self, kind: usize, setting: &Setting) -> Process {
        let (name, queues) = KINDS[kind];
        let function = self.world.run(name, &self.world.held(name), queues, Some(&setting.network)).await;
        frozen(function.pid()).await;
        let group = self.cgroups.as_ref().map(|cgroups| cgroups.group().expect("a group can be made"));
        // Before the start, because the kernel takes milliseconds to move a process.
        if let Some(group) = &group {
            group.add(function.pid()).expect("a process can be added");
        }
        Process { function, group, memory: setting.memory }
    }

    /// First alarms, and alarms after a pause. Returns the stages of a first alarm in the first setting.
    async fn starts(&self, settings: &mut [Setting]) -> Value {
        progress(&format!("{STARTS} starts of each, as Lambda sells it"));
        let mut stages = Stages::default();
        for n in 0..STARTS {
            for (at, setting) in settings.iter_mut().enumerate() {
                let (client, network) = (self.client.clone(), setting.network.clone());
                let alone = spawn_blocking(move || {
                    let (first, _) = client.first_alarm(network.ssm.port, network.flashduty.port);
                    (first, client.alarm_after_pause(network.flashduty.port))
                });
                let (first, after_pause) = alone.await.expect("the stand-ins answer");
                setting.alone[FIRST].push(millis(first));
                setting.alone[AFTER_PAUSE].push(millis(after_pause));
                setting.network.close();
                for kind in 0..KINDS.len() {
                    let mut process = self.process(kind, setting).await;
                    process.initialise().await;
                    let ready = Instant::now();
                    process.alarm(2 * n).await;
                    let first = process.function.started.elapsed();
                    if (at, kind) == (0, RELAY) {
                        stages.add(self.world, &setting.network, process.function.started, ready, first);
                    }
                    let after_pause = process.alarm_after_pause(&setting.network, 2 * n + 1).await;
                    setting.kinds[kind][FIRST].push(millis(first));
                    setting.kinds[kind][AFTER_PAUSE].push(millis(after_pause));
                    process.function.kill().await;
                    setting.network.close();
                }
            }
        }
        self.world.flashduty.clear();
        let setting = &settings[0];
        let [floor, network] = [&setting.kinds[FLOOR], &setting.alone].map(|figures| median(figures[FIRST].clone()));
        json!({"setting": setting.name(), "stages": stages.medians(setting.to_aws), "floor": floor, "network": network})
    }

    /// Warm alarms, one right after the other.
    async fn streams(&self, settings: &mut [Setting]) {
        progress(&format!("{TURNS} times {STREAM} alarms to each, as Lambda sells it"));
        let mut processes = Vec::new();
        for setting in settings.iter() {
            for kind in 0..KINDS.len() {
                let mut process = self.process(kind, setting).await;
                process.initialise().await;
                process.alarm(0).await;
                processes.push(process);
            }
        }
        for turn in 0..TURNS {
            let mut running = processes.iter_mut();
            for setting in settings.iter_mut() {
                let (client, network) = (self.client.clone(), setting.network.clone());
                let alone = spawn_blocking(move || {
                    let (_, mut connection) = client.first_alarm(network.ssm.port, network.flashduty.port);
                    (0..STREAM).map(|_| client.warm_alarm(&mut connection)).collect::<Vec<_>>()
                });
                add(&mut setting.alone, &alone.await.expect("the stand-ins answer"));
                for (figures, process) in setting.kinds.iter_mut().zip(&mut running) {
                    let mut times = Vec::new();
                    for n in 0..STREAM {
                        times.push(process.alarm(turn * STREAM + n + 1).await);
                    }
                    add(figures, &times);
                }
            }
        }
        for process in &mut processes {
            process.function.kill().await;
        }
        self.world.flashduty.clear();
    }
}

/// Adds the figures of a turn.
fn add(figures: &mut Figures, times: &[Duration]) {
    figures[WARM].extend(times.iter().copied().map(millis));
    figures[ONE_STREAM].push(count(times.len()) / times.iter().sum::<Duration>().as_secs_f64());
}

/// When each stage of a first alarm begins and ends.
#[derive(Default)]
struct Stages([(Vec<f64>, Vec<f64>); 5]);

impl Stages {
    const NAMES: [&str; 5] = [
        "starts and asks SSM",
        "has the settings, is initialised",
        "reads the alarm, calls Flashduty",
        "Flashduty has the event",
        "ZStack is answered",
    ];

    fn add(&mut self, world: &World, network: &Network, started: Instant, ready: Instant, answered: Duration) {
        let since = |moment: Option<Instant>| moment.map_or(Duration::ZERO, |it| it.duration_since(started));
        let (asked, opened, has_event) =
            (since(world.ssm.last_call()), since(network.flashduty.last_opened()), since(pushed()));
        let ready = ready.duration_since(started);
        let spans = [
            (Duration::ZERO, asked),
            (asked, ready),
            (ready.min(opened), opened),
            (opened, has_event),
            (has_event, answered),
        ];
        for ((from, to), span) in self.0.iter_mut().zip(spans) {
            from.push(millis(span.0));
            to.push(millis(span.1));
        }
    }

    /// Each with the time that the network takes of it at least.
    fn medians(self, to_aws: Duration) -> Value {
        let (aws, flashduty) = (millis(to_aws), millis(TO_FLASHDUTY));
        let network = [2.5 * aws, 0.5 * aws, 0.0, 2.5 * flashduty, 0.5 * flashduty];
        let stages = self.0.into_iter().zip(Self::NAMES).zip(network);
        let stages = stages.map(|(((from, to), name), network)| {
            json!({"stage": name, "from": median(from), "to": median(to), "network": network})
        });
        stages.collect()
    }
}
