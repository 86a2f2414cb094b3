//! Runs of the program that sets up ZStack. Here it is a shell script.

use std::env::temp_dir;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process;
use std::time::Duration;

use flashduty_console::SetupProgram;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stream::Stream;
use crate::{TOKEN, TestConsole, error};

const PASSWORD: &str = "ivy-ladder";

/// A folder for undo files. It is deleted at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = temp_dir().join(format!("console-setup-{}-{name}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // An error leaves an empty folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A script that gets the program's arguments.
fn script(folder: &Folder, script: &str) -> SetupProgram {
    let command = ["/bin/sh", "-c", script, "setup"].map(OsString::from).to_vec();
    SetupProgram { command, undo_folder: folder.0.clone(), patience: Duration::from_secs(20) }
}

/// A console with a script and a deployed stack, and its stream.
async fn with_script(folder: &Folder, text: &str) -> (TestConsole, Stream) {
    deployed(script(folder, text)).await
}

async fn deployed(program: SetupProgram) -> (TestConsole, Stream) {
    let console = TestConsole::with_setup(program).await;
    deploy(&console).await;
    let stream = Stream::open(&console).await;
    (console, stream)
}

async fn deploy(console: &TestConsole) {
    let zstack = json!({"url": "http://127.0.0.1:9/zstack/v1", "password": PASSWORD});
    let stack = json!({"webhook_url": "http://127.0.0.1:9/zstack", "token": TOKEN, "zstack": zstack});
    console.send_ok(Method::PUT, "/api/stack", &stack).await;
}

async fn ask(console: &TestConsole, task: &str, language: &str) -> (u16, Value) {
    console.send(Method::POST, "/api/setup", &json!({"task": task, "language": language})).await
}

/// Starts a run, and returns the state after its end.
async fn run(console: &TestConsole, stream: &mut Stream, task: &str) -> Value {
    assert_eq!(ask(console, task, "en").await, (202, Value::Null));
    ended(stream).await
}

async fn ended(stream: &mut Stream) -> Value {
    loop {
        let setup = stream.next("setup").await;
        if !setup["run"]["end"].is_null() {
            return setup;
        }
    }
}

#[tokio::test]
async fn a_run_shows_its_output_and_its_exit_status() {
    let folder = Folder::new("output");
    let (console, mut stream) = with_script(&folder, "echo 计划; echo \"no\" >&2; printf 'the end'; exit 3").await;
    assert_eq!(stream.first["setup"], json!({"ready": true, "can_take_back": false, "run": null}));
    let setup = run(&console, &mut stream, "plan").await;
    let wanted = json!({
        "task": "plan",
        "language": "en",
        "output": "计划\nno\nthe end",
        "end": {"how": "exited", "status": 3},
    });
    assert_eq!(setup, json!({"ready": true, "can_take_back": false, "run": wanted}));
    // A page that is opened later shows it too.
    assert_eq!(Stream::open(&console).await.first["setup"], setup);
}

#[tokio::test]
async fn output_is_shown_as_it_comes_and_only_one_run_at_a_time() {
    let folder = Folder::new("as-it-comes");
    let go_on = folder.0.join("go-on");
    let text = format!("echo first; until [ -e {} ]; do sleep 0.05; done; echo second", go_on.display());
    let (console, mut stream) = with_script(&folder, &text).await;
    assert_eq!(ask(&console, "set_up", "zh").await.0, 202);
    let mut shown = Value::Null;
    while shown["run"]["output"] != "first\n" {
        shown = stream.next("setup").await;
    }
    assert_eq!((&shown["run"]["end"], &shown["run"]["language"]), (&Value::Null, &json!("zh")));
    for task in ["plan", "set_up"] {
        assert_eq!(error("Running", ask(&console, task, "en").await), 409);
    }
    fs::write(go_on, "").unwrap();
    assert_eq!(ended(&mut stream).await["run"]["output"], "first\nsecond\n");
}

#[tokio::test]
async fn the_tasks_are_the_options_of_the_program() {
    let folder = Folder::new("tasks");
    let text = "echo $*; [ \"$2\" = --undo-file ] && : > \"$3\" || :";
    let (console, mut stream) = with_script(&folder, text).await;
    let output = |setup: &Value| setup["run"]["output"].as_str().unwrap().trim_end().to_owned();
    assert_eq!(output(&run(&console, &mut stream, "plan").await), "--dry-run");
    assert_eq!(error("NothingToTakeBack", ask(&console, "take_back", "en").await), 409);

    let mut files = Vec::new();
    for _ in 0..2 {
        let setup = run(&console, &mut stream, "set_up").await;
        assert_eq!(setup["can_take_back"], true);
        let shown = output(&setup);
        let file = shown.strip_prefix("--yes --undo-file ").unwrap();
        assert_eq!(PathBuf::from(file).parent(), Some(&*folder.0));
        files.push(file.to_owned());
    }
    assert_ne!(files[0], files[1]);
    // The last one comes first.
    for (file, can_take_back) in [(&files[1], true), (&files[0], false)] {
        let setup = run(&console, &mut stream, "take_back").await;
        assert_eq!((output(&setup), &setup["can_take_back"]), (format!("--yes --undo {file}"), &json!(can_take_back)));
    }
    assert_eq!(error("NothingToTakeBack", ask(&console, "take_back", "en").await), 409);
}

#[tokio::test]
async fn what_could_not_be_taken_back_can_be_tried_again() {
    let folder = Folder::new("again");
    let text = "[ \"$2\" = --undo-file ] && : > \"$3\" || exit 1";
    let (console, mut stream) = with_script(&folder, text).await;
    run(&console, &mut stream, "set_up").await;
    for _ in 0..2 {
        let setup = run(&console, &mut stream, "take_back").await;
        assert_eq!((&setup["run"]["end"]["status"], &setup["can_take_back"]), (&json!(1), &json!(true)));
    }
}

#[tokio::test]
async fn the_program_gets_secrets_in_its_environment_and_nothing_else() {
    let folder = Folder::new("environment");
    // The shell adds variables of its own. No line with the token is shown.
    let text = "env | grep -v -e ^PWD= -e ^SHLVL= -e ^_= -e ^OLDPWD= | sort; echo $*";
    let (console, mut stream) = with_script(&folder, text).await;
    for (language, locale) in [("en", "en_US.UTF-8"), ("zh", "zh_CN.UTF-8")] {
        assert_eq!(ask(&console, "plan", language).await.0, 202);
        let setup = ended(&mut stream).await;
        let lines: Vec<_> = setup["run"]["output"].as_str().unwrap().lines().collect();
        let own = lines.iter().filter(|it| !it.starts_with("PATH=") && !it.starts_with("HOME="));
        let locale = format!("LANG={locale}");
        let wanted = [
            &*locale,
            "PYTHONUNBUFFERED=1",
            "PYTHONUTF8=1",
            "WEBHOOK_URL=http://127.0.0.1:9/zstack",
            "ZSTACK=http://127.0.0.1:9/zstack/v1",
            "ZSTACK_PASSWORD=ivy-ladder",
            "--dry-run",
        ];
        assert_eq!(own.copied().collect::<Vec<_>>(), wanted);
    }
    let (console, mut stream) = with_script(&folder, "[ \"$WEBHOOK_TOKEN\" = open-sesame ]").await;
    assert_eq!(run(&console, &mut stream, "plan").await["run"]["end"]["status"], 0, "the token is not there");
}

#[tokio::test]
async fn a_run_without_an_end_is_ended() {
    let folder = Folder::new("endless");
    let (console, mut stream) = with_script(&folder, "while :; do echo 0123456789; done").await;
    let setup = run(&console, &mut stream, "plan").await;
    assert_eq!(setup["run"]["end"], json!({"how": "too_much_output"}));
    let output = setup["run"]["output"].as_str().unwrap();
    assert_eq!(output.len(), 64 << 10);
    assert!(output.starts_with("0123456789\n0123456789\n"));

    let short = SetupProgram { patience: Duration::from_millis(300), ..script(&folder, "echo $$; exec sleep 600") };
    let (console, mut stream) = deployed(short).await;
    let setup = run(&console, &mut stream, "plan").await;
    assert_eq!(setup["run"]["end"], json!({"how": "too_long"}));
    let id = setup["run"]["output"].as_str().unwrap().trim_end();
    assert!(!PathBuf::from(format!("/proc/{id}")).exists(), "it still runs");

    let (console, mut stream) = with_script(&folder, "kill -9 $$").await;
    assert_eq!(run(&console, &mut stream, "plan").await["run"]["end"], json!({"how": "killed"}));
}

#[tokio::test]
async fn a_missing_program_is_reported() {
    let folder = Folder::new("missing");
    let command = vec![OsString::from("/nowhere/setup")];
    let (console, mut stream) = deployed(SetupProgram { command, ..script(&folder, "") }).await;
    let (status, answer) = ask(&console, "set_up", "en").await;
    let message = "/nowhere/setup cannot be started: No such file or directory (os error 2); \
                   the option --setup names the program";
    assert_eq!((status, answer), (500, json!({"error": {"code": "CannotStart", "message": message}})));
    // Nothing is running, and nothing is shown as if it were.
    assert_eq!(error("CannotStart", ask(&console, "set_up", "en").await), 500);
    deploy(&console).await;
    console.set_faults(json!({"status": 500})).await;
    stream.next("faults").await;
    assert_eq!(Stream::open(&console).await.first["setup"]["run"], Value::Null);
}

#[tokio::test]
async fn there_may_be_nothing_to_set_up() {
    let folder = Folder::new("nothing");
    let console = TestConsole::with_setup(script(&folder, "")).await;
    let mut stream = Stream::open(&console).await;
    assert_eq!(stream.first["setup"], json!({"ready": false, "can_take_back": false, "run": null}));
    assert_eq!(error("NotDeployed", ask(&console, "plan", "en").await), 409);
    // Deployed, but without a ZStack.
    console.report_stack("http://127.0.0.1:9/zstack").await;
    assert_eq!(error("NotDeployed", ask(&console, "plan", "en").await), 409);
    deploy(&console).await;
    assert_eq!(stream.next("setup").await["ready"], true);
    // Started without the program.
    let console = TestConsole::new().await;
    deploy(&console).await;
    assert_eq!(error("NotDeployed", ask(&console, "plan", "en").await), 409);
    assert_eq!(Stream::open(&console).await.first["setup"]["ready"], false);
}

#[tokio::test]
async fn a_request_names_neither_a_program_nor_its_arguments() {
    let folder = Folder::new("request");
    let (console, _) = with_script(&folder, "").await;
    for request in [
        json!({"task": "rm", "language": "en"}),
        json!({"task": "plan", "language": "fr"}),
        json!({"task": "plan"}),
        json!({"task": "plan", "language": "en", "command": ["/bin/true"]}),
        json!({"task": "plan", "language": "en", "zstack": "http://192.0.2.1"}),
    ] {
        let answer = console.send(Method::POST, "/api/setup", &request).await;
        assert_eq!(error("InvalidRequest", answer), 422, "{request}");
    }
    for url in ["http://admin:x@127.0.0.1/zstack/v1", "https://127.0.0.1/zstack/v1", "--zstack"] {
        let stack = json!({"zstack": {"url": url, "password": "x"}});
        assert_eq!(error("InvalidRequest", console.send(Method::PUT, "/api/stack", &stack).await), 422, "{url}");
    }
}
