//! Globs on paths: `*` and `?` within a name, `**` over folders, `[a-z]`, `{a,b}`, and `\` before a literal.
//!
//! A glob without `/` is about names, at any depth; one with `/` is about the whole path.

use regex::Regex;

use super::trouble::Trouble;

/// A glob that was read.
#[derive(Debug)]
pub(super) struct Glob(Regex);

impl Glob {
    pub(super) fn parse(text: &str) -> Result<Self, Trouble> {
        let plain = text.trim_start_matches("./").trim_start_matches('/');
        let wrong = |reason: &str| {
            Trouble::complaint(format!(
                "the glob `{text}` cannot be read: {reason}; an example is `src/**/*.rs`"
            ))
        };
        let pattern = pattern(plain).map_err(wrong)?;
        let anywhere = if plain.contains('/') { "" } else { "(?:.*/)?" };
        Regex::new(&format!("(?s)^{anywhere}{pattern}$")).map(Self).map_err(|_| wrong("it is no glob"))
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// The glob as a regular expression.
fn pattern(glob: &str) -> Result<String, &'static str> {
    let mut pattern = String::new();
    let mut depth = 0;
    let mut rest = glob.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '*' if rest.next_if_eq(&'*').is_some() => {
                // `**/` is also no folder at all.
                pattern.push_str(if rest.next_if_eq(&'/').is_some() { "(?:.*/)?" } else { ".*" });
            }
            '*' => pattern.push_str("[^/]*"),
            '?' => pattern.push_str("[^/]"),
            '[' => pattern.push_str(&class(&mut rest)?),
            '{' => {
                depth += 1;
                pattern.push_str("(?:");
            }
            '}' if depth > 0 => {
                depth -= 1;
                pattern.push(')');
            }
            ',' if depth > 0 => pattern.push('|'),
            '\\' => literal(rest.next().ok_or("nothing follows the last `\\`")?, &mut pattern),
            c => literal(c, &mut pattern),
        }
    }
    if depth > 0 { Err("a `{` is not closed") } else { Ok(pattern) }
}

/// What stands between brackets, the opening one being read.
fn class(rest: &mut impl Iterator<Item = char>) -> Result<String, &'static str> {
    let mut class = String::from("[");
    let mut first = true;
    for c in rest {
        match c {
            '!' | '^' if first => class.push('^'),
            ']' if class.len() > 1 && class != "[^" => {
                // A slash is never within a name.
                class.push_str("&&[^/]]");
                return Ok(class);
            }
            '-' => class.push('-'),
            c => literal(c, &mut class),
        }
        first = false;
    }
    Err("a `[` is not closed")
}

fn literal(c: char, pattern: &mut String) {
    pattern.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_is_about_names_or_about_whole_paths() {
        for (glob, path, fits) in [
            ("*.rs", "main.rs", true),
            ("*.rs", "src/deep/main.rs", true),
            ("src/*.rs", "src/main.rs", true),
            ("src/*.rs", "src/deep/main.rs", false),
            ("src/**/*.rs", "src/main.rs", true),
            ("src/**/*.rs", "src/a/b/main.rs", true),
            ("src/**", "src/a/b", true),
            ("./src/**", "lib/src/a", false),
            ("**/test_?.py", "a/test_1.py", true),
            ("*.{rs,toml}", "Cargo.toml", true),
            ("[!a-c]*", "dog", true),
            ("[!a-c]*", "cat", false),
            ("[]x]", "]", true),
            (r"a\*b", "a*b", true),
            ("a+b", "aab", false),
            ("a*b", "a\nb", true),
        ] {
            let glob_read = Glob::parse(glob).expect("it is a glob");
            assert_eq!(glob_read.matches(path), fits, "{glob} {path}");
        }
    }

    #[test]
    fn what_is_no_glob_is_said() {
        for glob in ["[a", "{a", "a\\", "[z-a]"] {
            assert!(Glob::parse(glob).is_err(), "{glob}");
        }
    }
}
