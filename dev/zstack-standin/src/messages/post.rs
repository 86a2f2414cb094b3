//! One POST to an endpoint, as ZStack makes it.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{ACCEPT, ACCEPT_CHARSET, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use reqwest::{Client, RequestBuilder};
use serde::Serialize;
use tokio::time::sleep;

use crate::messages::Target;

const TRIES: usize = 5;
/// How long ZStack waits for an endpoint.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Java's is a list of every charset that it knows, several kilobytes long.
const CHARSETS: &str = "big5, big5-hkscs, cesu-8, euc-jp, euc-kr, gb18030, gb2312, gbk, ibm037, iso-8859-1, utf-8";

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Posted {
    /// The last status; none if there was no connection.
    pub(crate) status: Option<u16>,
    /// How often it was tried.
    pub(crate) tries: usize,
    /// The body of the answer, or what is wrong with the connection.
    pub(crate) answer: String,
}

/// Posts a message. Every 4xx and 5xx is tried again after a pause; a connection that fails is not.
pub(crate) async fn post(client: &Client, target: &Target, body: &str, pause: Duration) -> Posted {
    let mut tries = 0;
    loop {
        tries += 1;
        let (status, answer) = match request(client, target).body(body.to_owned()).send().await {
            Ok(response) => (Some(response.status().as_u16()), response.text().await.unwrap_or_default()),
            Err(error) => (None, error.without_url().to_string()),
        };
        if tries == TRIES || !matches!(status, Some(400..=599)) {
            return Posted { status, tries, answer };
        }
        sleep(pause).await;
    }
}

fn request(client: &Client, target: &Target) -> RequestBuilder {
    // Spring encodes the URL once more: inferred.
    let url = target.url.replace('%', "%25");
    let request = client
        .post(url)
        .timeout(TIMEOUT)
        .header(CONTENT_TYPE, "application/json;charset=UTF-8")
        .header(ACCEPT, "text/plain, application/json, application/*+json, */*")
        .header(ACCEPT_CHARSET, CHARSETS)
        .header(USER_AGENT, "Apache-HttpClient/4.5.13 (Java/1.8.0_362)");
    match (&target.username, &target.password) {
        (Some(username), Some(password)) => {
            // US-ASCII: Java writes a question mark for everything else.
            let ascii: String =
                format!("{username}:{password}").chars().map(|it| if it.is_ascii() { it } else { '?' }).collect();
            request.header(AUTHORIZATION, format!("Basic {}", BASE64_STANDARD.encode(ascii)))
        }
        _ => request,
    }
}
