//! How long each stage takes, for each kind of message.

#![allow(missing_docs, reason = "divan's macros")]

use divan::Bencher;
use translate::{KINDS, context, message, rendered, translated};

fn main() {
    divan::main();
}

#[divan::bench(args = KINDS)]
fn read(bencher: Bencher, kind: &str) {
    let message = message(kind);
    bencher.bench(|| translate::read(&message));
}

#[divan::bench(args = KINDS)]
fn translate(bencher: Bencher, kind: &str) {
    let (parts, context) = (translate::read(&message(kind)), context());
    bencher.bench(|| translated(&parts, &context));
}

#[divan::bench(args = KINDS)]
fn render(bencher: Bencher, kind: &str) {
    let alerts = translated(&translate::read(&message(kind)), &context());
    bencher.bench(|| rendered(&alerts));
}
