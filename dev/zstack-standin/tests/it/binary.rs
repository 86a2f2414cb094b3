//! The program `zstack-standin`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_zstack-standin"))
}

/// A program that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // An error is a program that has already stopped.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn it_listens_with_its_options_until_a_signal() {
    let options = "--port 0 --password secret --second-factor 1 --world empty --alarms 3 --job-delay 1 --try-pause 1 --cloud \
                   --version-text 9.9 --utc-offset 480 --node elsewhere.invalid";
    let child = program().args(options.split_whitespace()).stdout(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let mut line = String::new();
    BufReader::new(running.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let base = line.trim_end().strip_prefix("listening on ").unwrap();
    let client = zstack_flashduty::platform::http::Http::new().unwrap().client().clone();
    let request = client.put(format!("{base}/zstack/v1/management-nodes/actions")).body("{\"getVersion\":{}}");
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "{\"version\":\"9.9\"}");
    let rows = client.get(format!("{base}/standin/rows/alarms")).send().await.unwrap().text().await.unwrap();
    assert_eq!(rows.matches("\"alarmUuid\"").count(), 25);
    assert!(rows.contains("报警器 0003") && !rows.contains("报警器 0004"));
    let id = running.0.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn a_wrong_command_line_shows_the_usage() {
    for arguments in [
        &["--world", "large"][..],
        &["--port"],
        &["x"],
        &["--utc-offset", "x"],
        &["--stories", "0"],
        &["--stories", "1", "--world", "empty"],
        &["--nothing"],
    ] {
        let output = program().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("Usage: zstack-standin"));
    }
    assert_eq!(program().arg("--help").output().unwrap().status.code(), Some(0));
}
