//! Runs a stand-in for Flashduty until it is told to stop.

use std::io::{self, Write};
use std::process::ExitCode;

use flashduty_standin::{Options, RateLimit, Received, Standin, render};
use lexopt::prelude::{Long, Short, Value, ValueExt as _};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
Usage: flashduty-standin --key KEY... [--port N] [--per-second N] [--per-minute N] [--no-rate-limit]

  --key KEY         accept this integration key; may be repeated
  --port N          listen on this port of 127.0.0.1 (8080); 0 takes a free one
  --per-second N    take so many requests within any second (100)
  --per-minute N    take so many requests within any minute (1000)
  --no-rate-limit   take any number of requests
  --help            show this
";

#[tokio::main]
async fn main() -> ExitCode {
    match options(lexopt::Parser::from_env()) {
        Ok(Some(options)) => match run(options).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => print(io::stderr(), &format!("{error}\n"), 1),
        },
        Ok(None) => print(io::stdout(), USAGE, 0),
        Err(error) => print(io::stderr(), &format!("{error}\n\n{USAGE}"), 2),
    }
}

/// Reads the arguments; none if they ask for help.
fn options(mut arguments: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options { port: 8080, on_push: Some(log), ..Options::default() };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("key") => options.keys.push(arguments.value()?.string()?),
            Long("port") => options.port = arguments.value()?.parse()?,
            Long("per-second") => limit(&mut options).per_second = arguments.value()?.parse()?,
            Long("per-minute") => limit(&mut options).per_minute = arguments.value()?.parse()?,
            Long("no-rate-limit") => options.rate_limit = None,
            Long("help") | Short('h') => return Ok(None),
            // It may be a key, so it is not repeated.
            Value(_) => return Err("every argument must belong to an option".into()),
            _ => return Err(argument.unexpected()),
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

async fn run(options: Options) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let standin = Standin::start(options).await?;
    writeln!(io::stdout(), "listening on {}", standin.base_url())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    standin.shutdown().await;
    Ok(())
}

fn log(request: &Received) {
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
    let labels = serde_json::from_value(event["labels"].clone()).unwrap_or_default();
    let title =
        event["title_rule"].as_str().map_or("without title".to_owned(), |rule| format!("{:?}", render(rule, &labels)));
    format!("{} {title}", event["event_status"])
}

fn print(mut to: impl Write, text: &str, code: u8) -> ExitCode {
    match to.write_all(text.as_bytes()) {
        Ok(()) => ExitCode::from(code),
        Err(_) => ExitCode::FAILURE,
    }
}
