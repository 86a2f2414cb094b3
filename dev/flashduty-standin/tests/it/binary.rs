//! The program `flashduty-standin`.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::KEY;
use crate::client;

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_flashduty-standin"))
}

/// A program on a free port, which ends with its test.
struct Running {
    child: Child,
    base_url: String,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut command = program();
        command.args(["--port", "0", "--key", KEY]).args(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut running = Self { child, base_url: String::new() };
        let mut line = String::new();
        BufReader::new(running.child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        running.base_url = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
        running
    }

    /// Sends a signal that must end it within five seconds, and returns its log.
    fn stop(mut self, signal: &str) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let status = (0..500).find_map(|_| {
            sleep(Duration::from_millis(10));
            self.child.try_wait().unwrap()
        });
        assert!(status.unwrap().success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error is a program that has already stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn push(base_url: &str, kind: &str, key: &str, body: &Value) -> u16 {
    let url = format!("{base_url}/event/push/alert/{kind}?integration_key={key}");
    let answer = client().post(url).json(body).send().await.unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn it_logs_one_line_for_each_push_without_the_key() {
    let program = Running::start(&["--key", "second-key"]);
    let event = json!({
        "title_rule": "[TPL]${resource}\n高",
        "event_status": "Critical",
        "labels": {"resource": "云主机"},
    });
    assert_eq!(push(&program.base_url, "standard", KEY, &event).await, 200);
    assert_eq!(push(&program.base_url, "standard", "second-key", &event).await, 200);
    assert_eq!(push(&program.base_url, "standard", "third-key", &event).await, 400);
    let wrong = json!({"title_rule": "CPU", "event_status": "Ok", "x\ny": 1});
    assert_eq!(push(&program.base_url, "standard", KEY, &wrong).await, 400);
    assert_eq!(push(&program.base_url, "zstack", KEY, &json!({"a": 1})).await, 200);
    let fault = json!({"fault": "echo", "lasts": {"next": 1}});
    let control = client().post(format!("{}/standin/faults", program.base_url));
    control.json(&fault).send().await.unwrap();
    assert_eq!(push(&program.base_url, "standard", KEY, &json!([])).await, 400);

    let wanted = r#"200 "Critical" "云主机\n高"
200 "Critical" "云主机\n高"
400 "Critical" "云主机\n高": integration_key is not a valid one
400 "Ok" "CPU": alert_key is required; "x\ny" is not a known field
200 a ZStack message of 7 bytes
400 null without title: injected fault: the body is not a JSON object
"#;
    assert_eq!(program.stop("TERM"), wanted);
}

#[tokio::test]
async fn it_stops_at_an_interrupt_even_with_a_push_hanging() {
    let program = Running::start(&[]);
    let fault = json!({"fault": "hang", "lasts": "standing"});
    let control = client().post(format!("{}/standin/faults", program.base_url));
    control.json(&fault).send().await.unwrap();
    let hanging = client().post(format!("{}/event/push/alert/standard", program.base_url));
    let hanging = tokio::spawn(hanging.send());
    let received = format!("{}/standin/received", program.base_url);
    while client().get(&received).send().await.unwrap().text().await.unwrap() == "[]" {
        assert!(!hanging.is_finished());
    }
    let log = program.stop("INT");
    assert_eq!(log, "unanswered null without title: injected fault: the body is not a JSON object\n");
    assert!(hanging.await.unwrap().is_err());
}

#[tokio::test]
async fn the_rate_limit_is_on_unless_switched_off() {
    // The newer limits allow more.
    for (arguments, limited) in [(&[][..], true), (&["--no-rate-limit"], false), (&["--newer-limits"], false)] {
        let program = Running::start(arguments);
        let url = format!("{}/event/push/alert/zstack?integration_key={KEY}", program.base_url);
        let client = client();
        let mut statuses = BTreeSet::new();
        for _ in 0..1001 {
            let answer = client.post(&url).json(&json!([1])).send().await.unwrap();
            statuses.insert(answer.status().as_u16());
        }
        program.stop("TERM");
        let wanted: &[u16] = if limited { &[200, 429] } else { &[200] };
        assert_eq!(statuses, wanted.iter().copied().collect());
    }
}

/// Runs the program with arguments with which it ends by itself.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = program().args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn wrong_arguments_are_reported_with_the_usage() {
    let (code, usage, error) = run(&["--help"]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(usage.starts_with("Usage: flashduty-standin --key KEY"), "{usage}");
    for (arguments, wanted) in [
        (&["--port", "1"][..], "--key is missing or empty"),
        (&["--key", "k", "--key", ""], "--key is missing or empty"),
        (&["--key"], "missing argument for option '--key'"),
        (&["--key", "k", "--ports", "1"], "invalid option '--ports'"),
        (&["--key", "k", "k"], "every argument must belong to an option"),
        (&["--port", "65536"], "cannot parse argument \"65536\": number too large to fit in target type"),
    ] {
        let output = format!("{wanted}\n\n{usage}");
        assert_eq!(run(arguments), (Some(2), String::new(), output));
    }
}

#[test]
fn a_port_in_use_is_reported() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, stdout, stderr) = run(&["--key", "k", "--port", &port]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("in use"), "{stderr}");
}
