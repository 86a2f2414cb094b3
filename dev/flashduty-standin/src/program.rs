//! The command line, the signals and the log, shared by the programs that contain a stand-in.

use std::io::{self, Write};
use std::process::ExitCode;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value, ValueExt as _};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::options::Options;
use crate::rate::RateLimit;
use crate::received::Received;
use crate::title::title;

/// Reads a command line. Returns none if it asks for help.
///
/// `own` handles the options that only this program has. It reads the option's value from the parser, and returns
/// whether it knows the option.
///
/// # Errors
///
/// If the command line is wrong. The error never repeats a value that may be a key.
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

/// The whole of `main`: runs the program, or shows the usage if `options` has none or an error. The exit status is 2 if
/// the command line is wrong, and 1 if the program failed.
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

/// The signals that tell a program to stop, SIGTERM and SIGINT. After [`Stop::new`] they do not kill the process.
#[derive(Debug)]
pub struct Stop([Signal; 2]);

impl Stop {
    /// Installs the handlers.
    ///
    /// # Errors
    ///
    /// If the system refuses.
    pub fn new() -> io::Result<Self> {
        Ok(Self([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?]))
    }

    /// Waits for one of them.
    pub async fn wait(&mut self) {
        let [terminate, interrupt] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// Writes a line about a push to stderr.
pub fn log(request: &Received) {
    // If stderr is closed, nobody wants the log.
    let _ = writeln!(io::stderr(), "{}", line(request));
}

/// One line about a push: the answer's status, the event's status and title, and what is wrong with it. The URL is left
/// out because it contains the integration key.
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
        line.push_str(": injected fault");
    }
    if !request.violations.is_empty() {
        line.push_str(": ");
        line.push_str(&request.violations.join("; "));
    }
    line
}

/// An event's status and title; either may be missing.
fn event(body: &[u8]) -> String {
    let event: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let title = title(&event).map_or("without title".to_owned(), |title| format!("{title:?}"));
    format!("{} {title}", event["event_status"])
}
