//! When the parts of an answer go out, and where a fault cuts it.

use super::*;

fn frames() -> Vec<Frame> {
    let marks = [
        ("a", Mark::Frame),
        ("1", Mark::Content),
        ("2", Mark::Content),
        ("b", Mark::Frame),
        ("z", Mark::End),
    ];
    marks.map(|(text, mark)| Frame { bytes: text.into(), mark }).into()
}

fn faulty(kind: FaultKind, after_chunks: Option<usize>) -> Spec {
    Spec { fault: Some(Fault { kind, after_chunks, message: None, r#type: None }), ..Spec::default() }
}

fn sent(spec: &Spec) -> (String, Ending) {
    let delivery = Delivery::of_stream(frames(), spec, Api::Messages, &Refusal::new(529, "full"));
    let bytes = delivery.pieces.iter().flat_map(|piece| piece.bytes.to_vec()).collect();
    (String::from_utf8(bytes).expect("text"), delivery.ending)
}

#[test]
fn a_fault_comes_right_after_its_chunk_and_never_after_the_end() {
    let cut = |after| sent(&faulty(FaultKind::Truncate, after)).0;
    let cuts = [Some(0), Some(1), Some(2), Some(9), None].map(cut);
    assert_eq!(cuts, ["a", "a1", "a12", "a12b", "a12b"]);
}

#[test]
fn every_fault_ends_a_stream_in_its_way() {
    let end = |kind| sent(&faulty(kind, Some(1)));
    assert_eq!(end(FaultKind::Disconnect), ("a1".to_owned(), Ending::Reset));
    assert_eq!(end(FaultKind::Hang), ("a1".to_owned(), Ending::Hang));
    assert_eq!(end(FaultKind::Refuse), (String::new(), Ending::Reset));
    let (text, ending) = end(FaultKind::ErrorEvent);
    assert!(text.starts_with("a1event: error\n") && ending == Ending::Clean, "{text}");
}

#[test]
fn a_document_is_cut_in_the_middle_or_replaced() {
    let sent = |kind| {
        let spec = faulty(kind, None);
        let delivery = Delivery::of_document("{whole}!".into(), &spec, 1, || "{error}".into());
        (delivery.pieces.first().map(|piece| piece.bytes.clone()), delivery.ending)
    };
    assert_eq!(sent(FaultKind::Truncate), (Some("{who".into()), Ending::Clean));
    assert_eq!(sent(FaultKind::Disconnect), (Some("{who".into()), Ending::Reset));
    assert_eq!(sent(FaultKind::ErrorEvent), (Some("{error}".into()), Ending::Clean));
    assert_eq!(sent(FaultKind::Refuse), (None, Ending::Reset));
}

#[test]
fn the_first_part_waits_for_the_answer_and_every_chunk_for_itself() {
    let spec = Spec { delay_ms: Some(100), chunk_delay_ms: Some(10), ..Spec::default() };
    let waits = |delivery: Delivery| -> Vec<_> {
        delivery.pieces.iter().map(|piece| piece.wait.as_millis()).collect()
    };
    let stream = Delivery::of_stream(frames(), &spec, Api::Chat, &Refusal::default());
    assert_eq!(waits(stream), [100, 10, 10, 0, 0]);
    assert_eq!(waits(Delivery::of_one("x".into(), &spec, 3)), [130]);
}
