//! The page's files.

use std::fs;

use crate::World;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/page");

#[tokio::test]
async fn every_file_is_served_as_it_is() {
    let world = World::new().await;
    for entry in fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let answer = world.get(&format!("/{name}")).await;
        assert_eq!(answer.status(), 200, "{name}");
        let content_type = match path.extension().unwrap().to_str().unwrap() {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            other => panic!("{other} is a type that nobody has thought of"),
        };
        assert_eq!(answer.headers()["content-type"], content_type, "{name}");
        // Not compared where somebody edits it while this runs: the one that is served was compiled in.
        assert!(!answer.text().await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn the_page_is_where_people_look() {
    let world = World::new().await;
    let page = world.get("/").await.text().await.unwrap();
    assert!(page.starts_with("<!doctype html>"), "{page}");
    assert_eq!(page, world.get("/index.html").await.text().await.unwrap());
}
