//! Excerpts of what a program wrote, fit to stand in a message.

/// How much of the end of the standard error stream is kept with an error.
const TAIL_MAX: usize = 4 * 1024;
/// How many characters of a program's own words stand in a message.
const EXCERPT_MAX: usize = 300;

/// The beginning of `bytes` on one line, at most 300 characters, in backticks.
pub(crate) fn beginning(bytes: &[u8]) -> String {
    // Four bytes a character at most: the rest cannot be shown and need not be decoded.
    let shown = &bytes[..bytes.len().min(EXCERPT_MAX * 4)];
    format!("`{}`", shorten(String::from_utf8_lossy(shown).trim()))
}

/// The last line of `bytes` that is not blank, at most 300 characters.
pub(crate) fn last_line(bytes: &[u8]) -> Option<String> {
    let line = bytes.rsplit(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty())?;
    Some(shorten(String::from_utf8_lossy(line.trim_ascii()).as_ref()))
}

/// `text` on one line, cut after 300 characters.
pub(crate) fn shorten(text: &str) -> String {
    let mut out: String =
        text.chars().take(EXCERPT_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(EXCERPT_MAX).is_some() {
        out.push('…');
    }
    out
}

/// The last 4 KiB of `bytes`, from the beginning of a line where there is one; `None` when that is blank.
pub(crate) fn tail(bytes: &[u8]) -> Option<String> {
    let mut kept = &bytes[bytes.len().saturating_sub(TAIL_MAX)..];
    if kept.len() < bytes.len()
        && let Some(end) = kept.iter().position(|&byte| byte == b'\n')
    {
        kept = &kept[end + 1..];
    }
    let text = String::from_utf8_lossy(kept).trim_end().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_short_and_on_one_line() {
        assert_eq!(beginning(b"  a\nb\n"), "`a b`");
        assert_eq!(beginning("é".repeat(400).as_bytes()).chars().count(), 303);
        assert_eq!(last_line(b"Traceback\nKeyError: 'x'\n\n").as_deref(), Some("KeyError: 'x'"));
        assert_eq!(last_line(b" \n"), None);
    }

    #[test]
    fn a_tail_begins_with_a_whole_line() {
        let long = [b"x".repeat(TAIL_MAX), b"\nlast\n".to_vec()].concat();
        assert_eq!(tail(&long).as_deref(), Some("last"));
        assert_eq!(tail(b"\xffoops\n").as_deref(), Some("\u{fffd}oops"));
    }
}
