//! A program that runs until a signal stops it.

use std::io::{self, Write};
use std::process::ExitCode;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Reads a command line of long options. Returns false if it asks for help.
///
/// `option` gets each option's name. It reads the value from the parser, and returns whether it knows the option.
///
/// # Errors
///
/// If the command line is wrong. The error never repeats a value, which may be a secret, unless `option`'s own does.
pub fn read(
    mut parser: Parser,
    mut option: impl FnMut(&str, &mut Parser) -> Result<bool, lexopt::Error>,
) -> Result<bool, lexopt::Error> {
    while let Some(argument) = parser.next()? {
        let name = match argument {
            Long("help") | Short('h') => return Ok(false),
            Long(name) => name.to_owned(),
            Value(_) => return Err("every argument must belong to an option".into()),
            Short(_) => return Err(argument.unexpected()),
        };
        if !option(&name, &mut parser)? {
            return Err(Long(&name).unexpected());
        }
    }
    Ok(true)
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
