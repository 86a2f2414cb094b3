//! A running stand-in, for Rust tests and programs.

use std::io;

use axum::Router;
use standin_server::Server;
use tokio::task::JoinSet;
use zstack_flashduty::platform::http::Http;

use crate::options::Options;
use crate::shared::Shared;
use crate::zstack::ZStack;
use crate::{api, control, stories};

/// A running stand-in. Dropping it stops it.
#[derive(Debug)]
pub struct Standin {
    server: Server,
    /// What happens by itself.
    _stories: JoinSet<()>,
}

impl Standin {
    /// Starts to listen on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If the port is not free.
    pub async fn start(options: Options) -> io::Result<Self> {
        let client = Http::new().map_err(io::Error::other)?.client().clone();
        let (port, interval) = (options.port, options.stories);
        let shared = Shared::new(ZStack::new(options), client);
        let router = Router::new().nest("/standin", control::routes()).fallback(api::call).with_state(shared.clone());
        let server = Server::start(port, None, router).await?;
        let mut stories = JoinSet::new();
        if let Some(interval) = interval {
            stories.spawn(stories::tell(shared, interval));
        }
        Ok(Self { server, _stories: stories })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// The root of the API, `http://127.0.0.1:PORT/zstack/v1`.
    #[must_use]
    pub fn api(&self) -> String {
        format!("{}{}", self.base_url(), api::ROOT)
    }

    /// Closes every connection and the port.
    pub async fn shutdown(self) {
        self.server.shutdown().await;
    }
}
