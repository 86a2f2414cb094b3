//! What the stand-in is as a program, for every binary that has one in it.

use std::io::{self, Write};
use std::process::ExitCode;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value, ValueExt as _};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{Options, RateLimit, Received, title};

/// Reads a command line; none if it asks for help.
///
/// `own` is asked for the options that only this program has: it takes the option's value from the
/// parser, and says whether there is such an option.
///
/// # Errors
///
/// What is wrong with the command line. It never repeats a value that may be a key.
pub fn options(
    mut arguments: Parser,
    mut own: impl FnMut(&str, &mut Parser) -> Result<bool, lexopt::Error>,
) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next()? {
        let name = match argument {
            Long(name) => name.to_owned(),
            Short('h') => return Ok(None),
            Value(_) => return Err("every argument must belong to an option".into()),
            Short(_) => return Err(argument.unexpected()),
        };
        match name.as_str() {
            "help" => return Ok(None),
            "key" => options.keys.push(arguments.value()?.string()?),
            "newer-limits" => options.rate_limit = Some(RateLimit::NEWER),
            "per-second" => limit(&mut options).per_second = Some(arguments.value()?.parse()?),
            "per-minute" => limit(&mut options).per_minute = arguments.value()?.parse()?,
            "no-rate-limit" => options.rate_limit = None,
            name if own(name, &mut arguments)? => {}
            name => return Err(Long(name).unexpected()),
        }
    }
    if options.keys.is_empty() || options.keys.iter().any(String::is_empty) {
        return Err("--key is missing or empty".into());
    }
    Ok(Some(options))
}

fn limit(options: &mut Options) -> &mut RateLimit {
    options.rate_limit.get_or_insert_default()
}

/// The whole of `main`: shows the usage where it is asked for or needed, else runs the program. The
/// exit status is 2 for a wrong command line, and 1 where the program failed.
pub async fn main<O, R: Future<Output = io::Result<()>>>(
    usage: &str,
    options: Result<Option<O>, lexopt::Error>,
    run: impl FnOnce(O) -> R,
) -> ExitCode {
    match options {
        Ok(Some(options)) => match run(options).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => print(io::stderr(), &format!("{error}\n"), 1),
        },
        Ok(None) => print(io::stdout(), usage, 0),
        Err(error) => print(io::stderr(), &format!("{error}\n\n{usage}"), 2),
    }
}

fn print(mut to: impl Write, text: &str, code: u8) -> ExitCode {
    match to.write_all(text.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::FAILURE,
    }
}

/// The signals that tell a program to stop. From [`Stop::new`] on, they do not kill it.
#[derive(Debug)]
pub struct Stop([Signal; 2]);

impl Stop {
    /// Listens to them.
    ///
    /// # Errors
    ///
    /// When the system does not let us.
    pub fn new() -> io::Result<Self> {
        Ok(Self([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?]))
    }

    /// Waits for one of them.
    pub async fn told(&mut self) {
        let [terminate, interrupt] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// Writes a line about a push to stderr.
pub fn log(request: &Received) {
    // Whoever closed stderr does not want the log.
    let _ = writeln!(io::stderr(), "{}", line(request));
}

/// One line about a push: what it was answered, what it said, what is wrong with it. Never its URL,
/// which has the integration key in it.
fn line(request: &Received) -> String {
    let status = match request.status {
        Some(status) => status.to_string(),
        None => "unanswered".to_owned(),
    };
    let what = if request.path.ends_with("/zstack") {
        format!("a ZStack message of {} bytes", request.body.len())
    } else {
        event(&request.body)
    };
    let mut line = format!("{status} {what}");
    if request.fault.is_some() {
        line.push_str(": bad weather");
    }
    if !request.violations.is_empty() {
        line.push_str(": ");
        line.push_str(&request.violations.join("; "));
    }
    line
}

/// An event's status and title, as far as it has them.
fn event(body: &[u8]) -> String {
    let event: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let title = title(&event).map_or("without title".to_owned(), |title| format!("{title:?}"));
    format!("{} {title}", event["event_status"])
}
