//! Runs a stand-in for Flashduty until it is told to stop.

use std::io::{self, Write as _};
use std::process::ExitCode;

use flashduty_standin::program::{self, Stop};
use flashduty_standin::{OnPush, Options, Standin};
use lexopt::Parser;
use lexopt::prelude::ValueExt as _;

const USAGE: &str = "\
Usage: flashduty-standin --key KEY... [--port N] [--newer-limits] [--per-second N] [--per-minute N]
                         [--no-rate-limit]

  --key KEY         accept this integration key; may be repeated
  --port N          listen on this port of 127.0.0.1 (8080); 0 takes a free one
  --newer-limits    take what Flashduty's newer text allows: 2000 within any minute, of all keys together
  --per-second N    take so many requests of a key within any second (100)
  --per-minute N    take so many requests of a key within any minute (1000)
  --no-rate-limit   take any number of requests
  --help            show this
";

#[tokio::main]
async fn main() -> ExitCode {
    program::main(USAGE, options(Parser::from_env()), run).await
}

fn options(arguments: Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut port = 8080;
    let options = program::options(arguments, |name, arguments| {
        if name == "port" {
            port = arguments.value()?.parse()?;
        }
        Ok(name == "port")
    })?;
    Ok(options.map(|options| Options { port, on_push: Some(OnPush::new(program::log)), ..options }))
}

async fn run(options: Options) -> io::Result<()> {
    let mut stop = Stop::new()?;
    let standin = Standin::start(options).await?;
    writeln!(io::stdout(), "listening on {}", standin.base_url())?;
    stop.told().await;
    standin.shutdown().await;
    Ok(())
}
