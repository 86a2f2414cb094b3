//! HTTP servers that run until the test ends.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;

/// Serves on a free port of 127.0.0.1.
pub(crate) async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}
