//! Runs the program that sets up ZStack against the stand-in of ZStack's API.
//!
//! The command line comes from an option of the console. A request only chooses one of three tasks and a language. What
//! the program needs to know of this run, secrets among it, it gets in its environment, because `ps` shows arguments.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{self, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::server::App;
use crate::state::{Secret, Stack, ZStack};

/// The most output of a run in bytes. A run that writes more is ended.
const MAX_OUTPUT: usize = 64 << 10;

/// How the program is started.
#[derive(Clone, Debug)]
pub struct SetupProgram {
    /// The program and its first arguments.
    pub command: Vec<OsString>,
    /// Where undo files are written.
    pub undo_folder: PathBuf,
    /// A run that takes longer is ended.
    pub patience: Duration,
}

/// What a run is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Task {
    /// Show the plan, and change nothing.
    Plan,
    SetUp,
    /// Take back what the last run changed.
    TakeBack,
}

/// The language of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Language {
    En,
    Zh,
}

/// A run, as the page shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Run {
    task: Task,
    language: Language,
    /// Whole lines. After the end, everything.
    output: String,
    /// `None` while it runs.
    end: Option<End>,
    /// The last line, whose end has not been read.
    #[serde(skip)]
    unfinished: Vec<u8>,
    /// How many bytes were read.
    #[serde(skip)]
    read: usize,
    /// No line that contains it is shown.
    #[serde(skip)]
    token: Option<Secret>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "how", rename_all = "snake_case")]
enum End {
    Exited {
        status: i32,
    },
    /// By somebody else.
    Killed,
    TooMuchOutput,
    TooLong,
}

/// The newest run, and what can be taken back.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    run: Option<Run>,
    /// How many runs were started.
    runs: u64,
    /// Of the runs that changed something and were not taken back, oldest first.
    undo_files: Vec<PathBuf>,
    /// How often this changed.
    changes: u64,
}

/// What the page shows.
#[derive(Debug, Serialize)]
pub(crate) struct Status<'a> {
    /// Whether a run can be started.
    ready: bool,
    can_take_back: bool,
    /// The newest run.
    run: Option<&'a Run>,
}

/// Why no run was started.
#[derive(Debug)]
pub(crate) enum NotStarted {
    /// The console was started without the program, or the stack is not deployed.
    NotReady,
    Running,
    NothingToTakeBack,
    Failed(OsString, io::Error),
}

impl Setup {
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    pub(crate) fn status(&self, ready: bool) -> Status<'_> {
        Status { ready, can_take_back: !self.undo_files.is_empty(), run: self.run.as_ref() }
    }

    fn is_running(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.end.is_none())
    }

    /// Whether there is room for more after this.
    fn add(&mut self, bytes: &[u8]) -> bool {
        self.changes += 1;
        self.run.as_mut().is_some_and(|run| run.add(bytes))
    }

    fn end(&mut self, end: End, undo_file: PathBuf) {
        self.changes += 1;
        let Some(run) = &mut self.run else { return };
        run.end(end);
        match run.task {
            // A run that changed nothing leaves no file.
            Task::SetUp if undo_file.exists() => self.undo_files.push(undo_file),
            Task::TakeBack if end == (End::Exited { status: 0 }) => drop(self.undo_files.pop()),
            _ => {}
        }
    }
}

impl Run {
    fn add(&mut self, bytes: &[u8]) -> bool {
        let room = MAX_OUTPUT.saturating_sub(self.read);
        self.unfinished.extend(&bytes[..bytes.len().min(room)]);
        self.read += bytes.len();
        if let Some(end) = self.unfinished.iter().rposition(|byte| *byte == b'\n') {
            let lines: Vec<_> = self.unfinished.drain(..=end).collect();
            self.show(&lines);
        }
        self.read <= MAX_OUTPUT
    }

    fn end(&mut self, end: End) {
        let rest = std::mem::take(&mut self.unfinished);
        self.show(&rest);
        self.end = Some(end);
    }

    fn show(&mut self, bytes: &[u8]) {
        for line in String::from_utf8_lossy(bytes).split_inclusive('\n') {
            // The program shows no secret. If it did, this page would not.
            if self.token.as_ref().is_none_or(|token| !line.contains(&token.0)) {
                self.output.push_str(line);
            }
        }
    }
}

/// Starts a run.
pub(crate) fn start(app: &Arc<App>, task: Task, language: Language) -> Result<(), NotStarted> {
    let _one_at_a_time = app.setup_starts();
    let program = app.setup.as_ref().ok_or(NotStarted::NotReady)?;
    let (stack, running, number, last) = app.state.read(|state| {
        let setup = &state.setup;
        (state.stack.clone(), setup.is_running(), setup.runs, setup.undo_files.last().cloned())
    });
    let Stack { webhook_url: Some(webhook), token, zstack: Some(zstack), .. } = stack else {
        return Err(NotStarted::NotReady);
    };
    if running {
        return Err(NotStarted::Running);
    }
    let undo_file = match task {
        Task::TakeBack => last.ok_or(NotStarted::NothingToTakeBack)?,
        Task::Plan | Task::SetUp => program.undo_folder.join(format!("zstack-undo-{}-{number}.jsonl", process::id())),
    };
    let [name, first @ ..] = &program.command[..] else { return Err(NotStarted::NotReady) };
    let mut command = Command::new(name);
    command.args(first);
    match task {
        Task::Plan => command.arg("--dry-run"),
        Task::SetUp => command.args(["--yes", "--undo-file"]).arg(&undo_file),
        Task::TakeBack => command.args(["--yes", "--undo"]).arg(&undo_file),
    };
    let (child, output) = spawn(command, language, webhook, token.as_ref(), zstack)
        .map_err(|error| NotStarted::Failed(name.clone(), error))?;
    let run = Run { task, language, output: String::new(), end: None, unfinished: Vec::new(), read: 0, token };
    app.state.update(|state| {
        state.setup.run = Some(run);
        state.setup.runs += 1;
        state.setup.changes += 1;
    });
    tokio::spawn(follow(app.clone(), child, output, program.patience, undo_file));
    Ok(())
}

/// Starts the program. Its output and its errors come in one pipe, so that they keep their order.
fn spawn(
    mut command: Command,
    language: Language,
    webhook: String,
    token: Option<&Secret>,
    zstack: ZStack,
) -> io::Result<(Child, pipe::Receiver)> {
    let (reader, writer) = io::pipe()?;
    let locale = match language {
        Language::En => "en_US.UTF-8",
        Language::Zh => "zh_CN.UTF-8",
    };
    command
        .env_clear()
        .envs(["PATH", "HOME"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .envs([("LANG", locale), ("PYTHONUTF8", "1"), ("PYTHONUNBUFFERED", "1")])
        .envs([("ZSTACK", zstack.url), ("ZSTACK_PASSWORD", zstack.password.0), ("WEBHOOK_URL", webhook)])
        .envs(token.map(|token| ("WEBHOOK_TOKEN", &token.0)))
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .kill_on_drop(true);
    let child = command.spawn()?;
    // Drops the writers of this process. Otherwise the output would never end.
    drop(command);
    Ok((child, pipe::Receiver::from_owned_fd(reader.into())?))
}

/// Reads the output to its end.
async fn follow(app: Arc<App>, mut child: Child, mut output: pipe::Receiver, patience: Duration, undo_file: PathBuf) {
    let to_end = async {
        let mut chunk = [0; 4096];
        // An error is an end as well.
        while let read @ 1.. = output.read(&mut chunk).await.unwrap_or_default() {
            if !app.state.update(|state| state.setup.add(&chunk[..read])) {
                return End::TooMuchOutput;
            }
        }
        let status = child.wait().await.ok().and_then(|status| status.code());
        status.map_or(End::Killed, |status| End::Exited { status })
    };
    let end = timeout(patience, to_end).await.unwrap_or(End::TooLong);
    // An error means that it has ended.
    let _ = child.kill().await;
    app.state.update(|state| state.setup.end(end, undo_file));
}
