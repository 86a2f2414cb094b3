//! A function as Lambda runs it: a process of its binary, under a stand-in for the Runtime API.

mod fault;
mod function;
mod runtime_api;
mod signal;

pub use fault::Fault;
pub use function::Function;
