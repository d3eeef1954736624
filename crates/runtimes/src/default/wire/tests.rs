//! What every format has to do alike, and what each is known to do wrong.

mod laws;
mod quirks;
mod requests;
mod samples;
mod scripted;

use super::*;
use crate::default::{Broken, Delta, ModelAnswer};

/// The answer when the body comes in these pieces, with what could be watched of it.
fn read<'b>(
    family: Family,
    pieces: impl IntoIterator<Item = &'b [u8]>,
) -> (Vec<Delta>, Result<ModelAnswer, Broken>) {
    let mut decoder = Decoder::new(family);
    let deltas = pieces.into_iter().flat_map(|piece| decoder.feed(piece)).collect();
    (deltas, decoder.finish())
}

/// The answer when the body comes at once.
fn answer(family: Family, body: &str) -> Result<ModelAnswer, Broken> {
    read(family, [body.as_bytes()]).1
}

#[test]
fn a_family_is_known_by_its_word() {
    for family in Family::ALL {
        assert_eq!(Family::from_word(family.as_str()), Some(family));
    }
    assert_eq!(Family::from_word("OpenAI"), None);
}
