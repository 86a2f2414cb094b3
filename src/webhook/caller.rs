//! Who calls, and what their URL says.
//!
//! ZStack can only send HTTP Basic, or a URL: so the token is Basic's password, with any user name, or
//! the query parameter `token`.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lambda_http::http::header::AUTHORIZATION;
use lambda_http::{Request, RequestExt as _};

use super::Invocation;
use crate::error::Error;
use crate::flashduty::{MAX_LABELS, label_name};
use crate::settings::Secrets;
use crate::translate::CLOUD;

/// The query parameter that holds the token.
const TOKEN: &str = "token";

/// How old the settings must be before a wrong token has them read again. Shorter than ZStack's five
/// tries, so that rotating the token costs no alert; long enough that guessing does not keep SSM busy.
const REREAD_PAUSE: Duration = Duration::from_secs(2);

impl Invocation<'_> {
    /// The secrets, if the caller shows the token.
    pub(super) async fn authenticate(&self, request: &Request) -> Result<Arc<Secrets>, Error> {
        let settings = self.relay.settings();
        let secrets = settings.get(self.deadline).await?;
        let shown = shown(request);
        if may_call(&secrets, &shown)? {
            return Ok(secrets);
        }
        if !shown.is_empty() {
            let secrets = settings.reread(&secrets, REREAD_PAUSE, self.deadline).await?;
            if may_call(&secrets, &shown)? {
                return Ok(secrets);
            }
        }
        Err(Error::Unauthorized { shown: !shown.is_empty() })
    }
}

/// Whether one of the credentials is the token. While the token is not known, nobody may call: that is
/// [`Error::Settings`], and ZStack tries again.
fn may_call(secrets: &Secrets, shown: &[String]) -> Result<bool, Error> {
    let Some(token) = &secrets.token else { return Ok(true) };
    let token = token.value().map_err(|what| Error::Settings { what: what.to_owned() })?;
    Ok(shown.iter().any(|shown| token.is(shown)))
}

/// Every credential that the request shows.
fn shown(request: &Request) -> Vec<String> {
    let basic = request.headers().get_all(AUTHORIZATION).iter().filter_map(|value| password(value.to_str().ok()?));
    basic.chain(query(request).filter(|(name, _)| *name == TOKEN).map(|(_, value)| value.to_owned())).collect()
}

/// The password in `Basic …`.
fn password(authorization: &str) -> Option<String> {
    let (scheme, credentials) = authorization.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let credentials = String::from_utf8(BASE64_STANDARD.decode(credentials.trim()).ok()?).ok()?;
    Some(credentials.split_once(':')?.1.to_owned())
}

/// The labels that the webhook's URL gives to all its alerts.
pub(super) fn labels(request: &Request) -> Vec<(String, String)> {
    url_labels(query(request))
}

/// The labels among a webhook URL's query parameters: all but the token, however that is written. Sorted, so
/// that of two that make the same label the same one counts every time: `lambda_http` keeps them in no order. Of
/// more than 50, which no alert can have, the rest is counted, but never the cloud.
pub fn url_labels<'a>(query: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    let mut labels: Vec<_> = query
        .filter(|(name, _)| !name.trim().eq_ignore_ascii_case(TOKEN))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    labels.sort();
    if labels.len() > MAX_LABELS {
        labels.sort_by_cached_key(|(name, _)| label_name(name) != CLOUD);
        let left_out = labels.split_off(MAX_LABELS).len();
        labels.push(("left_out".to_owned(), format!("{left_out} more")));
        labels.sort();
    }
    labels
}

fn query(request: &Request) -> impl Iterator<Item = (&str, &str)> {
    request.query_string_parameters_ref().into_iter().flat_map(|query| query.iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_the_url_come_in_one_order_and_without_the_token() {
        let query = [("cloud", "b"), (" TOKEN ", "t"), ("zone", ""), ("Cloud", "a"), ("token", "t")];
        let labels = [("Cloud", "a"), ("cloud", "b"), ("zone", "")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(url_labels(query.into_iter()), labels);
        assert_eq!(url_labels(query.into_iter().rev()), labels);
    }

    #[test]
    fn the_password_is_read_as_it_was_sent() {
        let basic = |credentials: &str| format!("Basic {}", BASE64_STANDARD.encode(credentials));
        assert_eq!(password(&basic("zstack:a:b")).as_deref(), Some("a:b"));
        assert_eq!(password(&basic(":a")).as_deref(), Some("a"));
        assert_eq!(password(&basic("a:").replace("Basic", "bASIC  ")).as_deref(), Some(""));
        for other in ["", "Basic", "Basic ???", "Bearer YTph", &basic("no-colon")] {
            assert_eq!(password(other), None, "{other}");
        }
    }
}
