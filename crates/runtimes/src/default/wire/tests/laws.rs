//! What holds for every stream, however its bytes are cut.

use proptest::prelude::*;

use super::{
    answer, read,
    samples::{STREAMS, said},
};
use crate::default::{Broken, Delta, Part, wire::Family};

/// A body that is often nearly an answer: events of the samples in any order, and anything between.
fn nearly_answer() -> impl Strategy<Value = String> {
    let events: Vec<String> =
        STREAMS.iter().flat_map(|(_, body)| body.split_inclusive("\n\n")).map(str::to_owned).collect();
    let piece =
        prop_oneof![8 => proptest::sample::select(events), 1 => "[ -~\r\n]{0,20}", 1 => any::<String>()];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// The body in pieces of these lengths, over and over.
fn cut<'b>(body: &'b [u8], lengths: &[usize]) -> Vec<&'b [u8]> {
    let (mut pieces, mut rest) = (Vec::new(), body);
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, left) = rest.split_at((*length).min(rest.len()));
        pieces.push(piece);
        rest = left;
    }
    pieces
}

#[test]
fn the_same_is_said_in_every_format() {
    for (family, body) in STREAMS {
        assert_eq!(answer(family, body), Ok(said(family)), "{family:?}");
        assert_eq!(answer(family, &body.replace('\n', "\r\n")), Ok(said(family)), "{family:?} with CRLF");
    }
}

#[test]
fn a_stream_split_at_any_byte_is_read_as_when_it_is_whole() {
    for (family, body) in STREAMS {
        let body = body.as_bytes();
        let whole = read(family, [body]);
        for at in 0..body.len() {
            assert_eq!(read(family, [&body[..at], &body[at..]]), whole, "{family:?} {at}");
        }
        assert_eq!(read(family, body.chunks(1)), whole, "{family:?} byte by byte");
    }
}

#[test]
fn a_stream_cut_before_its_end_marker_is_truncated() {
    for (family, body) in STREAMS {
        for at in 0..body.trim_end().len() {
            let (_, cut) = read(family, [&body.as_bytes()[..at]]);
            assert_eq!(cut, Err(Broken::Truncated), "{family:?} {at}");
        }
        assert_eq!(
            answer(family, body.trim_end()),
            Ok(said(family)),
            "{family:?} without the last blank line"
        );
    }
}

#[test]
fn what_is_watched_adds_up_to_what_is_said() {
    for (family, body) in STREAMS {
        let (mut text, mut thought, mut calls) = (String::new(), String::new(), Vec::new());
        for delta in read(family, [body.as_bytes()]).0 {
            match delta {
                Delta::Text { text: more } => text += &more,
                Delta::Thinking { text: more } => thought += &more,
                Delta::ToolUse { name, arguments } if arguments.is_empty() => calls.push(name),
                Delta::ToolUse { name, .. } => assert!(calls.contains(&name), "{name} began"),
            }
        }
        assert_eq!(calls, ["read_file", "list_files"], "{family:?}");
        let parts = [Part::text(text), Part::Thinking { text: thought, opaque: None }];
        assert_eq!(parts[0], said(family).parts[1]);
        assert!(matches!(&parts[1], Part::Thinking { text, .. } if text == "Two files."), "{family:?}");
    }
}

#[test]
fn an_error_in_the_stream_is_no_answer() {
    for (family, error, code) in [
        (
            Family::OpenAi,
            r#"{"error":{"message":"too much","type":"server_error","code":null}}"#,
            "server_error",
        ),
        (
            Family::Anthropic,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"too much"}}"#,
            "overloaded_error",
        ),
        (
            Family::Gemini,
            r#"{"error":{"code":503,"message":"too much","status":"UNAVAILABLE"}}"#,
            "UNAVAILABLE",
        ),
    ] {
        let refused =
            Broken::Refused { status: 200, code: Some(code.to_owned()), message: "too much".to_owned() };
        let (_, body) = STREAMS.iter().find(|(other, _)| *other == family).expect("every family has one");
        let start = &body[..body.find("Reading").and_then(|at| body[..at].rfind("data:")).expect("words")];
        for stream in
            [format!("{start}data: {error}\n\n"), format!("event: error\ndata: {error}"), error.to_owned()]
        {
            assert_eq!(answer(family, &stream), Err(refused.clone()), "{stream}");
        }
    }
}

#[test]
fn what_is_not_of_the_format_is_malformed() {
    for family in Family::ALL {
        for body in ["data: <html>\n\n", "data: 7\n\n", "{\"id\":\"a document\"}"] {
            let answer = answer(family, body);
            assert!(matches!(answer, Err(Broken::Malformed { .. })), "{family:?} {body} {answer:?}");
        }
        for body in ["", " \n", "{\"id\":", ": comment\n\n", "<html>\n"] {
            assert_eq!(answer(family, body), Err(Broken::Truncated), "{family:?} {body}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_stream_in_any_pieces_is_read_as_when_it_is_whole(
        body in nearly_answer(),
        lengths in proptest::collection::vec(1_usize..90, 1..6),
    ) {
        for family in Family::ALL {
            let whole = read(family, [body.as_bytes()]);
            prop_assert_eq!(read(family, cut(body.as_bytes(), &lengths)), whole);
        }
    }
}
