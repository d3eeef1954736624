//! Splits a command line into words as a shell would, and notices what only a shell could carry out.
//!
//! Quotes and backslashes mean what they mean to POSIX `sh`. Nothing is expanded and nothing is run.

/// A word of a command line, and whether it asks for a shell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Word {
    pub(super) text: String,
    /// The word holds, outside quotes, what a shell would act on.
    pub(super) for_shell: bool,
}

/// The command line cannot be split into words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SplitError {
    /// A quote is opened and never closed.
    #[error("a `{quote}` is opened and never closed")]
    OpenQuote {
        /// The quote.
        quote: char,
    },
    /// The line ends in a backslash.
    #[error("the last backslash has nothing after it")]
    OpenEscape,
    /// There is no word.
    #[error("the command is empty")]
    Empty,
}

/// Splits `line` into its words, without a shell.
pub fn split_words(line: &str) -> Result<Vec<String>, SplitError> {
    Ok(split(line)?.into_iter().map(|word| word.text).collect())
}

pub(super) fn split(line: &str) -> Result<Vec<Word>, SplitError> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let current = word.get_or_insert_default();
        match letter {
            '\'' => take_single_quoted(&mut letters, current)?,
            '"' => take_double_quoted(&mut letters, current)?,
            '\\' => current.text.push(letters.next().ok_or(SplitError::OpenEscape)?),
            _ => {
                current.for_shell |= acts_in_shell(letter, &current.text, letters.peek().copied());
                current.text.push(letter);
            }
        }
    }
    words.extend(word);
    if words.is_empty() { Err(SplitError::Empty) } else { Ok(words) }
}

/// Whether a shell would act on `letter`, standing unquoted after `before`.
///
/// `name>=1.0` is a version bound and no redirection, because these commands have always been run without a shell.
fn acts_in_shell(letter: char, before: &str, next: Option<char>) -> bool {
    match letter {
        '|' | '&' | ';' | '`' | '\n' => true,
        '$' => next == Some('('),
        '>' | '<' => before.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

fn take_single_quoted(letters: &mut impl Iterator<Item = char>, word: &mut Word) -> Result<(), SplitError> {
    for letter in letters {
        match letter {
            '\'' => return Ok(()),
            _ => word.text.push(letter),
        }
    }
    Err(SplitError::OpenQuote { quote: '\'' })
}

fn take_double_quoted(letters: &mut impl Iterator<Item = char>, word: &mut Word) -> Result<(), SplitError> {
    let unclosed = SplitError::OpenQuote { quote: '"' };
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Ok(()),
            '\\' => match letters.next().ok_or(unclosed)? {
                escaped @ ('"' | '\\' | '$' | '`') => word.text.push(escaped),
                other => word.text.extend(['\\', other]),
            },
            // Between double quotes a shell still runs these two.
            '`' => {
                word.for_shell = true;
                word.text.push(letter);
            }
            _ => {
                word.for_shell |= letter == '(' && word.text.ends_with('$');
                word.text.push(letter);
            }
        }
    }
    Err(unclosed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_split_as_a_shell_would() {
        let table: [(&str, &[&str]); 5] = [
            ("uv pip install -e .", &["uv", "pip", "install", "-e", "."]),
            ("  pip  install 'a b' \"c\\\"d\" e\\ f ", &["pip", "install", "a b", "c\"d", "e f"]),
            ("x ''", &["x", ""]),
            ("a'b'\"c\"", &["abc"]),
            ("pip install \"foo; python_version<'3.11'\"", &["pip", "install", "foo; python_version<'3.11'"]),
        ];
        for (line, words) in table {
            assert_eq!(split_words(line).expect(line), words, "{line}");
        }
    }

    #[test]
    fn a_line_without_end_or_words_is_refused() {
        assert_eq!(split_words("pip 'x").expect_err("open").to_string(), "a `'` is opened and never closed");
        assert_eq!(split_words("pip \"x\\"), Err(SplitError::OpenQuote { quote: '"' }));
        assert_eq!(split_words("pip \\"), Err(SplitError::OpenEscape));
        assert_eq!(split_words("  "), Err(SplitError::Empty));
    }

    #[test]
    fn only_unquoted_operators_ask_for_a_shell() {
        let asks = |line: &str| split(line).expect(line).iter().any(|word| word.for_shell);
        for line in
            ["a | b", "a || b", "a && b", "a; b", "a > f", "a 2>f", "a $(b)", "a `b`", "a \"$(b)\"", "a &"]
        {
            assert!(asks(line), "{line}");
        }
        for line in ["pip install foo>=1.0", "pip install 'a | b'", "pip install \"a;b\"", "echo $HOME"] {
            assert!(!asks(line), "{line}");
        }
    }
}
