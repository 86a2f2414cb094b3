//! A running stand-in, for Rust tests and programs.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use zstack_flashduty::platform::http::Http;

use crate::options::Options;
use crate::server::serve;
use crate::shared::Shared;
use crate::stories;
use crate::zstack::ZStack;

/// A running stand-in. Dropping it stops it.
#[derive(Debug)]
pub struct Standin {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let client = Http::new().map_err(io::Error::other)?.client().clone();
        let interval = options.stories;
        let shared = Shared::new(ZStack::new(options), client);
        let mut stories = JoinSet::new();
        if let Some(interval) = interval {
            stories.spawn(stories::tell(shared.clone(), interval));
        }
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(listener, shared, stopped));
        Ok(Self { address, stop, server, _stories: stories })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The root of the API, `http://127.0.0.1:PORT/zstack/v1`.
    #[must_use]
    pub fn api(&self) -> String {
        format!("{}{}", self.base_url(), crate::api::ROOT)
    }

    /// Closes every connection and the port.
    pub async fn shutdown(self) {
        drop(self.stop);
        // An error would be a panic of the server, after which the port is closed as well.
        let _ = self.server.await;
    }
}
