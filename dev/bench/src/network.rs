//! A client that does nothing but the round trips that an alert needs: what the network alone takes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The client.
pub struct Client {
    tls: Arc<ClientConfig>,
    /// What SSM is asked.
    question: Vec<u8>,
    /// What is pushed to Flashduty.
    push: Vec<u8>,
}

/// An open connection over TLS.
type Connection = StreamOwned<ClientConnection, TcpStream>;

impl Client {
    /// A client that trusts the authority of this certificate. It asks for a parameter of this name, and pushes this body
    /// to this path.
    pub fn new(authority: &str, parameter: &str, push_path: &str, body: &[u8]) -> Self {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
            roots.add(certificate.expect("it is in PEM form")).expect("it is an authority's");
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has their cipher suites")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let request = |path: &str, headers: &str, body: &[u8]| {
            let length = body.len();
            let head =
                format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\ncontent-length: {length}\r\n\r\n");
            [head.as_bytes(), body].concat()
        };
        let signed = "authorization: AWS4-HMAC-SHA256 Credential=test\r\nx-amz-target: AmazonSSM.GetParameters";
        let names = format!(r#"{{"Names": ["{parameter}"], "WithDecryption": true}}"#);
        Self {
            tls: Arc::new(tls),
            question: request("/", signed, names.as_bytes()),
            push: request(push_path, "content-type: application/json", body),
        }
    }

    /// Opens a connection to SSM and asks, and then opens one to Flashduty and pushes. Both are ports of 127.0.0.1.
    pub fn first_alarm(&self, ssm: u16, flashduty: u16) -> (Duration, Connection) {
        let start = Instant::now();
        exchange(&mut self.open(ssm), &self.question);
        let mut connection = self.open(flashduty);
        exchange(&mut connection, &self.push);
        (start.elapsed(), connection)
    }

    /// Opens a connection to Flashduty and pushes.
    pub fn alarm_after_pause(&self, flashduty: u16) -> Duration {
        let start = Instant::now();
        exchange(&mut self.open(flashduty), &self.push);
        start.elapsed()
    }

    /// Pushes over an open connection.
    pub fn warm_alarm(&self, connection: &mut Connection) -> Duration {
        let start = Instant::now();
        exchange(connection, &self.push);
        start.elapsed()
    }

    fn open(&self, port: u16) -> Connection {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("the path is open");
        stream.set_nodelay(true).expect("it is open");
        let name = ServerName::try_from("localhost").expect("a name");
        StreamOwned::new(ClientConnection::new(self.tls.clone(), name).expect("the versions are known"), stream)
    }
}

/// Sends a request and reads the answer, which must be a success.
fn exchange(connection: &mut Connection, request: &[u8]) {
    connection.write_all(request).expect("the connection is open");
    let mut answer = Vec::new();
    let mut buffer = [0; 16 * 1024];
    while !is_whole(&answer) {
        let read = connection.read(&mut buffer).expect("the connection is open");
        assert!(read > 0, "an answer ends early");
        answer.extend_from_slice(&buffer[..read]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

/// Whether an answer has all of its body.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(usize::MAX)
}
