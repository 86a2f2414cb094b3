//! The two listeners, and [`Console`] to hold them by.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flashduty_standin::{OnPush, RateLimit, Received, Standin};
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::interval;
use zstack_flashduty::deadline::epoch_millis;
use zstack_flashduty::platform::http::Http;

use crate::api;
use crate::board::Board;
use crate::weather::Change;

/// About how many bytes of pushes are remembered, and as many of alerts: some ten thousand of each.
const MEMORY: usize = 64 << 20;

/// How a console starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// The page's port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The port for pushes; 0 takes a free one.
    pub push_port: u16,
    /// The integration keys that are accepted.
    pub keys: Vec<String>,
    /// How many pushes are taken, where the weather has it as documented; none is any number.
    pub rate_limit: Option<RateLimit>,
    /// The folder of the samples.
    pub samples: PathBuf,
    /// Is called with every push.
    pub log: fn(&Received),
}

/// A running console. Dropping it closes its ports as soon as nobody talks to it any more.
#[derive(Debug)]
pub struct Console {
    address: SocketAddr,
    app: Arc<App>,
    /// The server, and the clock.
    _tasks: JoinSet<()>,
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) standin: Standin,
    pub(crate) board: Arc<Board>,
    pub(crate) samples: PathBuf,
    /// For the local API.
    pub(crate) client: Client,
    /// Held while the weather changes, so that board and stand-in change alike.
    weather: Mutex<()>,
}

impl Console {
    /// Starts to listen on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When a port cannot be had; the error says what to do.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .await
            .map_err(|error| cannot_listen(options.port, "--port", &error))?;
        let address = listener.local_addr()?;
        let board = Arc::new(Board::new(options.rate_limit));
        let standin = Standin::start(flashduty_standin::Options {
            port: options.push_port,
            keys: options.keys,
            rate_limit: options.rate_limit,
            on_push: Some(OnPush::new({
                let board = board.clone();
                move |push| {
                    (options.log)(push);
                    board.take_push(push);
                }
            })),
            memory: Some(MEMORY),
            ..flashduty_standin::Options::default()
        })
        .await
        .map_err(|error| cannot_listen(options.push_port, "--push-port", &error))?;
        let client = Http::new().map_err(io::Error::other)?.client().clone();
        let app =
            Arc::new(App { standin, board: board.clone(), samples: options.samples, client, weather: Mutex::new(()) });
        let mut tasks = JoinSet::new();
        let router = api::router(app.clone());
        tasks.spawn(async move {
            // It ends with this task, and not before.
            let _ = axum::serve(listener, router).await;
        });
        tasks.spawn(async move {
            let mut seconds = interval(Duration::from_secs(1));
            loop {
                seconds.tick().await;
                board.change(|state| state.traffic.tick(epoch_millis()));
            }
        });
        Ok(Self { address, app, _tasks: tasks })
    }

    /// The page's address, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The Flashduty stand-in.
    #[must_use]
    pub fn standin(&self) -> &Standin {
        &self.app.standin
    }
}

impl App {
    /// Changes the weather, or says what is wrong with the change.
    pub(crate) fn change_weather(&self, change: &Change) -> Result<(), &'static str> {
        let _one_at_a_time = self.weather.lock().unwrap_or_else(PoisonError::into_inner);
        let weather = self.board.change(|state| -> Result<_, &'static str> {
            let weather = state.weather.changed(change)?;
            state.weather = weather.clone();
            Ok(weather)
        })?;
        weather.make(&self.standin);
        Ok(())
    }
}

fn cannot_listen(port: u16, option: &str, error: &io::Error) -> io::Error {
    let advice = if error.kind() == io::ErrorKind::AddrInUse { ", perhaps by another console" } else { "" };
    let message = format!("port {port} of 127.0.0.1 cannot be had{advice}: {error}; choose another one with {option}");
    io::Error::new(error.kind(), message)
}
