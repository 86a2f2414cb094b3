//! Tests of the program `flashduty-console`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

use serde_json::json;

use crate::{KEY, TOKEN, client, samples};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_flashduty-console"))
}

/// A running program. It is killed at the end of the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // An error means that the program has already stopped.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn it_prints_its_addresses_and_logs_pushes() {
    let mut command = program();
    command.args(["--key", KEY, "--port", "0", "--samples"]).arg(samples());
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let mut address = |words: &str| lines.next().unwrap().unwrap().strip_prefix(words).unwrap().to_owned();
    let (pushes, page) = (address("listening on "), address("console on "));
    for address in [&pushes, &page] {
        assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    }

    let url = format!("{pushes}/event/push/alert/standard?integration_key={KEY}");
    let event = json!({"title_rule": "full", "event_status": "Info", "alert_key": "k"});
    assert_eq!(client().post(url).json(&event).send().await.unwrap().status(), 200);
    assert_eq!(client().get(format!("{page}/api/alerts/1")).send().await.unwrap().status(), 200);
    let samples = client().get(format!("{page}/api/samples")).send().await.unwrap();
    assert_eq!(samples.status(), 200);
    // An open stream does not keep it from stopping.
    let _stream = client().get(format!("{page}/api/stream")).send().await.unwrap();

    let id = running.0.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    let mut log = String::new();
    running.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(log, "200 \"Info\" \"full\"\n");
    assert!(running.0.wait().unwrap().success());
}

/// Runs the program with arguments with which it ends by itself.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = program().args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[test]
fn a_used_port_is_reported() {
    let used = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = used.local_addr().unwrap().port().to_string();
    for option in ["--port", "--push-port"] {
        let (code, stdout, stderr) = run(&["--key", KEY, "--port", "0", option, &port]);
        assert_eq!((code, stdout.as_str()), (Some(1), ""));
        assert!(stderr.starts_with(&format!("cannot listen on port {port} of 127.0.0.1: ")), "{stderr}");
        assert!(
            stderr.ends_with(&format!("; another console may be using it; choose another port with {option}\n")),
            "{stderr}"
        );
        assert_eq!(stderr.lines().count(), 1);
    }
}

#[test]
fn invalid_arguments_are_reported_with_the_usage() {
    let (code, usage, error) = run(&["--help"]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(usage.starts_with("Usage: flashduty-console --key KEY"), "{usage}");
    for (arguments, wanted) in [
        (&["--port", "1"][..], "--key is missing or empty"),
        (&["--key", "k", "--pushport", "1"], "invalid option '--pushport'"),
        (&["--key", "k", "--push-port", "x"], "cannot parse argument \"x\": invalid digit found in string"),
        (&["--key", "k", "k"], "every argument must belong to an option"),
    ] {
        assert_eq!(run(arguments), (Some(2), String::new(), format!("{wanted}\n\n{usage}")));
    }
}

#[tokio::test]
async fn a_missing_samples_folder_is_reported() {
    let mut command = program();
    command.args(["--key", KEY, "--port", "0", "--samples", "/nowhere"]);
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let page = lines.nth(1).unwrap().unwrap().replace("console on ", "");
    let answer = client().get(format!("{page}/api/samples")).send().await.unwrap();
    assert_eq!(answer.status(), 500);
    let answer: serde_json::Value = answer.json().await.unwrap();
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("/nowhere") && message.contains("--samples"), "{message}");
}

#[tokio::test]
async fn the_program_that_sets_up_zstack_is_an_option() {
    let mut command = program();
    command.args(["--key", KEY, "--port", "0", "--setup", "/bin/echo", "--setup", "first", "--undo", "/nowhere"]);
    let mut running = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines();
    let page = lines.nth(1).unwrap().unwrap().replace("console on ", "");
    let zstack = json!({"url": "http://127.0.0.1:9/zstack/v1", "password": "x"});
    let stack = json!({"webhook_url": "http://127.0.0.1:9/zstack", "token": TOKEN, "zstack": zstack});
    assert_eq!(client().put(format!("{page}/api/stack")).json(&stack).send().await.unwrap().status(), 204);
    let asked = json!({"task": "set_up", "language": "en"});
    assert_eq!(client().post(format!("{page}/api/setup")).json(&asked).send().await.unwrap().status(), 202);
    let mut stream = client().get(format!("{page}/api/stream")).send().await.unwrap();
    let mut shown = String::new();
    while !shown.contains(r#""how":"exited""#) {
        shown.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(shown.contains("first --yes --undo-file /nowhere/zstack-undo-"), "{shown}");
}
