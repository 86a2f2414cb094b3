//! Starts and stops the console's two listeners.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flashduty_standin::{OnPush, RateLimit, Received, Standin};
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::interval;
use zstack_flashduty::deadline::epoch_millis;
use zstack_flashduty::platform::http::Http;

use crate::api;
use crate::faults::Change;
use crate::setup::SetupProgram;
use crate::state::SharedState;

/// How many bytes of pushes the stand-in keeps, and as many again of alerts. That is about ten thousand of each.
const MEMORY: usize = 64 << 20;

/// How to start a console.
#[derive(Clone, Debug)]
pub struct Options {
    /// The page's port on 127.0.0.1. 0 chooses a free port.
    pub port: u16,
    /// The stand-in's port on 127.0.0.1. 0 chooses a free port.
    pub push_port: u16,
    /// The integration keys that the stand-in accepts.
    pub keys: Vec<String>,
    /// The stand-in's rate limit. `None` means no limit.
    pub rate_limit: Option<RateLimit>,
    /// The folder with the sample messages.
    pub samples: PathBuf,
    /// The program that sets up ZStack. `None` if the page cannot run it.
    pub setup: Option<SetupProgram>,
    /// Is called for every push.
    pub log: fn(&Received),
}

/// A running console. Dropping it closes its ports once the open connections have ended.
#[derive(Debug)]
pub struct Console {
    address: SocketAddr,
    app: Arc<App>,
    /// The page's server, and the clock that ends each second of the traffic.
    _tasks: JoinSet<()>,
}

/// What all request handlers share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) standin: Standin,
    pub(crate) state: Arc<SharedState>,
    pub(crate) samples: PathBuf,
    /// Sends messages to the local API.
    pub(crate) client: Client,
    pub(crate) setup: Option<SetupProgram>,
    /// Held while the faults change, so that two changes cannot leave the state and the stand-in different.
    faults: Mutex<()>,
    /// Held while a run of `setup` starts, so that two cannot run at once.
    setup_starts: Mutex<()>,
}

impl Console {
    /// Starts to listen on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If a port is not available. The message says which option chooses another one.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .await
            .map_err(|error| cannot_listen(options.port, "--port", &error))?;
        let address = listener.local_addr()?;
        let state = Arc::new(SharedState::new(options.rate_limit));
        let standin = Standin::start(flashduty_standin::Options {
            port: options.push_port,
            keys: options.keys,
            rate_limit: options.rate_limit,
            on_push: Some(OnPush::new({
                let state = state.clone();
                move |push| {
                    (options.log)(push);
                    state.record_push(push);
                }
            })),
            memory: Some(MEMORY),
            ..flashduty_standin::Options::default()
        })
        .await
        .map_err(|error| cannot_listen(options.push_port, "--push-port", &error))?;
        let client = Http::new().map_err(io::Error::other)?.client().clone();
        let app = Arc::new(App {
            standin,
            state: state.clone(),
            samples: options.samples,
            client,
            setup: options.setup,
            faults: Mutex::new(()),
            setup_starts: Mutex::new(()),
        });
        let mut tasks = JoinSet::new();
        let router = api::router(app.clone());
        tasks.spawn(async move {
            // `serve` never returns an error.
            let _ = axum::serve(listener, router).await;
        });
        tasks.spawn(async move {
            let mut seconds = interval(Duration::from_secs(1));
            loop {
                seconds.tick().await;
                state.update(|state| state.traffic.tick(epoch_millis()));
            }
        });
        Ok(Self { address, app, _tasks: tasks })
    }

    /// The page's address, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The Flashduty stand-in, which receives the pushes.
    #[must_use]
    pub fn standin(&self) -> &Standin {
        &self.app.standin
    }
}

impl App {
    /// Keeps every other run of the set-up from starting.
    pub(crate) fn setup_starts(&self) -> MutexGuard<'_, ()> {
        self.setup_starts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the faults that the stand-in simulates.
    ///
    /// # Errors
    ///
    /// A message that says which value is not valid.
    pub(crate) fn change_faults(&self, change: &Change) -> Result<(), &'static str> {
        let _one_at_a_time = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let (faults, stack) = self.state.update(|state| -> Result<_, &'static str> {
            state.faults = state.faults.changed(change, &state.stack)?;
            Ok((state.faults.clone(), state.stack.clone()))
        })?;
        faults.apply_to(&self.standin, &stack);
        Ok(())
    }
}

fn cannot_listen(port: u16, option: &str, error: &io::Error) -> io::Error {
    let likely_cause = if error.kind() == io::ErrorKind::AddrInUse { "; another console may be using it" } else { "" };
    let message =
        format!("cannot listen on port {port} of 127.0.0.1: {error}{likely_cause}; choose another port with {option}");
    io::Error::new(error.kind(), message)
}
