//! What people can try on the page: the sample messages of `events/`, and the recommended message templates.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use zstack_flashduty::webhook::url_labels;

use crate::api_error::ApiError;
use crate::server::App;
use crate::url::{labels, query_string};

#[derive(Serialize)]
pub(super) struct Sample {
    name: String,
    body: String,
    /// The query string of the webhook's URL, without the token.
    query: String,
}

#[derive(Serialize)]
pub(super) struct Templates {
    alarm: &'static str,
    event: &'static str,
}

/// The fields of a sample that are needed here. A sample is an API Gateway event of payload format 1.0 or 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiGatewayEvent {
    http_method: Option<String>,
    request_context: Context,
    raw_query_string: Option<String>,
    query_string_parameters: Option<BTreeMap<String, String>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Deserialize)]
struct Context {
    http: Option<Http>,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

pub(super) async fn templates() -> Json<Templates> {
    Json(Templates {
        alarm: include_str!("../../../../docs/templates/alarm.txt"),
        event: include_str!("../../../../docs/templates/event.txt"),
    })
}

/// Reads the folder at every request, so that a new sample appears without a restart.
pub(super) async fn samples(State(app): State<Arc<App>>) -> Result<Json<Vec<Sample>>, ApiError> {
    read(&app.samples).map(Json).map_err(|error| {
        let folder = app.samples.display();
        let message = format!("cannot read the samples in {folder}: {error}; set their folder with --samples");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "NoSamples", message)
    })
}

/// The samples that are messages, sorted by name.
fn read(folder: &Path) -> io::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) else { continue };
        let event: ApiGatewayEvent = serde_json::from_slice(&fs::read(&path)?)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        samples.extend(event.into_sample(name.to_owned()));
    }
    samples.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(samples)
}

impl ApiGatewayEvent {
    /// `None` if it is not a POST request, and so holds no message.
    fn into_sample(self, name: String) -> Option<Sample> {
        let method = self.http_method.or(self.request_context.http.map(|http| http.method));
        if method.as_deref() != Some("POST") {
            return None;
        }
        let parameters = if let Some(query) = self.raw_query_string.filter(|query| !query.is_empty()) {
            labels(&query)
        } else {
            let pairs = self.query_string_parameters.unwrap_or_default();
            url_labels(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        };
        let body = self.body.unwrap_or_default();
        let body = if self.is_base64_encoded {
            String::from_utf8_lossy(&BASE64_STANDARD.decode(body).unwrap_or_default()).into_owned()
        } else {
            body
        };
        Some(Sample { name, body, query: query_string(&parameters) })
    }
}
