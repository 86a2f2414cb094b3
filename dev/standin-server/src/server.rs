//! The HTTP server.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// A response with this extension is not sent: the server closes the connection instead.
#[derive(Clone, Copy, Debug)]
pub struct Hangup;

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    is_tls: bool,
    connections: Arc<AtomicUsize>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts to listen on a port of 127.0.0.1; on a free one if it is 0. With an acceptor, it serves TLS as
    /// `localhost`. It accepts bodies of any size.
    ///
    /// # Errors
    ///
    /// If the port is not free.
    pub async fn start(port: u16, tls: Option<TlsAcceptor>, router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let is_tls = tls.is_some();
        let connections = Arc::default();
        let (stop, stopped) = oneshot::channel();
        let router = router.layer(DefaultBodyLimit::disable());
        let task = tokio::spawn(serve(listener, tls, router, Arc::clone(&connections), stopped));
        Ok(Self { address, is_tls, connections, stop, task })
    }

    /// `http://127.0.0.1:PORT`, or `https://localhost:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        if self.is_tls {
            format!("https://localhost:{}", self.address.port())
        } else {
            format!("http://{}", self.address)
        }
    }

    /// How many connections were accepted since the start.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Closes every connection and the port. The port then refuses connections, and another server can use it.
    pub async fn shutdown(self) {
        drop(self.stop);
        // An error would be a panic of the server, after which the port is closed as well.
        let _ = self.task.await;
    }
}

/// Serves until the sender of `stopped` is dropped.
async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    connections: Arc<AtomicUsize>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            // An error is a client that disconnected before it was accepted.
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                connections.fetch_add(1, Ordering::SeqCst);
                // Servers do so: an answer must not wait for the acknowledgement of the packet before it.
                let _ = stream.set_nodelay(true);
                let (tls, router) = (tls.clone(), router.clone());
                open.spawn(async move {
                    match tls {
                        None => serve_connection(stream, router).await,
                        // An error is a client that does not trust the certificate.
                        Some(tls) => if let Ok(stream) = tls.accept(stream).await {
                            serve_connection(stream, router).await;
                        }
                    }
                });
            },
            Some(_) = open.join_next() => {}
            _ = &mut stopped => break,
        }
    }
    drop(listener);
    open.shutdown().await;
}

async fn serve_connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let response = router.call(request);
        async {
            // The router itself cannot fail.
            let response = response.await.map_err(io::Error::other)?;
            match response.extensions().get::<Hangup>() {
                Some(Hangup) => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
                None => Ok(response),
            }
        }
    });
    // An error is a connection that a fault or the client closed.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
