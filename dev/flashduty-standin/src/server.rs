//! The HTTP server.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::push::Hangup;
use crate::shared::Shared;
use crate::{control, push};

fn router(shared: Shared) -> Router {
    Router::new()
        .nest("/standin", control::routes())
        // The relay's self-check asks for it. It is no push.
        .route("/", get(push::root).post(push::push))
        .fallback(push::push)
        .layer(DefaultBodyLimit::disable())
        .with_state(shared)
}

/// Serves until the sender of `stopped` is dropped.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Shared,
    connections: Arc<AtomicUsize>,
    mut stopped: oneshot::Receiver<()>,
) {
    let router = router(shared);
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
