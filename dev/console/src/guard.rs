//! Protects the console from other web sites that are open in the same browser.
//!
//! Another site's page can make the browser send requests to the console: the header `Origin` reveals that. With DNS
//! rebinding, another site can make its page look like the console's own: the header `Host` reveals that. Both kinds of
//! request are rejected. Programs on this machine send no `Origin` and are accepted.

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::api_error::ApiError;

/// The headers of every answer.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    // A cached page of another version, or cached alerts of an earlier run, would be misleading.
    (CACHE_CONTROL, "no-store"),
];

pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match check(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn check(method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    let host = single(headers, &HOST).filter(|host| is_this_machine(host)).ok_or_else(|| {
        let message = "the console accepts requests from this machine only; open it as http://127.0.0.1:PORT";
        ApiError::new(StatusCode::FORBIDDEN, "ForeignHost", message)
    })?;
    let own = format!("http://{host}");
    if headers.get_all(ORIGIN).iter().any(|origin| origin.as_bytes() != own.as_bytes()) {
        let message = "the console accepts requests from its own page only, not from other sites";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "ForeignOrigin", message));
    }
    // Another site's form cannot send this content type.
    if [Method::POST, Method::PUT].contains(method) && !single(headers, &CONTENT_TYPE).is_some_and(is_json) {
        let message = "send JSON with the header Content-Type: application/json";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "InvalidContentType", message));
    }
    Ok(())
}

/// The value of a header. `None` if the header is missing or comes more than once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_this_machine_or_it_is_not() {
        for own in ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]", "[::1]:8080"] {
            assert!(is_this_machine(own), "{own}");
        }
        for foreign in [
            "",
            ":80",
            "evil.example",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "localhost.evil.example:80",
            "evil@localhost",
            "127.0.0.1:8080:80x",
            "127.0.0.2",
            "::1",
            "[::2]:80",
        ] {
            assert!(!is_this_machine(foreign), "{foreign}");
        }
    }
}
