//! How long each stage takes, for each kind of message.

#![allow(missing_docs, reason = "divan's macros")]

use bench_translation::{KINDS, context, message, rendered, translated};
use divan::Bencher;

fn main() {
    divan::main();
}

#[divan::bench(args = KINDS)]
fn read(bencher: Bencher, kind: &str) {
    let message = message(kind);
    bencher.bench(|| bench_translation::read(&message));
}

#[divan::bench(args = KINDS)]
fn translate(bencher: Bencher, kind: &str) {
    let (parts, context) = (bench_translation::read(&message(kind)), context());
    bencher.bench(|| translated(&parts, &context));
}

#[divan::bench(args = KINDS)]
fn render(bencher: Bencher, kind: &str) {
    let alerts = translated(&bench_translation::read(&message(kind)), &context());
    bencher.bench(|| rendered(&alerts));
}
