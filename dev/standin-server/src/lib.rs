//! What the stand-ins for Flashduty and ZStack share: a server that can hang up instead of answering, and the command
//! line and the signals of a program that runs one.

pub mod program;
mod server;

pub use server::{Hangup, Server};
