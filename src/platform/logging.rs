//! The log: JSON lines on standard output.

use std::env;
use std::io;
use std::panic::{self, PanicHookInfo};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The most verbose level of libraries. Below it they print whole requests, credentials included.
const LIBRARIES: LevelFilter = LevelFilter::INFO;

/// The target of `lambda_runtime`'s own line about a panic, which says less than that of [`log_panic`].
const SECOND_LINE_ABOUT_PANICS: &str = "lambda_runtime::layers::panic";

/// Starts the log, also for panics. The level is that of `AWS_LAMBDA_LOG_LEVEL` (which Lambda sets) or else of
/// `RUST_LOG`; without either it is `INFO`.
///
/// Libraries never log below `INFO`, whatever the variables say, so that no secret gets into the log at any level.
pub fn init() {
    let wanted = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].iter().find_map(|name| {
        let value = env::var(name).ok().filter(|value| !value.trim().is_empty())?;
        Some((name, value))
    });
    let parsed = wanted.as_ref().map(|(_, value)| targets(value));
    let filter = parsed.clone().flatten().unwrap_or_else(|| safe(&Targets::new().with_default(LevelFilter::INFO)));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .with_writer(io::stdout)
        .flatten_event(true)
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false);
    tracing_subscriber::registry().with(lines).with(filter).init();
    panic::set_hook(Box::new(log_panic));
    if let (Some((name, value)), Some(None)) = (wanted, parsed) {
        tracing::warn!("{name} is {value:?}, which is no log level: INFO is used");
    }
}

/// Writes one line about a panic.
///
/// A panic's message that was formatted at run time may hold parts of a token, of the push URL or of an alert. So the
/// message is logged only if it stands in the source as it is. The place is enough to find the bug.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(|at| format!("{}:{}:{}", file(at.file()), at.line(), at.column()));
    let reason = panic.payload().downcast_ref::<&'static str>();
    tracing::error!(place, reason, "the program panicked, which is a mistake of it");
}

/// A source file's path without the folders of the machine that built it. Paths of this crate are relative. Those of
/// libraries and of Rust itself then begin with the crate's name. Of any other path only the file's name is left.
fn file(path: &str) -> &str {
    if !path.starts_with(['/', '\\']) && !path.contains(':') {
        return path;
    }
    let library = path.split_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/'));
    let library = library.or_else(|| path.strip_prefix("/rustc/")?.split_once("/library/"));
    library.map_or_else(|| path.rsplit(['/', '\\']).next().unwrap_or_default(), |(_, rest)| rest)
}

fn targets(value: &str) -> Option<Targets> {
    let value = value.trim().to_ascii_lowercase().replace("fatal", "error");
    // The parser takes a word that is no level for a module's name.
    let known = value.contains('=') || value.split(',').all(|level| level.trim().parse::<LevelFilter>().is_ok());
    value.parse().ok().filter(|_| known).map(|targets| safe(&targets))
}

fn safe(wanted: &Targets) -> Targets {
    let ours = env!("CARGO_CRATE_NAME");
    let default = wanted.default_level().unwrap_or(LevelFilter::OFF);
    let mut safe = Targets::new().with_default(default.min(LIBRARIES)).with_target(ours, default);
    for (target, level) in wanted {
        let ours = target == ours || target.starts_with(&format!("{ours}::"));
        safe = safe.with_target(target, if ours { level } else { level.min(LIBRARIES) });
    }
    safe.with_target(SECOND_LINE_ABOUT_PANICS, LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_stay_quiet_at_every_level() {
        for wanted in ["trace", "TRACE", "hyper=trace,aws_smithy_runtime=trace", "debug,lambda_runtime=trace"] {
            let targets = targets(wanted).unwrap();
            assert!(!targets.would_enable(SECOND_LINE_ABOUT_PANICS, &Level::ERROR), "{wanted}");
            for library in ["hyper", "aws_smithy_runtime::client", "lambda_runtime", "aws_sigv4"] {
                assert!(!targets.would_enable(library, &Level::DEBUG), "{wanted} {library}");
            }
        }
    }

    #[test]
    fn a_place_does_not_tell_whose_machine_built_it() {
        for (path, told) in [
            ("src/webhook/mod.rs", "src/webhook/mod.rs"),
            ("/home/me/.cargo/registry/src/index.example-1f/http-1.5.0/src/uri/mod.rs", "http-1.5.0/src/uri/mod.rs"),
            ("/rustc/0123456789abcdef/library/core/src/str/mod.rs", "core/src/str/mod.rs"),
            ("/home/me/src/relay/target/release/build/http-1f/out/made.rs", "made.rs"),
            (r"C:\Users\me\relay\src\aws.rs", "aws.rs"),
            ("/made.rs", "made.rs"),
            ("", ""),
        ] {
            assert_eq!(file(path), told, "{path}");
        }
    }

    #[test]
    fn our_own_level_is_honoured() {
        let enabled = |wanted, level| targets(wanted).unwrap().would_enable("zstack_flashduty::webhook", &level);
        assert!(enabled("TRACE", Level::TRACE) && enabled("zstack_flashduty=debug", Level::DEBUG));
        assert!(enabled("FATAL", Level::ERROR) && !enabled("FATAL", Level::WARN) && !enabled("warn", Level::INFO));
        assert!(targets("LOUD").is_none());
    }
}
