//! Runs the local console until it is told to stop.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use flashduty_console::{Console, Options};
use flashduty_standin::program::{self, Stop};
use lexopt::Parser;
use lexopt::prelude::ValueExt as _;

const USAGE: &str = "\
Usage: flashduty-console --key KEY... [--port N] [--push-port N] [--newer-limits] [--per-second N]
                         [--per-minute N] [--no-rate-limit] [--samples FOLDER]

  --key KEY         accept pushes with this integration key; may be repeated
  --port N          show the page on this port of 127.0.0.1 (8080); 0 takes a free one
  --push-port N     take pushes on this port of 127.0.0.1 (0)
  --newer-limits    take what Flashduty's newer text allows: 2000 within any minute, of all keys together
  --per-second N    take so many pushes of a key within any second (100)
  --per-minute N    take so many pushes of a key within any minute (1000)
  --no-rate-limit   take any number of pushes
  --samples FOLDER  where the samples are (events)
  --help            show this
";

#[tokio::main]
async fn main() -> ExitCode {
    program::main(USAGE, options(Parser::from_env()), run).await
}

fn options(arguments: Parser) -> Result<Option<Options>, lexopt::Error> {
    let (mut port, mut push_port, mut samples) = (8080, 0, PathBuf::from("events"));
    let standin = program::options(arguments, |name, arguments| {
        match name {
            "port" => port = arguments.value()?.parse()?,
            "push-port" => push_port = arguments.value()?.parse()?,
            "samples" => samples = arguments.value()?.into(),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(standin.map(|standin| Options {
        port,
        push_port,
        keys: standin.keys,
        rate_limit: standin.rate_limit,
        samples,
        log: program::log,
    }))
}

async fn run(options: Options) -> io::Result<()> {
    let mut stop = Stop::new()?;
    let console = Console::start(options).await?;
    writeln!(io::stdout(), "listening on {}\nconsole on {}", console.standin().base_url(), console.base_url())?;
    stop.wait().await;
    Ok(())
}
