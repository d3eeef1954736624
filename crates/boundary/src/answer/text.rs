//! A string inside an answer, borrowed when it holds no escapes.

use std::{borrow::Cow, ops::Deref};

use serde::Deserialize;

/// A string. The newtype is what lets serde borrow it inside an `Option`.
#[derive(Deserialize, Default, Debug)]
pub(super) struct Text<'b>(#[serde(borrow)] Cow<'b, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}
