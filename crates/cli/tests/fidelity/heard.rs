//! What a program wrote down: see `programs/record.py`.

use std::{fs, path::Path};

use serde::Deserialize;

/// All that a program sent and received, and what its client made of it.
#[derive(Deserialize, Debug)]
pub(crate) struct Heard {
    /// The interpreter, with the client's packages.
    pub(crate) python: String,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) said: Vec<Said>,
}

/// One request and its answer.
#[derive(Deserialize, Debug)]
pub(crate) struct Exchange {
    pub(crate) path: String,
    /// The request's body.
    pub(crate) sent: String,
    pub(crate) status: u16,
    /// The headers of the answer, with their names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The answer's body.
    pub(crate) received: String,
}

/// What came of one call in the client's own words.
#[derive(Deserialize, PartialEq, Eq, Debug)]
pub(crate) struct Said {
    pub(crate) call: String,
    printed: Vec<String>,
}

impl Heard {
    /// Reads what an attempt has left in the folder. Each of its calls is one exchange.
    pub(crate) fn read(folder: &Path, attempt: &str) -> Self {
        let text =
            fs::read(folder.join(attempt).with_extension("json")).expect("the program came to its end");
        let heard: Self = serde_json::from_slice(&text).expect("it writes what is read here");
        assert_eq!(heard.exchanges.len(), heard.said.len(), "{:?}", heard.said);
        heard
    }
}
