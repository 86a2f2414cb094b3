//! The jobs of asynchronous calls.

use std::mem;
use std::time::Duration;

use tokio::time::sleep;

use crate::access::Who;
use crate::answer::Answer;
use crate::args::Args;
use crate::calls::{Call, Run, Tested};
use crate::fault::Fault;
use crate::messages::Told;
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::zstack::{Job, ZStack};
use crate::{ids, messages};

/// A job that was accepted.
pub(crate) struct Started {
    pub(crate) uuid: String,
    pub(crate) call: &'static Call,
    pub(crate) args: Args,
    pub(crate) who: Result<Who, Refusal>,
}

/// The UUID of a new job: the caller's or a random one.
pub(crate) fn start(zstack: &mut ZStack, wanted: Option<&str>) -> Result<String, Answer> {
    let uuid = match wanted {
        None => ids::random(),
        Some(uuid) if !ids::is_hex(uuid) => return Err(Answer::plain(400, "X-Job-UUID is no uuid")),
        Some(uuid) if zstack.jobs.contains_key(uuid) => return Err(Answer::plain(400, "X-Job-UUID is used")),
        Some(uuid) => uuid.to_owned(),
    };
    zstack.jobs.insert(uuid.clone(), Job::Working);
    Ok(uuid)
}

pub(crate) fn poll(zstack: &ZStack, uuid: &str) -> Answer {
    match zstack.jobs.get(uuid) {
        Some(Job::Working) => Answer::plain(202, ""),
        Some(Job::Done(answer)) => answer.clone(),
        Some(Job::Expired) | None => Answer::plain(404, "the job is expired"),
    }
}

/// Delivers what a job told. The job does not wait for it.
async fn deliver(shared: Shared, told: Vec<Told>) {
    for mut it in told {
        messages::deliver(&shared, &mut it).await;
    }
}

/// Runs a job after its delay. `place` is that of the call in the log.
pub(crate) async fn run(shared: Shared, started: Started, fault: Option<Fault>, place: usize) {
    let Started { uuid, call, args, who } = started;
    let delay = match fault {
        Some(Fault::Stuck) => return,
        Some(Fault::SlowJob { millis }) => Duration::from_millis(millis),
        _ => shared.lock().options.job_delay,
    };
    sleep(delay).await;
    let result = match (&call.run, who) {
        (_, Err(refusal)) => Err(refusal),
        (Run::Job(run), Ok(who)) => {
            let mut zstack = shared.lock();
            let result = run(&mut zstack, &who, &args);
            tokio::spawn(deliver(shared.clone(), mem::take(&mut zstack.told)));
            result
        }
        (_, Ok(who)) => {
            let target = Tested::target(&shared.lock(), &who, &args);
            match target {
                Ok(target) => messages::test(&shared, &target).await,
                Err(refusal) => Err(refusal),
            }
        }
    };
    let answer = Answer::result(result);
    let status = Some(answer.status);
    let job = match fault {
        Some(Fault::DoneButStuck) => Job::Working,
        Some(Fault::Expired) => Job::Expired,
        _ => Job::Done(answer),
    };
    let mut zstack = shared.lock();
    zstack.jobs.insert(uuid, job);
    zstack.calls.change(place, |it| it.job_status = status);
}
