//! The page's files. They are compiled into the binary.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;

/// A file of the page: URL path, content type, content.
type File = (&'static str, &'static str, &'static str);

macro_rules! file {
    ($name:literal, $type:literal) => {
        (concat!("/", $name), $type, include_str!(concat!("../page/", $name)))
    };
}

macro_rules! script {
    ($name:literal) => {
        file!($name, "text/javascript; charset=utf-8")
    };
}

const FILES: [File; 19] = [
    file!("index.html", "text/html; charset=utf-8"),
    file!("console.css", "text/css; charset=utf-8"),
    file!("sections.css", "text/css; charset=utf-8"),
    script!("alerts.js"),
    script!("api.js"),
    script!("channels.js"),
    script!("chart.js"),
    script!("console.js"),
    script!("dom.js"),
    script!("faults.js"),
    script!("history.js"),
    script!("language.js"),
    script!("preview.js"),
    script!("recognised.js"),
    script!("setup.js"),
    script!("storm.js"),
    script!("texts-en.js"),
    script!("texts-zh.js"),
    script!("try.js"),
];

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let [index, ..] = FILES;
    let paths = FILES.into_iter().chain([("/", index.1, index.2)]);
    paths.fold(Router::new(), |router, (path, content_type, content)| {
        router.route(path, get(move || async move { ([(CONTENT_TYPE, content_type)], content) }))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
        let there: BTreeSet<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| format!("/{}", entry.unwrap().file_name().into_string().unwrap()))
            .collect();
        assert_eq!(FILES.map(|(path, ..)| path.to_owned()).into_iter().collect::<BTreeSet<_>>(), there);
    }
}
