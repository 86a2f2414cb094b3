//! A running stand-in, for Rust tests and programs.

use std::io;

use axum::Router;
use axum::routing::get;
use standin_server::Server;

use crate::alert::Alert;
use crate::alerts::Alerts;
use crate::fault::{Fault, Faults, InjectedFault, Lasts};
use crate::options::Options;
use crate::rate::RateLimit;
use crate::received::{PUSH_PATH, Received};
use crate::shared::Shared;
use crate::{control, push};

/// A running stand-in. Dropping it stops it.
#[derive(Debug)]
pub struct Standin {
    shared: Shared,
    server: Server,
}

impl Standin {
    /// Starts to listen on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If the port is not free.
    pub async fn start(options: Options) -> io::Result<Self> {
        let (port, tls) = (options.port, options.tls.clone());
        let shared = Shared::new(options);
        let server = Server::start(port, tls, router(shared.clone())).await?;
        Ok(Self { shared, server })
    }

    /// `http://127.0.0.1:PORT`, or `https://localhost:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// The push URL of an integration. `key` is not percent-encoded here.
    #[must_use]
    pub fn push_url(&self, kind: &str, key: &str) -> String {
        format!("{}{PUSH_PATH}{kind}?integration_key={key}", self.base_url())
    }

    /// Every request that was not for a control endpoint, oldest first.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.lock().received.all()
    }

    /// Every alert, newest first.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        self.look(|alerts| alerts.newest_first().cloned().collect())
    }

    /// Reads the alerts without copying them. The stand-in is locked meanwhile: `at` must be quick and must not call
    /// the stand-in.
    pub fn look<T>(&self, at: impl FnOnce(&Alerts) -> T) -> T {
        at(&self.shared.lock().alerts)
    }

    /// Accepts these integration keys, and no others.
    pub fn set_keys<K: Into<String>>(&self, keys: impl IntoIterator<Item = K>) {
        self.shared.lock().keys = keys.into_iter().map(Into::into).collect();
    }

    /// Injects a fault into the pushes to come.
    pub fn fault(&self, fault: Fault, lasts: Lasts) {
        self.inject(InjectedFault { fault, lasts, alert_keys: Vec::new(), integration_keys: Vec::new() });
    }

    /// Injects a fault into the pushes to come that have this integration key.
    pub fn fault_of(&self, integration_key: &str, fault: Fault, lasts: Lasts) {
        let integration_keys = vec![integration_key.to_owned()];
        self.inject(InjectedFault { fault, lasts, alert_keys: Vec::new(), integration_keys });
    }

    /// Injects a fault that may concern only some alerts.
    pub fn inject(&self, fault: InjectedFault) {
        self.shared.lock().faults.add(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.shared.lock().faults = Faults::default();
    }

    /// Removes the faults of one integration key.
    pub fn clear_faults_of(&self, integration_key: &str) {
        self.shared.lock().faults.remove(integration_key);
    }

    /// Changes the rate limit; with none, any number of requests is accepted. Earlier requests still count.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        self.shared.lock().rate_limit = limit;
    }

    /// How many connections were accepted since the start, those to control endpoints included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Forgets every alert and every received request.
    pub fn clear(&self) {
        self.shared.lock().clear();
    }

    /// Closes every connection and the port. The port then refuses connections, and another stand-in can use it.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .nest("/standin", control::routes())
        // The relay's self-check asks for it. It is no push.
        .route("/", get(push::root).post(push::push))
        .fallback(push::push)
        .with_state(shared)
}
