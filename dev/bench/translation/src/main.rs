//! `bench-translation KIND TIMES`: reads, translates and renders a sample this many times. The difference between two
//! such runs under callgrind is its cost in instructions: see `dev/bench/instructions.py`.

use std::hint::black_box;

use bench_translation::{context, message, read, rendered, translated};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let message = message(&arguments.next().unwrap_or_default());
    let times: usize = arguments.next().and_then(|times| times.parse().ok()).unwrap_or(1);
    let context = context();
    for _ in 0..times {
        black_box(rendered(&translated(&read(black_box(&message)), &context)));
    }
}
