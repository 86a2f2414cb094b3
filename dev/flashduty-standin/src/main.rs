//! Runs a stand-in for Flashduty until a signal stops it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use flashduty_standin::{OnPush, Options, Standin, arguments, log};
use lexopt::Parser;
use lexopt::prelude::ValueExt as _;
use standin_server::program::{self, Stop};

const USAGE: &str = "\
Usage: flashduty-standin --key KEY... [--port N] [--newer-limits] [--per-second N] [--per-minute N]
                         [--no-rate-limit]

  --key KEY         accept this integration key; may be repeated
  --port N          listen on this port of 127.0.0.1 (8080); with 0, on a free one
  --newer-limits    Flashduty's newer rate limit: 2000 requests a minute for all keys together
  --per-second N    accept at most N requests a second for each key (100)
  --per-minute N    accept at most N requests a minute for each key (1000)
  --no-rate-limit   accept any number of requests
  --help            show this
";

#[tokio::main]
async fn main() -> ExitCode {
    program::main(USAGE, options(Parser::from_env()), run).await
}

fn options(parser: Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut port = 8080;
    let options = arguments::options(parser, |name, parser| {
        if name == "port" {
            port = parser.value()?.parse()?;
        }
        Ok(name == "port")
    })?;
    Ok(options.map(|options| Options { port, on_push: Some(OnPush::new(log)), ..options }))
}

async fn run(options: Options) -> io::Result<()> {
    let mut stop = Stop::new()?;
    let standin = Standin::start(options).await?;
    writeln!(io::stdout(), "listening on {}", standin.base_url())?;
    stop.wait().await;
    standin.shutdown().await;
    Ok(())
}
