//! A page as text: what it is, what it says, and what was left out.

use std::{borrow::Cow, fmt::Write as _};

use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};

use super::{
    fetch::{BODY_MAX, Page},
    html,
};

/// More characters than that are not asked for at once.
const CHARS_MAX: usize = 500_000;

/// The page in words: a line on where it came from, then its text.
pub(super) fn told(page: &Page, max_chars: usize) -> String {
    let media = Media::of(&page.headers);
    let Page { url, status, body, .. } = page;
    let mut text = format!("{url} ({}, status {status}, {} bytes)\n", media.shown(), body.len());
    if page.cut {
        let _ = writeln!(text, "Only the first {BODY_MAX} bytes were read.");
    }
    text.push('\n');
    match content(page, &media) {
        Ok(content) => text.push_str(&shortened(&content, max_chars.min(CHARS_MAX))),
        Err(reason) => text.push_str(&reason),
    }
    text
}

/// The text of the page, or why there is none to show.
fn content(page: &Page, media: &Media) -> Result<String, String> {
    if let Some(encoding) = page.headers.get(CONTENT_ENCODING)
        && encoding != "identity"
    {
        return Err(format!(
            "The page came encoded as {encoding:?}, which was not asked for and is not read."
        ));
    }
    let body = page.body.as_slice();
    match media.form(body) {
        Form::Html => Ok(html::text(&decoded(body, &media.charset_in(body)), &page.url)),
        Form::Text => Ok(decoded(body, &media.charset).into_owned()),
        Form::Binary => Err(format!(
            "The content is binary: {} bytes of `{}`, which is no text.",
            body.len(),
            media.shown()
        )),
    }
}

/// The text up to a number of characters, with a word on the rest.
fn shortened(text: &str, max: usize) -> Cow<'_, str> {
    let Some((end, _)) = text.char_indices().nth(max) else { return Cow::Borrowed(text) };
    let all = text.chars().count();
    let more = if max < CHARS_MAX { "; a larger `max_chars` shows more" } else { "" };
    Cow::Owned(format!("{}\n\n[the first {max} of {all} characters{more}]", &text[..end]))
}

/// What the server says that its answer is.
struct Media {
    /// Such as `text/html`; empty when nothing is said.
    essence: String,
    /// In lower case; empty when nothing is said.
    charset: String,
}

enum Form {
    Html,
    Text,
    Binary,
}

impl Media {
    fn of(headers: &HeaderMap) -> Self {
        let said = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut parts = said.split(';');
        let essence = parts.next().map(str::trim).filter(|essence| is_media(essence)).unwrap_or_default();
        Self { essence: essence.to_ascii_lowercase(), charset: parts.find_map(charset).unwrap_or_default() }
    }

    fn shown(&self) -> &str {
        if self.essence.is_empty() { "of no stated type" } else { &self.essence }
    }

    fn form(&self, body: &[u8]) -> Form {
        let start = body[..body.len().min(1024)].to_ascii_lowercase();
        let unsaid = matches!(self.essence.as_str(), "" | "application/octet-stream");
        let is_text = self.essence.starts_with("text/")
            || ["json", "xml", "javascript", "yaml", "toml", "x-www-form-urlencoded", "x-ndjson"]
                .iter()
                .any(|word| self.essence.ends_with(word));
        match self.essence.as_str() {
            "text/html" | "application/xhtml+xml" => Form::Html,
            "" if contains(&start, b"<html") || contains(&start, b"<!doctype html") => Form::Html,
            _ if (is_text || unsaid && std::str::from_utf8(body).is_ok()) && !start.contains(&0) => {
                Form::Text
            }
            _ => Form::Binary,
        }
    }

    /// The charset that is said, by the server or by the page itself.
    fn charset_in(&self, body: &[u8]) -> String {
        if !self.charset.is_empty() {
            return self.charset.clone();
        }
        let start = String::from_utf8_lossy(&body[..body.len().min(1024)]).to_ascii_lowercase();
        start.split(['<', '>', ' ', ';']).find_map(charset).unwrap_or_default()
    }
}

/// Whether a server's word is a type of content, and not a speech to the reader.
fn is_media(text: &str) -> bool {
    let is_part =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte));
    text.len() < 100 && text.split_once('/').is_some_and(|(one, other)| is_part(one) && is_part(other))
}

/// The charset that a parameter such as `charset="utf-8"` names.
fn charset(parameter: &str) -> Option<String> {
    let (name, value) = parameter.split_once('=')?;
    let value = value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/'));
    (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_ascii_lowercase())
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// UTF-8, or the one other charset of the old web; what is neither shows as replacement characters.
fn decoded<'a>(body: &'a [u8], charset: &str) -> Cow<'a, str> {
    match charset {
        "iso-8859-1" | "latin1" | "windows-1252" | "us-ascii" => {
            body.iter().map(|byte| windows_1252(*byte)).collect::<String>().into()
        }
        _ => String::from_utf8_lossy(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)),
    }
}

/// All of these charsets are read as browsers read them.
fn windows_1252(byte: u8) -> char {
    const UPPER: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => UPPER[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(media: &str, body: &[u8]) -> Page {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, media.parse().expect("it is a header"));
        let url = "https://example.com/".parse().expect("it is a URL");
        Page { url, status: 200, headers, body: body.to_vec(), cut: false }
    }

    #[test]
    fn text_is_shown_as_it_is() {
        let told = told(&page("application/json", b"{\"a\": 1}"), 100);
        assert_eq!(told, "https://example.com/ (application/json, status 200, 8 bytes)\n\n{\"a\": 1}");
    }

    #[test]
    fn what_is_no_text_is_said_in_words() {
        let png = told(&page("image/png", b"\x89PNG\0"), 100);
        assert!(png.ends_with("The content is binary: 5 bytes of `image/png`, which is no text."), "{png}");
        let liar = told(&page("text/plain", b"MZ\0\0"), 100);
        assert!(liar.contains("binary"), "{liar}");
        let mut zipped = page("text/html", b"\x1f\x8b");
        zipped.headers.insert(CONTENT_ENCODING, "gzip".parse().expect("it is a header"));
        assert!(told(&zipped, 100).contains("encoded as \"gzip\""));
    }

    #[test]
    fn old_charsets_are_read_wherever_they_are_named() {
        let by_server = told(&page("text/plain; charset=ISO-8859-1", b"caf\xe9 \x80"), 100);
        assert!(by_server.ends_with("café €"), "{by_server}");
        let by_page = told(&page("text/html", b"<meta charset=\"windows-1252\"><p>caf\xe9"), 100);
        assert!(by_page.ends_with("café"), "{by_page}");
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let told = told(&page("text/plain", "äöü".as_bytes()), 2);
        assert!(
            told.ends_with("äö\n\n[the first 2 of 3 characters; a larger `max_chars` shows more]"),
            "{told}"
        );
    }
}
