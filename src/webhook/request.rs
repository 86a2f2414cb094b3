//! URL and body, taken out of API Gateway's event before `lambda_http` makes a request of it.
//!
//! `lambda_http` builds a URI from host, stage, path and query, and panics if that fails: for an invalid host, for a
//! character that may not be in a URI, for more than 65,534 bytes. So none of them is left in the event. It also panics
//! if a body is not the base64 that it claims to be.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::header::HOST;
use lambda_http::request::LambdaRequest;
use url::form_urlencoded;

use crate::channel::{Channel, InvalidChannel};
use crate::error::Rejection;

/// The longest path and query string that are accepted, in bytes together. API Gateway accepts 10,240 bytes, with all
/// headers.
const MAX_URL: usize = 64 * 1024;

type Parameters = Vec<(String, String)>;

/// What was taken out of an event.
#[derive(Debug)]
pub(super) struct Received {
    /// Path and query; an error if they are too long.
    pub url: Result<Url, Rejection>,
    /// The decoded body; an error if it is not base64 although the event says so.
    pub body: Result<Bytes, Rejection>,
}

/// The part of a URL behind its host.
#[derive(Debug, Default)]
pub(super) struct Url {
    pub path: String,
    /// The query's parameters, with `+` read as a blank.
    pub query: Parameters,
    /// The query's parameters, with `+` read as a plus sign.
    pub query_with_plus: Parameters,
}

impl Received {
    /// Takes URL and body out of `event`.
    pub fn take(event: &mut LambdaRequest) -> Self {
        let (url, body, is_base64) = match event {
            LambdaRequest::ApiGatewayV1(event) => {
                event.headers.remove(HOST);
                event.multi_value_headers.remove(HOST);
                event.request_context.domain_name = None;
                event.request_context.stage = None;
                let path = event.path.take().unwrap_or_default();
                let one_each = std::mem::take(&mut event.query_string_parameters);
                let all = std::mem::take(&mut event.multi_value_query_string_parameters);
                let url = Url::of_parameters(path, if all.is_empty() { &one_each } else { &all });
                (url, event.body.take(), event.is_base64_encoded)
            }
            LambdaRequest::ApiGatewayV2(event) => {
                event.headers.remove(HOST);
                event.request_context.domain_name = None;
                event.request_context.stage = None;
                let path = event.raw_path.take().unwrap_or_default();
                // API Gateway joins a name's values with commas in the parameters.
                let parameters = std::mem::take(&mut event.query_string_parameters);
                let url = match event.raw_query_string.take() {
                    Some(query) => Url::of_query(path, &query),
                    None => Url::of_parameters(path, &parameters),
                };
                (url, event.body.take(), event.is_base64_encoded)
            }
            _ => (Ok(Url::default()), None, false),
        };
        let body = body.unwrap_or_default();
        let body = if is_base64 {
            BASE64_STANDARD.decode(body).map(Bytes::from).map_err(|_| Rejection::InvalidBase64)
        } else {
            Ok(body.into())
        };
        Self { url, body }
    }
}

impl Url {
    fn of_query(path: String, query: &str) -> Result<Self, Rejection> {
        check_length(path.len() + query.len())?;
        let parse = |query: &str| form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok(Self { path, query: parse(query), query_with_plus: parse(&query.replace('+', "%2B")) })
    }

    /// For parameters that API Gateway decoded: nobody knows which of their blanks were written as `+`.
    fn of_parameters(path: String, parameters: &QueryMap) -> Result<Self, Rejection> {
        check_length(path.len() + parameters.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>())?;
        let query = |text: fn(&str) -> String| {
            parameters.iter().map(|(name, value)| (name.to_owned(), text(value))).collect::<Parameters>()
        };
        Ok(Self { path, query: query(str::to_owned), query_with_plus: query(|value| value.replace(' ', "+")) })
    }

    /// The channel behind `/zstack/`, whatever stands before that. `None` if there is nothing behind it, and for any
    /// other path. One slash at the end does not count.
    ///
    /// # Errors
    ///
    /// If what stands there is no name of a channel. So `/zstack/a/b` never sends to the stack's own push URL.
    pub fn channel(&self) -> Result<Option<Channel>, InvalidChannel> {
        let path = self.path.strip_suffix('/').unwrap_or(&self.path);
        path.rsplit_once("/zstack/").map(|(_, name)| Channel::read(name)).transpose()
    }

    /// Whether this is the health check.
    pub fn is_health(&self) -> bool {
        self.path.ends_with("/health")
    }
}

fn check_length(bytes: usize) -> Result<(), Rejection> {
    if bytes > MAX_URL { Err(Rejection::UrlTooLong { bytes, limit: MAX_URL }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(path: &str) -> Result<Option<String>, InvalidChannel> {
        let url = Url { path: path.to_owned(), ..Url::default() };
        url.channel().map(|channel| channel.map(|channel| channel.to_string()))
    }

    #[test]
    fn the_channel_is_what_stands_behind_zstack() {
        for path in ["/zstack/database", "/zstack/database/", "/prod/zstack/database", "/zstack/zstack/database"] {
            assert_eq!(channel(path), Ok(Some("database".to_owned())), "{path}");
        }
        for path in ["", "/", "/zstack", "/zstack/", "/prod/zstack", "/prod", "/health", "/zstackdatabase", "zstack/a"]
        {
            assert_eq!(channel(path), Ok(None), "{path}");
        }
        assert_eq!(channel("/zstack/zstack"), Ok(Some("zstack".to_owned())));
    }

    #[test]
    fn what_is_no_name_is_told_and_not_taken_for_another() {
        for path in ["/zstack//", "/zstack/a//", "/zstack/a/b", "/zstack/a%62", "/zstack/a b", "/zstack/数据库"] {
            assert_eq!(channel(path), Err(InvalidChannel), "{path}");
        }
    }
}
