//! The command line of programs that contain a stand-in.

use lexopt::Parser;
use lexopt::prelude::ValueExt as _;
use standin_server::program;

use crate::options::Options;
use crate::rate::RateLimit;

/// Reads a command line. Returns none if it asks for help.
///
/// `own` handles the options that only this program has. It reads the option's value from the parser, and returns
/// whether it knows the option.
///
/// # Errors
///
/// If the command line is wrong. The error never repeats a value that may be a key.
pub fn options(
    parser: Parser,
    mut own: impl FnMut(&str, &mut Parser) -> Result<bool, lexopt::Error>,
) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options::default();
    let read = program::read(parser, |name, parser| {
        match name {
            "key" => options.keys.push(parser.value()?.string()?),
            "newer-limits" => options.rate_limit = Some(RateLimit::NEWER),
            "per-second" => limit(&mut options).per_second = Some(parser.value()?.parse()?),
            "per-minute" => limit(&mut options).per_minute = parser.value()?.parse()?,
            "no-rate-limit" => options.rate_limit = None,
            _ => return own(name, parser),
        }
        Ok(true)
    })?;
    if !read {
        return Ok(None);
    }
    if options.keys.is_empty() || options.keys.iter().any(String::is_empty) {
        return Err("--key is missing or empty".into());
    }
    Ok(Some(options))
}

fn limit(options: &mut Options) -> &mut RateLimit {
    options.rate_limit.get_or_insert_default()
}
