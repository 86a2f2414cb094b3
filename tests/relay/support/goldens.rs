//! Golden files: the expected documents, in a folder under `tests/relay/`.
//!
//! `GOLDEN=write make test-rust` writes the current documents. `git diff` then shows the changes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One folder of golden files.
pub struct Goldens {
    folder: PathBuf,
    seen: BTreeSet<String>,
    different: Vec<String>,
}

impl Goldens {
    pub fn of(folder: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relay").join(folder);
        Self { folder, seen: BTreeSet::new(), different: Vec::new() }
    }

    /// Compares a document with its file, or writes it.
    pub fn check(&mut self, name: &str, actual: &Value) {
        let file = self.folder.join(name).with_extension("json");
        if std::env::var("GOLDEN").is_ok_and(|value| value == "write") {
            fs::write(&file, format!("{actual:#}\n")).unwrap();
        }
        let expected: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap_or_default()).unwrap_or_default();
        if *actual != expected {
            self.different.push(format!("{}: expected {expected:#}\nbut it is {actual:#}", file.display()));
        }
        self.seen.insert(name.to_owned());
    }

    /// Fails if a document differs, or if a file belongs to no document.
    pub fn end(self) {
        assert!(self.different.is_empty(), "{}", self.different.join("\n"));
        let files = fs::read_dir(self.folder).unwrap().map(|entry| entry.unwrap().path());
        let files: BTreeSet<_> = files
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(files, self.seen);
    }
}
