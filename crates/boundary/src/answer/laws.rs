//! What holds for every answer, however its body is cut.

use bytes::Bytes;
use proptest::prelude::*;

use super::{
    End, Reader, UsageChunk,
    samples::{STREAMS, read_pieces, reader},
};
use crate::route::{Api, Family, Route};

const APIS: [Api; 9] = [
    Api::Messages,
    Api::CountTokens,
    Api::Chat,
    Api::Responses,
    Api::Embeddings,
    Api::Generate,
    Api::CountGenerate,
    Api::EmbedGenerate,
    Api::Models,
];

/// A body that is often nearly an answer: frames of the samples, in any order, and anything between.
fn nearly_answer() -> impl Strategy<Value = String> {
    let frames: Vec<String> =
        STREAMS.iter().flat_map(|(_, body)| body.split_inclusive("\n\n")).map(str::to_owned).collect();
    let piece =
        prop_oneof![8 => proptest::sample::select(frames), 1 => "[ -~\r\n]{0,20}", 1 => any::<String>()];
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
fn a_stream_split_at_any_byte_is_read_as_when_it_is_whole() {
    for (api, body) in STREAMS {
        let body = body.as_bytes();
        let whole = read_pieces(reader(api, true), [body]);
        assert_eq!(whole.1.end, End::Whole, "{api:?}");
        for at in 0..body.len() {
            assert_eq!(read_pieces(reader(api, true), [&body[..at], &body[at..]]), whole, "{api:?} {at}");
        }
        assert_eq!(read_pieces(reader(api, true), body.chunks(1)), whole, "{api:?} byte by byte");
    }
}

#[test]
fn a_stream_cut_anywhere_before_its_end_marker_is_truncated() {
    for (api, body) in STREAMS {
        // Only the line's end and the blank line may be missing.
        for at in 0..body.trim_end().len() {
            let (flowed, answer) = read_pieces(reader(api, true), [&body.as_bytes()[..at]]);
            assert_eq!(answer.end, End::Truncated, "{api:?} {at}");
            assert_eq!([&flowed, &*answer.held].concat(), body.as_bytes()[..at], "{api:?} {at}");
        }
        assert_eq!(read_pieces(reader(api, true), [body.trim_end().as_bytes()]).1.end, End::Whole, "{api:?}");
    }
}

#[test]
fn a_stream_means_the_same_with_crlf() {
    for (api, body) in STREAMS {
        let (flowed, answer) = read_pieces(reader(api, true), [body.as_bytes()]);
        let (crlf_flowed, crlf) = read_pieces(reader(api, true), [body.replace('\n', "\r\n").as_bytes()]);
        assert_eq!(String::from_utf8(crlf_flowed).expect("text").replace("\r\n", "\n").as_bytes(), flowed);
        assert_eq!((crlf.end, crlf.usage, crlf.stop), (answer.end, answer.usage, answer.stop), "{api:?}");
    }
}

#[test]
fn frames_that_all_flow_are_passed_on_without_a_copy() {
    for (api, body) in STREAMS {
        let first = Bytes::from_static(body.split_inclusive("\n\n").next().expect("a frame").as_bytes());
        let out = reader(api, true).push(first.clone());
        assert_eq!((out.as_ptr(), out.len()), (first.as_ptr(), first.len()), "{api:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_byte_is_lost_changed_or_moved(
        body in nearly_answer(),
        lengths in proptest::collection::vec(1_usize..90, 1..6),
        stream: bool,
    ) {
        for api in APIS {
            let (flowed, answer) = read_pieces(reader(api, stream), cut(body.as_bytes(), &lengths));
            prop_assert_eq!([&flowed, &*answer.held].concat(), body.as_bytes());
        }
    }

    #[test]
    fn any_stream_in_any_pieces_is_read_as_when_it_is_whole(
        body in nearly_answer(),
        lengths in proptest::collection::vec(1_usize..90, 1..6),
    ) {
        let route = |api| Route { family: Family::OpenAi, api, model: None, stream: None };
        for api in APIS {
            let reader = || Reader::new(&route(api), true, UsageChunk::Ours);
            let whole = read_pieces(reader(), [body.as_bytes()]);
            prop_assert_eq!(read_pieces(reader(), cut(body.as_bytes(), &lengths)), whole);
        }
    }
}
