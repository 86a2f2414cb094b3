//! The stand-ins around a function, over TLS where the functions use TLS.

use std::fs::Permissions;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_standin::lambda::Function;
use aws_standin::sqs::Sqs;
use aws_standin::ssm::Ssm;
use aws_standin::tls::Identity;
use flashduty_standin::{OnPush, Options, Standin};
use serde_json::{Value, json};

use crate::network::Client;
use crate::path;

const PUSH_URL_PARAMETER: &str = "/bench/push-url";
const TOKEN_PARAMETER: &str = "/bench/token";
/// Where ZStack posts for the channel `database`, which the stack's token opens.
pub const CHANNEL_PATH: &str = "/zstack/database";
const CHANNEL_PUSH_URL_PARAMETER: &str = "/bench/push-url/database";
const KEY: &str = "sample-key";
const TOKEN: &str = "sample-token";
/// The file of [`World::held`].
const HELD: &str = "held";

/// When the last push arrived at Flashduty.
static PUSHED: Mutex<Option<Instant>> = Mutex::new(None);

/// When the last push arrived at Flashduty.
pub fn pushed() -> Option<Instant> {
    *PUSHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Running stand-ins for SSM, SQS and Flashduty, and the folder of the binaries.
pub struct World {
    pub flashduty: Standin,
    pub ssm: Ssm,
    ssm_url: String,
    sqs: Sqs,
    authority: PathBuf,
    authority_pem: String,
    binaries: PathBuf,
}

/// The paths to the stand-ins, with round trips.
pub struct Network {
    pub ssm: path::Path,
    pub sqs: path::Path,
    pub flashduty: path::Path,
}

impl Network {
    /// The name of the SSM parameter with the push URL that leads through this network.
    fn push_url_parameter(&self) -> String {
        format!("{PUSH_URL_PARAMETER}/through/{}", self.flashduty.port)
    }

    /// Makes the services close their connections.
    pub fn close(&self) {
        for path in [&self.ssm, &self.sqs, &self.flashduty] {
            path.close();
        }
    }
}

impl World {
    /// Starts the stand-ins with a new certificate. The binaries are `folder/relay/bootstrap` and so on, as cargo-lambda
    /// puts them.
    pub async fn start(folder: &Path) -> Self {
        // As in reality, none of them resumes the TLS sessions of another. That would save the verification of its
        // certificate.
        let for_ssm = Identity::new();
        let [for_sqs, for_flashduty] = [for_ssm.for_another_server(), for_ssm.for_another_server()];
        let authority = std::env::temp_dir().join(format!("bench-authority-{}.pem", std::process::id()));
        std::fs::write(&authority, &for_ssm.authority).expect("the folder for temporary files is writable");
        let options = Options {
            keys: vec![KEY.to_owned()],
            rate_limit: None,
            tls: Some(for_flashduty.acceptor),
            on_push: Some(OnPush::new(|_| {
                *PUSHED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            })),
            ..Options::default()
        };
        let flashduty = Standin::start(options).await.expect("there is a free port");
        let ssm = Ssm::default();
        ssm.put(PUSH_URL_PARAMETER, &flashduty.push_url("standard", KEY));
        ssm.put(CHANNEL_PUSH_URL_PARAMETER, &flashduty.push_url("standard", KEY));
        ssm.put(TOKEN_PARAMETER, TOKEN);
        let ssm_url = for_ssm.serve(ssm.routes()).await;
        let sqs = Sqs::start_as(&for_sqs).await;
        let (authority_pem, binaries) = (for_ssm.authority, folder.to_owned());
        Self { flashduty, ssm, ssm_url, sqs, authority, authority_pem, binaries }
    }

    /// A network around the stand-ins, with these round trip times.
    pub fn network(&self, to_aws: Duration, to_flashduty: Duration) -> Network {
        let path = |url: &str, round_trip| {
            let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a URL with a port");
            path::Path::to(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), round_trip)
        };
        let (ssm, sqs) = (path(&self.ssm_url, to_aws), path(self.sqs.url(), to_aws));
        let network = Network { ssm, sqs, flashduty: path(&self.flashduty.base_url(), to_flashduty) };
        let push_url = self.flashduty.push_url("standard", KEY);
        let push_url = push_url.replace(&self.flashduty.base_url(), &localhost(network.flashduty.port));
        self.ssm.put(&network.push_url_parameter(), &push_url);
        network
    }

    /// A client of the stand-ins that pushes what was pushed last.
    pub fn client(&self) -> Client {
        let pushed = self.flashduty.received().pop().expect("something was pushed");
        let path = self.flashduty.push_url("standard", KEY).replace(&self.flashduty.base_url(), "");
        Client::new(&self.authority_pem, TOKEN_PARAMETER, &path, &pushed.body)
    }

    /// The binary of a function.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.binaries.join(name).join("bootstrap")
    }

    /// A program that stops itself, and executes a function's binary when it is continued.
    pub fn held(&self, name: &str) -> PathBuf {
        self.script(name, HELD, "kill -STOP $$\nexec \"${0%/*}/bootstrap\"")
    }

    /// A shell script beside a function's binary.
    pub fn script(&self, name: &str, file: &str, commands: &str) -> PathBuf {
        let script = self.binaries.join(name).join(file);
        if !script.exists() {
            std::fs::write(&script, format!("#!/bin/sh\n{commands}\n")).expect("the folder of the binary is writable");
            std::fs::set_permissions(&script, Permissions::from_mode(0o755)).expect("it is there");
        }
        script
    }

    /// Starts a process of a function with the template's environment, with queues or without.
    pub async fn function(&self, name: &'static str, with_queues: bool) -> Function {
        self.run(name, &self.binary(name), with_queues, None).await
    }

    /// The same, from a program that runs the binary, and through a network.
    pub async fn run(
        &self,
        name: &'static str,
        program: &Path,
        with_queues: bool,
        network: Option<&Network>,
    ) -> Function {
        let authority = self.authority.to_str().expect("an ASCII path");
        let (ssm_url, sqs_url, push_url) = network.map_or_else(
            || (self.ssm_url.clone(), self.sqs.url().to_owned(), PUSH_URL_PARAMETER.to_owned()),
            |network| (localhost(network.ssm.port), localhost(network.sqs.port), network.push_url_parameter()),
        );
        let variables = [
            ("AWS_ENDPOINT_URL_SSM", ssm_url.as_str()),
            ("AWS_ENDPOINT_URL_SQS", &sqs_url),
            ("SSL_CERT_FILE", authority),
            ("FLASHDUTY_PUSH_URL_PARAMETER", &push_url),
            ("WEBHOOK_TOKEN_PARAMETER", TOKEN_PARAMETER),
            ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
        ];
        let (retries, dead_letters) = (self.sqs.create("retries"), self.sqs.create("dead-letters"));
        let queues = [("RETRY_QUEUE_URL", retries.as_str()), ("DEAD_LETTER_QUEUE_URL", &dead_letters)];
        let queues = if with_queues { &queues[..] } else { &[] };
        Function::start(name, program, &[&variables, queues].concat()).await
    }
}

fn localhost(port: u16) -> String {
    format!("https://localhost:{port}")
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.authority);
        for name in ["bench-floor", "relay"] {
            let _ = std::fs::remove_file(self.binaries.join(name).join(HELD));
        }
    }
}

/// The sample alarm of `events/` about resource number `n`, with a note of this many bytes, posted to `/zstack`.
pub fn alarm(n: usize, note: usize) -> Value {
    alarm_to("/zstack", n, note)
}

/// The same, posted to this path.
pub fn alarm_to(path: &str, n: usize, note: usize) -> Value {
    let sample = include_str!("../../../events/alarm.json");
    let mut event: Value = serde_json::from_str(&sample.replace("/zstack", path)).expect("a sample is JSON");
    let mut message: Value =
        event["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).expect("a message is JSON");
    message["ALARM_RESOURCE_ID"] = json!(format!("{n:032x}"));
    if note > 0 {
        // Chinese characters and characters that JSON escapes are expensive.
        let line = "磁盘 \"sda\" 已满\n";
        message["ALARM_NOTE"] = json!(line.repeat(note / line.len()));
    }
    event["body"] = json!(message.to_string());
    event
}

/// A batch of ten alarms, as Lambda reads them from SQS.
pub fn batch(first: usize) -> Value {
    let records = (first..first + 10).map(|n| {
        let message = alarm(n, 0)["body"].clone();
        let letter = json!({"version": 1, "message": message, "whole": false, "labels": [], "around": [],
                            "received": 1_700_000_000_000_u64, "alert_key": format!("zstack:alarm:{n}")});
        json!({"messageId": n.to_string(), "receiptHandle": n.to_string(), "body": letter.to_string(),
               "attributes": {"MessageGroupId": n.to_string(), "ApproximateReceiveCount": "1"},
               "messageAttributes": {}, "md5OfBody": "", "eventSource": "aws:sqs",
               "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:retries.fifo", "awsRegion": "us-east-1"})
    });
    json!({"Records": records.collect::<Vec<_>>()})
}
