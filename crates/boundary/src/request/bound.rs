//! An upper estimate of how many tokens the input of a request is, before anyone has counted them.
//!
//! Three bytes of canonical form are taken for a token: English has about four in one, code and other scripts fewer.
//! A picture counts [`PICTURE`]. A document, a sound or a film counts by its bytes, and no less than [`DOCUMENT_MIN`],
//! which is also what one counts that is only named. What the provider keeps from earlier requests cannot be seen here.

use super::dialect::Rule;

const TOKEN_BYTES: usize = 3;

/// The tokens of a picture: more than Anthropic and Gemini count for their largest, and `OpenAI` for most.
const PICTURE: u64 = 5_000;

/// The least tokens of a document.
const DOCUMENT_MIN: u64 = 5_000;

/// How large what was read so far is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Size {
    /// Bytes of canonical form.
    pub(super) bytes: usize,
    media_bytes: usize,
    media_tokens: u64,
}

impl Size {
    /// Takes in a picture or a document whose canonical form is so long.
    pub(super) fn media(&mut self, rule: Rule, bytes: usize) {
        self.media_bytes += bytes;
        self.media_tokens += match rule {
            Rule::Picture => PICTURE,
            _ => tokens(bytes).max(DOCUMENT_MIN),
        };
    }

    /// The estimate.
    pub(super) fn bound(self) -> u64 {
        tokens(self.bytes.saturating_sub(self.media_bytes)) + self.media_tokens
    }
}

fn tokens(bytes: usize) -> u64 {
    bytes.div_ceil(TOKEN_BYTES) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_counts_by_its_bytes_and_media_by_rule() {
        let mut size = Size { bytes: 100_004, ..Size::default() };
        assert_eq!(size.bound(), 33_335);
        size.media(Rule::Picture, 100_000);
        assert_eq!(size.bound(), 2 + PICTURE);
        size.bytes += 60_000;
        size.media(Rule::Document, 60_000);
        assert_eq!(size.bound(), 2 + PICTURE + 20_000);
        size.bytes += 30;
        size.media(Rule::Document, 30);
        assert_eq!(size.bound(), 2 + PICTURE + 20_000 + DOCUMENT_MIN);
    }
}
