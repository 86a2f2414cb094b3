//! Runs the local console until SIGINT or SIGTERM.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use flashduty_console::{Console, Options, SetupProgram};
use flashduty_standin::{arguments, log};
use lexopt::Parser;
use lexopt::prelude::ValueExt as _;
use standin_server::program::{self, Stop};

const USAGE: &str = "\
Usage: flashduty-console --key KEY... [--port N] [--push-port N] [--newer-limits] [--per-second N]
                         [--per-minute N] [--no-rate-limit] [--samples FOLDER]
                         [--setup PROGRAM]... [--undo FOLDER]

  --key KEY         accept pushes with this integration key; may be repeated
  --port N          port of the page on 127.0.0.1 (default 8080); 0 chooses a free port
  --push-port N     port for pushes on 127.0.0.1 (default 0)
  --newer-limits    rate limit of Flashduty's newer document: 2000 pushes a minute for all keys together
  --per-second N    rate limit of each key in pushes a second (default 100)
  --per-minute N    rate limit of each key in pushes a minute (default 1000)
  --no-rate-limit   accept any number of pushes
  --samples FOLDER  folder with the sample messages (default events)
  --setup PROGRAM   the program that sets up ZStack; may be repeated, for its first arguments
  --undo FOLDER     folder in which that program writes down what it changed (default .)
  --help            show this help
";

/// Much longer than a set-up of the small world takes.
const PATIENCE: Duration = Duration::from_mins(5);

#[tokio::main]
async fn main() -> ExitCode {
    program::main(USAGE, options(Parser::from_env()), run).await
}

fn options(parser: Parser) -> Result<Option<Options>, lexopt::Error> {
    let (mut port, mut push_port, mut samples) = (8080, 0, PathBuf::from("events"));
    let (mut command, mut undo_folder) = (Vec::new(), PathBuf::from("."));
    let standin = arguments::options(parser, |name, parser| {
        match name {
            "port" => port = parser.value()?.parse()?,
            "push-port" => push_port = parser.value()?.parse()?,
            "samples" => samples = parser.value()?.into(),
            "setup" => command.push(parser.value()?),
            "undo" => undo_folder = parser.value()?.into(),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let setup = (!command.is_empty()).then_some(SetupProgram { command, undo_folder, patience: PATIENCE });
    Ok(standin.map(|standin| Options {
        port,
        push_port,
        keys: standin.keys,
        rate_limit: standin.rate_limit,
        samples,
        setup,
        log,
    }))
}

async fn run(options: Options) -> io::Result<()> {
    let mut stop = Stop::new()?;
    let console = Console::start(options).await?;
    writeln!(io::stdout(), "listening on {}\nconsole on {}", console.standin().base_url(), console.base_url())?;
    stop.wait().await;
    Ok(())
}
