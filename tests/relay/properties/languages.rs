//! Any message, in both languages.

use proptest::prelude::*;
use serde_json::json;

use super::clouds::body;
use super::messages;
use crate::support::languages::in_both;

proptest! {
    #[test]
    fn languages_differ_only_in_their_texts(body in body()) {
        in_both(body.as_bytes(), &[]);
    }

    #[test]
    fn no_sentence_of_the_other_language_is_in_an_event(
        event in messages::fact(|_| true).prop_flat_map(|fact| messages::event(fact, json!({}))),
        shape in messages::shape(),
    ) {
        in_both(event.body(shape).as_bytes(), &[]);
    }
}
