//! What of an agent's output becomes log.

use std::sync::Arc;

use mainspring_api::worker::{Answer, Call, Line, Progress, Ticket};
use mainspring_types::{AttemptNo, RunId, StepId, TenantId};
use tokio::sync::mpsc;

use super::*;
use crate::{execute::Subject, link::Link, notes};

/// A line that passes every note on.
struct Notes(mpsc::UnboundedSender<Progress>);

impl Line for Notes {
    fn call(&self, call: Vec<u8>) -> Answer<'_> {
        let Ok(Call::Progress(notes)) = serde_json::from_slice(&call) else { panic!("only notes") };
        for note in notes {
            self.0.send(note).expect("heard");
        }
        Box::pin(async { Ok(b"null".to_vec()) })
    }
}

/// The lines that are noted of `pieces`, and how many were left out.
async fn logged(content: Content, pieces: &[&str], held: Held) -> (Vec<String>, u64) {
    let (heard, mut notes) = mpsc::unbounded_channel();
    let (sender, carrier) = notes::channel(Link::new(Arc::new(Notes(heard))));
    let ticket = Ticket {
        tenant: TenantId::sole(),
        run: RunId::from_u128(1),
        step: StepId::new("build").expect("a name"),
        attempt: AttemptNo(1),
        nonce: 1,
    };
    let scribe = Scribe::new(Arc::new(Subject::new(ticket)), sender);
    let mut lines = Lines::new(scribe, "stdout", content, Budget::WHOLE);
    for piece in pieces {
        lines.push(piece.as_bytes());
    }
    lines.finish(held);
    carrier.run().await;
    let mut all = (Vec::new(), 0);
    while let Ok(Progress { note: Note::Log { lines, dropped, .. }, .. }) = notes.try_recv() {
        all.0.extend(lines);
        all.1 += dropped;
    }
    all
}

#[tokio::test]
async fn lines_are_put_together_and_long_ones_are_cut() {
    let long = "x".repeat(LINE_MAX + 1);
    let (lines, dropped) =
        logged(Content::Log, &["on", "e\r\ntwo\n", "thr", "ee\n", &long, "\nlast"], Held::Log).await;
    assert_eq!(lines[..3], ["one", "two", "three"]);
    assert_eq!((lines[3].len(), lines[3].ends_with("x…")), (LINE_MAX + '…'.len_utf8(), true));
    assert_eq!((lines[4].as_str(), dropped), ("last", 0));
}

#[tokio::test]
async fn the_answer_is_no_log() {
    let answer = "{\"result\": 1}\n";
    let pretty = "{\n  \"result\": {\n    \"a\": 1\n  }\n}\n\n";
    let table: [(&[&str], Held, &[&str]); 5] = [
        (&["one\n", answer], Held::Answer, &["one"]),
        (&["one\n", pretty], Held::Answer, &["one"]),
        (
            &["{\"level\": \"info\"}\n", "two\n", answer, "\n"],
            Held::Answer,
            &["{\"level\": \"info\"}", "two"],
        ),
        (&["one\n", answer], Held::Log, &["one", "{\"result\": 1}"]),
        (&["{\n", "  \"result\": 1}"], Held::Answer, &[]),
    ];
    for (pieces, held, expected) in table {
        assert_eq!(logged(Content::LogAndAnswer, pieces, held).await.0, expected, "{pieces:?}");
    }
}

#[tokio::test]
async fn a_talkative_agent_is_counted_and_cut_short() {
    let (lines, dropped) = logged(Content::Log, &["line\n".repeat(5_000).as_str(), "end\n"], Held::Log).await;
    assert_eq!((lines.len(), dropped), (LINES_MAX, 4_001));

    let wide = format!("{}\n", "x".repeat(1_024));
    let (lines, dropped) = logged(Content::Log, &[wide.repeat(300).as_str()], Held::Log).await;
    assert_eq!((lines.len(), dropped), (BYTES_MAX / 1_024, 44));
}

#[tokio::test]
async fn of_a_plain_program_objects_are_log_and_a_text_is_not() {
    let noted = |pieces: &'static [&'static str], held| logged(Content::LogOrAnswer, pieces, held);
    let (lines, _) =
        noted(&["warning\n{\"event\": 1}\n", "\nnoise\n{\"event\": 2}\n{\"final\": 5}\n"], Held::Answer)
            .await;
    assert_eq!(lines, ["warning", "{\"event\": 1}", "", "noise", "{\"event\": 2}"]);
    assert!(noted(&["two\nlines"], Held::Answer).await.0.is_empty());
    assert_eq!(noted(&["two\nlines"], Held::Log).await.0, ["two", "lines"]);
}
