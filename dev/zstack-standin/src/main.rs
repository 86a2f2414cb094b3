//! Runs a stand-in for ZStack until a signal stops it.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::ValueExt as _;
use standin_server::program::{self, Stop};
use time::UtcOffset;
use zstack_standin::{Options, Standin, World};

const USAGE: &str = "\
Usage: zstack-standin [--port N] [--password TEXT] [--second-factor CODE] [--world empty|small] [--alarms N]
                      [--job-delay MS] [--try-pause MS] [--cloud] [--version-text TEXT] [--utc-offset MINUTES]
                      [--node HOST] [--stories SECONDS]

  --port N              listen on this port of 127.0.0.1 (8080); with 0, on a free one
  --password TEXT       the password of the account admin (password)
  --second-factor CODE  ask a log-in for this code too
  --world empty|small   what is there at the start (small)
  --alarms N            this many alarms more (0)
  --job-delay MS        how long an asynchronous call takes at least, in milliseconds (300)
  --try-pause MS        the pause between the five tries of a message (1000)
  --cloud               be a Cloud 5.2.1 and not a ZSphere
  --version-text TEXT   the version that getVersion answers (5.2.1)
  --utc-offset MINUTES  the server's time zone (0)
  --node HOST           the host in the address of a job, which nobody should reach (management-node.invalid)
  --stories SECONDS     this often, a problem of the small world begins by itself and is soon over (never)
  --help                show this
";

#[tokio::main]
async fn main() -> ExitCode {
    program::main(USAGE, options(Parser::from_env()), run).await
}

fn options(parser: Parser) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options { port: 8080, job_delay: Duration::from_millis(300), ..Options::default() };
    let read = program::read(parser, |name, parser| {
        match name {
            "port" => options.port = parser.value()?.parse()?,
            "password" => options.password = parser.value()?.string()?,
            "second-factor" => options.second_factor = Some(parser.value()?.string()?),
            "world" => options.world = parser.value()?.parse_with(world)?,
            "alarms" => options.alarms = parser.value()?.parse()?,
            "job-delay" => options.job_delay = Duration::from_millis(parser.value()?.parse()?),
            "try-pause" => options.try_pause = Duration::from_millis(parser.value()?.parse()?),
            "cloud" => options.cloud = true,
            "version-text" => options.version = parser.value()?.string()?,
            "utc-offset" => options.zone = parser.value()?.parse_with(zone)?,
            "stories" => options.stories = Some(parser.value()?.parse_with(interval)?),
            "node" => options.node = parser.value()?.string()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    if !read {
        return Ok(None);
    }
    if options.stories.is_some() && options.world == World::Empty {
        return Err("--stories needs --world small".into());
    }
    Ok(Some(options))
}

fn world(name: &str) -> Result<World, &'static str> {
    match name {
        "empty" => Ok(World::Empty),
        "small" => Ok(World::Small),
        _ => Err("must be empty or small"),
    }
}

fn interval(seconds: &str) -> Result<Duration, String> {
    let seconds = seconds.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(seconds).ok().filter(|it| !it.is_zero()).ok_or_else(|| "must be above 0".to_owned())
}

fn zone(minutes: &str) -> Result<UtcOffset, String> {
    let minutes: i32 = minutes.parse().map_err(|error| format!("{error}"))?;
    UtcOffset::from_whole_seconds(minutes * 60).map_err(|error| error.to_string())
}

async fn run(options: Options) -> io::Result<()> {
    let mut stop = Stop::new()?;
    let standin = Standin::start(options).await?;
    writeln!(io::stdout(), "listening on {}", standin.base_url())?;
    stop.wait().await;
    standin.shutdown().await;
    Ok(())
}
