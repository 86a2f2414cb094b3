//! The console's HTTP side: the routes, one file for each thing that can be asked.

mod alerts;
mod arrivals;
mod preview;
mod samples;
mod send;
mod stack;
mod stream;
mod weather;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::routing::{delete, get, post, put};

use crate::guard::guard;
use crate::page;
use crate::refusal::{MAX_REQUEST, Refusal};
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
        .route("/api/weather", put(weather::change))
        .route("/api/stack", put(stack::deployed))
        .route("/api/arrivals", post(arrivals::arrived))
        .route("/api/queues", post(stack::queues))
        .fallback(|| async { Refusal::new(StatusCode::NOT_FOUND, "NotFound", "there is nothing of that name here") })
        .method_not_allowed_fallback(|| async {
            let message = "the method is not one of those that this takes";
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
        })
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .layer(from_fn(guard))
        .with_state(app)
}
