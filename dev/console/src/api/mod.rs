//! The console's routes, with a file for each group of requests.

mod alerts;
mod arrivals;
mod faults;
mod preview;
mod samples;
mod send;
mod setup;
mod stack;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::{delete, get, post, put};

use crate::api_error::ApiError;
use crate::guard::guard;
use crate::json_body::MAX_REQUEST;
use crate::page;
use crate::server::App;

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(page::routes())
        .route("/api/stream", get(stream::stream))
        .route("/api/alerts", delete(alerts::clear))
        .route("/api/alerts/{id}", get(alerts::one))
        .route("/api/samples", get(samples::samples))
        .route("/api/templates", get(samples::templates))
        .route("/api/preview", post(preview::preview))
        .route("/api/send", post(send::send))
        .route("/api/faults", put(faults::change))
        .route("/api/setup", post(setup::start))
        .route("/api/stack", put(stack::deployed))
        .route("/api/arrivals", post(arrivals::arrived))
        .route("/api/queues", post(stack::queues))
        .fallback(|| async { ApiError::new(StatusCode::NOT_FOUND, "NotFound", "the console has nothing at this path") })
        .method_not_allowed_fallback(|| async {
            let message = "this path does not accept the request's method";
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
        })
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .layer(from_fn(guard))
        .with_state(app)
}
