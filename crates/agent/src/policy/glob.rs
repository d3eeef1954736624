//! Patterns of text: `*` stands for any text, the empty one too, and `\` takes the next character as it is.
//!
//! `**` is `*`, and `**/` may also stand for nothing, so that patterns written for paths mean here what they say.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A pattern of text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Glob {
    text: String,
}

/// The text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseGlobError {
    /// It would match the empty text alone.
    #[error("an empty pattern matches nothing; write `*` for everything")]
    Empty,
    /// The last character takes the one after it as it is, and there is none.
    #[error("`{text}` ends in `\\`, which stands before a character that is meant as it is")]
    Dangling {
        /// The pattern.
        text: String,
    },
    /// It is far longer than one written by hand.
    #[error("the pattern is {length} bytes; at most {LENGTH_MAX} are allowed")]
    TooLong {
        /// Its length.
        length: usize,
    },
}

/// Matching takes time in proportion to pattern and text: this keeps it short.
const LENGTH_MAX: usize = 1024;

/// One element of a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Token {
    Char(char),
    /// Any text.
    Any,
    /// Nothing, or what [`Token::Inside`] takes, which always follows.
    Folders,
    /// Any text that ends in `/`.
    Inside,
}

impl Glob {
    /// The pattern of everything.
    pub fn everything() -> Self {
        Self { text: "*".to_owned() }
    }

    /// The pattern of this text alone.
    pub fn literal(text: &str) -> Self {
        let escaped = text.chars().flat_map(|letter| {
            let escape = matches!(letter, '*' | '\\').then_some('\\');
            escape.into_iter().chain([letter])
        });
        Self { text: escaped.collect() }
    }

    /// With `seam` and any text after it.
    pub(super) fn with_all_below(self, seam: &str) -> Self {
        Self { text: format!("{}{seam}*", self.text) }
    }

    /// The pattern as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `text` fits.
    pub fn matches(&self, text: &str) -> bool {
        let tokens = self.tokens();
        let mut states = States::new(&tokens);
        text.chars().for_each(|letter| states.read(letter));
        states.accept()
    }

    /// Whether `prefix` and whatever may follow it fits.
    pub fn matches_all_below(&self, prefix: &str) -> bool {
        self.tokens().last() == Some(&Token::Any) && self.matches(prefix)
    }

    /// Whether some text that begins with `prefix` fits.
    pub fn matches_some_below(&self, prefix: &str) -> bool {
        let tokens = self.tokens();
        let mut states = States::new(&tokens);
        prefix.chars().for_each(|letter| states.read(letter));
        states.alive()
    }

    /// Whether every text that fits `other` fits here. May say no where a closer look would say yes.
    pub fn covers(&self, other: &Self) -> bool {
        let (tokens, read) = (self.tokens(), other.tokens());
        let mut states = States::new(&tokens);
        for token in read {
            states.read_token(token);
        }
        states.accept()
    }

    /// Whether it is the pattern of one text alone.
    pub fn is_literal(&self) -> bool {
        self.tokens().iter().all(|token| matches!(token, Token::Char(_)))
    }

    /// Whether everything fits.
    pub fn is_everything(&self) -> bool {
        self.tokens() == [Token::Any]
    }

    fn tokens(&self) -> Vec<Token> {
        let mut tokens = Vec::new();
        let mut rest = self.text.chars();
        while let Some(letter) = rest.next() {
            match letter {
                '\\' => tokens.push(Token::Char(rest.next().unwrap_or('\\'))),
                '*' => {
                    let stars = rest.as_str();
                    rest = stars.trim_start_matches('*').chars();
                    let is_double = stars.len() > rest.as_str().len();
                    let opens = matches!(tokens.last(), None | Some(Token::Char('/')));
                    if is_double && opens && rest.as_str().starts_with('/') {
                        rest.next();
                        tokens.extend([Token::Folders, Token::Inside]);
                    } else {
                        tokens.push(Token::Any);
                    }
                }
                letter => tokens.push(Token::Char(letter)),
            }
        }
        tokens
    }
}

/// Where in the pattern a text may have come to, all possibilities at once.
struct States<'a> {
    tokens: &'a [Token],
    /// Whether as many tokens may have been used up; one longer than the tokens.
    reached: Vec<bool>,
}

impl<'a> States<'a> {
    fn new(tokens: &'a [Token]) -> Self {
        let mut states = Self { tokens, reached: vec![false; tokens.len() + 1] };
        states.reach(0);
        states
    }

    fn accept(&self) -> bool {
        self.reached[self.tokens.len()]
    }

    fn alive(&self) -> bool {
        self.reached.contains(&true)
    }

    /// Reaches `state`, and what lies behind tokens that may stand for nothing.
    fn reach(&mut self, mut state: usize) {
        loop {
            self.reached[state] = true;
            match self.tokens.get(state) {
                Some(Token::Any) => state += 1,
                Some(Token::Folders) => {
                    self.reached[state + 1] = true;
                    state += 2;
                }
                Some(Token::Char(_) | Token::Inside) | None => return,
            }
        }
    }

    fn read(&mut self, letter: char) {
        self.step(|token| match token {
            Token::Char(wanted) if wanted == letter => [None, Some(1)],
            Token::Inside if letter == '/' => [Some(0), Some(1)],
            Token::Any | Token::Inside => [Some(0), None],
            Token::Char(_) | Token::Folders => [None, None],
        });
    }

    /// Reads whatever `other` stands for, by ways that are open to all of it.
    fn read_token(&mut self, other: Token) {
        match other {
            Token::Char(letter) => self.read(letter),
            Token::Any => self.step(|token| match token {
                Token::Any | Token::Inside => [Some(0), None],
                Token::Char(_) | Token::Folders => [None, None],
            }),
            Token::Folders => self.step(|token| match token {
                Token::Any | Token::Inside => [Some(0), None],
                Token::Folders => [None, Some(2)],
                Token::Char(_) => [None, None],
            }),
            // Read with the token before it.
            Token::Inside => {}
        }
    }

    /// Moves from every state to those that lie as many tokens on as `moves` says.
    fn step(&mut self, moves: impl Fn(Token) -> [Option<usize>; 2]) {
        let before = std::mem::replace(&mut self.reached, vec![false; self.tokens.len() + 1]);
        let from = before.iter().zip(self.tokens).enumerate().filter(|(_, (reached, _))| **reached);
        for (state, (_, token)) in from {
            moves(*token).into_iter().flatten().for_each(|on| self.reach(state + on));
        }
    }
}

impl FromStr for Glob {
    type Err = ParseGlobError;

    fn from_str(text: &str) -> Result<Self, ParseGlobError> {
        let trailing = text.len() - text.trim_end_matches('\\').len();
        match text.len() {
            0 => Err(ParseGlobError::Empty),
            length if length > LENGTH_MAX => Err(ParseGlobError::TooLong { length }),
            _ if trailing % 2 == 1 => Err(ParseGlobError::Dangling { text: text.to_owned() }),
            _ => Ok(Self { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl TryFrom<String> for Glob {
    type Error = ParseGlobError;

    fn try_from(text: String) -> Result<Self, ParseGlobError> {
        text.parse()
    }
}

impl From<Glob> for String {
    fn from(glob: Glob) -> Self {
        glob.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> Glob {
        text.parse().expect("a pattern")
    }

    #[test]
    fn a_star_is_any_text() {
        let table = [
            ("src/*", "src/", true),
            ("src/*", "src/a/b", true),
            ("src/*", "src", false),
            ("*.rs", "a/b.rs", true),
            ("src/**/*.rs", "src/a.rs", true),
            ("src/**/*.rs", "src/a/b/c.rs", true),
            ("**/key", "key", true),
            ("**/key", "a/key", true),
            ("**/key", "monkey", false),
            ("a**", "abc", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("*é*", "café au lait", true),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(glob(pattern).matches(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_folder_is_matched_with_all_or_some_of_what_it_holds() {
        assert!(glob("src/*").matches_all_below("src/") && glob("*").matches_all_below(""));
        assert!(!glob("src/*.rs").matches_all_below("src/") && !glob("src/*").matches_all_below(""));
        assert!(glob("src/*.rs").matches_some_below("src/") && glob("src/a/b").matches_some_below("src/"));
        assert!(!glob("src/*").matches_some_below("docs/"));
    }

    #[test]
    fn a_wider_pattern_covers_a_narrower_one() {
        for (wide, narrow) in
            [("*", "a*b"), ("src/*", "src/a/*"), ("**/a", "**/a"), ("*", "**/a"), ("a", "a")]
        {
            assert!(glob(wide).covers(&glob(narrow)), "{wide} {narrow}");
        }
        for (wide, narrow) in [("src/*", "*"), ("a", "a*"), ("*.rs", "*"), ("a\\*", "a*"), ("**/a", "*a")] {
            assert!(!glob(wide).covers(&glob(narrow)), "{wide} {narrow}");
        }
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        let refused = |text: &str| text.parse::<Glob>().expect_err("no pattern").to_string();
        assert_eq!(refused(""), "an empty pattern matches nothing; write `*` for everything");
        assert_eq!(
            refused("a\\"),
            "`a\\` ends in `\\`, which stands before a character that is meant as it is"
        );
        assert!(refused(&"a".repeat(2000)).starts_with("the pattern is 2000 bytes"));
    }
}
