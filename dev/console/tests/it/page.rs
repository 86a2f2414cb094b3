//! Tests of the page's files.

use std::fs;

use crate::TestConsole;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/page");

#[tokio::test]
async fn every_file_is_served() {
    let console = TestConsole::new().await;
    for entry in fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let answer = console.get(&format!("/{name}")).await;
        assert_eq!(answer.status(), 200, "{name}");
        let content_type = match path.extension().unwrap().to_str().unwrap() {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            other => panic!("no content type is known for .{other}"),
        };
        assert_eq!(answer.headers()["content-type"], content_type, "{name}");
        // The content is not compared: the served file was compiled in, and may have been edited since.
        assert!(!answer.text().await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn the_page_is_served_at_the_root() {
    let console = TestConsole::new().await;
    let page = console.get("/").await.text().await.unwrap();
    assert!(page.starts_with("<!doctype html>"), "{page}");
    assert_eq!(page, console.get("/index.html").await.text().await.unwrap());
}
