//! HTML as text to read: headings, lists, links, code and tables in the manner of Markdown; no scripts, no styles.
//!
//! It is read token by token, without a tree: time and memory grow with the page alone, however it is nested.

mod writer;

use html5gum::{DefaultEmitter, HtmlString, StartTag, Token, Tokenizer};
use url::Url;

use self::writer::Writer;

/// Text beyond that is not written: links are longer than what they are written as.
const TEXT_MAX: usize = 4_000_000;

/// Longer targets are tracking, not something to follow.
const LINK_MAX: usize = 2_000;

/// What the page says; relative links are made whole by its URL.
pub(super) fn text(html: &str, url: &Url) -> String {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let mut reader = Reader { base: url.clone(), writer: Writer::default(), skipped: None };
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => reader.start(&tag),
            Token::EndTag(tag) => reader.end(&tag.name),
            Token::String(text) => reader.text(&text),
            Token::Comment(_) | Token::Doctype(_) | Token::Error(_) => {}
        }
        if reader.writer.len() > TEXT_MAX {
            break;
        }
    }
    reader.writer.finish()
}

struct Reader {
    base: Url,
    writer: Writer,
    /// The element whose content is not shown, and how often it is open.
    skipped: Option<(HtmlString, u32)>,
}

impl Reader {
    fn start(&mut self, tag: &StartTag<()>) {
        if let Some((name, depth)) = &mut self.skipped {
            *depth += u32::from(*name == tag.name);
            return;
        }
        let writer = &mut self.writer;
        match tag.name.as_slice() {
            b"script" | b"style" | b"noscript" | b"iframe" | b"template" | b"svg" if !tag.self_closing => {
                self.skipped = Some((tag.name.clone(), 1));
            }
            b"title" => writer.open("Title: "),
            [b'h', level @ b'1'..=b'6'] => writer.heading(usize::from(level - b'0')),
            b"ul" | b"menu" => writer.list(None),
            b"ol" => writer.list(Some(1)),
            b"li" => writer.item(),
            b"br" => writer.line(),
            b"hr" => writer.rule(),
            b"tr" => writer.row(),
            b"td" | b"th" => writer.cell(),
            b"pre" => writer.code_block(),
            b"code" | b"kbd" | b"samp" => writer.tick(),
            b"a" => writer.link(target(tag, &self.base)),
            b"img" => writer.image(&attribute(tag, b"alt")),
            b"base" => {
                if let Ok(base) = self.base.join(&attribute(tag, b"href")) {
                    self.base = base;
                }
            }
            name if is_block(name) => writer.block(),
            _ => {}
        }
    }

    fn end(&mut self, name: &HtmlString) {
        if let Some((skipped, depth)) = &mut self.skipped {
            *depth -= u32::from(skipped == name);
            if *depth == 0 {
                self.skipped = None;
            }
            return;
        }
        let writer = &mut self.writer;
        match name.as_slice() {
            b"ul" | b"ol" | b"menu" => writer.end_list(),
            b"pre" => writer.end_code_block(),
            b"code" | b"kbd" | b"samp" => writer.tick(),
            b"a" => writer.end_link(),
            b"title" | [b'h', b'1'..=b'6'] => writer.close(),
            b"li" | b"tr" => writer.line_end(),
            name if is_block(name) => writer.block(),
            _ => {}
        }
    }

    fn text(&mut self, text: &[u8]) {
        if self.skipped.is_none() {
            self.writer.text(&String::from_utf8_lossy(text));
        }
    }
}

/// Where a link leads, when that is somewhere else on the web.
fn target(tag: &StartTag<()>, base: &Url) -> Option<String> {
    let link = attribute(tag, b"href");
    if link.is_empty() || link.starts_with('#') || link.len() > LINK_MAX {
        return None;
    }
    let url = base.join(&link).ok()?;
    matches!(url.scheme(), "http" | "https" | "mailto").then(|| url.into())
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> String {
    tag.attributes.get(name).map(|value| String::from_utf8_lossy(value).trim().to_owned()).unwrap_or_default()
}

fn is_block(name: &[u8]) -> bool {
    const BLOCKS: [&str; 22] = [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "main",
        "nav",
        "p",
        "section",
        "summary",
        "table",
    ];
    BLOCKS.iter().any(|block| block.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, read: &str) {
        let url = "https://example.com/docs/page".parse().expect("it is a URL");
        assert_eq!(text(html, &url), read);
    }

    #[test]
    fn headings_paragraphs_and_links_are_read() {
        check(
            "<!doctype html><html><head><title>A  page</title><style>p{}</style></head><body>\n<h1>One</h1>\n\
             <p>Some <b>bold</b> text,\n with <a href='../b?x=1&amp;y'>a link</a>.</p><h2>Two</h2>more</body>",
            "Title: A page\n\n# One\n\nSome bold text, with [a link](https://example.com/b?x=1&y).\n\n## Two\n\nmore",
        );
    }

    #[test]
    fn scripts_and_what_else_nobody_reads_are_left_out() {
        check(
            "a<script>if (a < b) { '<p>' }</script>b<noscript><img></noscript><svg><text>x</text></svg>c",
            "abc",
        );
        check("<!-- no --><template><p>no</p></template>yes<svg/>!", "yes!");
    }

    #[test]
    fn lists_tables_and_code_keep_their_shape() {
        check("<ul><li>a<li><p>b</p><ol><li>c<li>d</ol></ul>e", "- a\n- b\n  1. c\n  2. d\n\ne");
        check("<table><tr><th>k<th>v<tr><td>1<td>2</table>", "k | v\n1 | 2");
        check(
            "<p>run <code>ls -l</code>:</p><pre>a\n  b</pre>c<br>d<hr>",
            "run `ls -l`:\n\n```\na\n  b\n```\n\nc\nd\n\n---",
        );
    }

    #[test]
    fn links_that_lead_nowhere_are_text() {
        check(
            "<a href='#x'>a</a> <a href='javascript:x()'>b</a> <a>c</a> <a href=/d></a><a href=/e>e",
            "a b c [e](https://example.com/e)",
        );
        check("<a href=/x><img alt='logo'></a>", "[[image: logo]](https://example.com/x)");
    }

    #[test]
    fn a_hostile_page_is_read_in_time_and_in_bounds() {
        let deep = "<div><ul><li><a href=x><b>".repeat(40_000);
        assert!(text(&deep, &"https://example.com/".parse().expect("it is a URL")).len() < TEXT_MAX);
        let long = format!("https://example.com/{}/", "x".repeat(1_000));
        let many = "<a href=y>z</a>".repeat(20_000);
        let text_of_many = text(&many, &long.parse().expect("it is a URL"));
        assert!(text_of_many.len() < TEXT_MAX + LINK_MAX, "{}", text_of_many.len());
        check("</p></ul></a></script></pre><", "<");
    }
}
