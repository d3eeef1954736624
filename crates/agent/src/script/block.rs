//! Finds blocks of inline metadata in a Python source, as PEP 723 defines them.
//!
//! ```text
//! # /// script                 opens a block of the type `script`
//! # dependencies = ["x"]       its text, each line behind `# `
//! # ///                        closes it; of several in one comment, the last does
//! ```

/// A block of the type `script`.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Block {
    /// The line of the source that the first line of the text stands on, from 1.
    pub(super) line: u32,
    /// What it holds, without the comment signs.
    pub(super) text: String,
}

/// How many columns of a line the comment sign takes.
pub(super) const SIGN: u32 = 2;

/// The blocks of the type `script` in a source.
#[derive(PartialEq, Eq, Debug, Default)]
pub(super) struct Blocks {
    pub(super) closed: Vec<Block>,
    /// The lines of those that are opened and never closed, which are no blocks.
    pub(super) open: Vec<u32>,
}

/// Finds the blocks of `source`.
pub(super) fn find(source: &str) -> Blocks {
    let lines: Vec<&str> = source.lines().collect();
    let mut blocks = Blocks::default();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let Some(kind) = opening(line) else { continue };
        let end = end(&lines[at..]);
        if kind == "script" {
            match end {
                Some(0) => {}
                Some(length) => blocks.closed.push(Block::of(number(at + 1), &lines[at..at + length])),
                None => blocks.open.push(number(at)),
            }
        }
        at += end.map_or(0, |length| length + 1);
    }
    blocks
}

impl Block {
    fn of(line: u32, lines: &[&str]) -> Self {
        let bare: Vec<&str> =
            lines.iter().map(|line| line.get(SIGN as usize..).unwrap_or_default()).collect();
        Self { line, text: bare.join("\n") }
    }
}

/// The type of the block that a line opens.
fn opening(line: &str) -> Option<&str> {
    let kind = line.strip_prefix("# /// ")?;
    let is_word = kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_word && !kind.is_empty()).then_some(kind)
}

/// How many lines of text come before the line that closes the block; `None` when nothing does.
fn end(lines: &[&str]) -> Option<usize> {
    let comment = lines.iter().take_while(|line| **line == "#" || line.starts_with("# ")).count();
    lines[..comment].iter().rposition(|line| *line == "# ///")
}

fn number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(source: &str) -> Vec<(u32, String)> {
        find(source).closed.into_iter().map(|block| (block.line, block.text)).collect()
    }

    #[test]
    fn a_block_is_what_the_comment_holds() {
        let source =
            "#!/usr/bin/env python3\n# /// script\n# a = 1\n#\n# b = [\n#   2,\n# ]\n# ///\nimport x\n";
        assert_eq!(closed(source), [(3, "a = 1\n\nb = [\n  2,\n]".to_owned())]);
        assert_eq!(closed(&source.replace('\n', "\r\n")), closed(source));
    }

    #[test]
    fn the_last_end_of_a_comment_closes_the_block() {
        let source = "# /// script\n# [tool.x]\n# text = '''\n# ///\n# '''\n# ///\n# more\n";
        assert_eq!(closed(source), [(2, "[tool.x]\ntext = '''\n///\n'''".to_owned())]);
    }

    #[test]
    fn what_only_looks_like_a_block_is_none() {
        let table = [
            "# /// pyproject\n# a = 1\n# ///\n",
            "#/// script\n# a = 1\n# ///\n",
            "# /// script\n# ///\n",
            " # /// script\n# a = 1\n# ///\n",
            "# /// other\n# /// script\n# a = 1\n# ///\n",
        ];
        for source in table {
            assert_eq!(find(source), Blocks::default(), "{source}");
        }
    }

    #[test]
    fn a_block_that_is_never_closed_is_noticed() {
        for source in ["# /// script\n# a = 1\n", "# /// script\n# a = 1\n\n# ///\n", "# /// script\na = 1\n"]
        {
            assert_eq!(find(source), Blocks { closed: vec![], open: vec![1] }, "{source}");
        }
    }
}
