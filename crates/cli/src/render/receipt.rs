//! What a cancel ended, for people.

use mainspring_api::run::{CutCall, Level, ReceiptView};

use crate::output::{Palette, Tone, count, moment};

/// The receipt, one line for each kind of outcome, and one for each call that nobody knows the outcome of.
pub(crate) fn receipt(receipt: &ReceiptView, palette: Palette) -> String {
    let mut lines = vec![head(receipt, palette)];
    let mut fact = |name: &str, value: String| lines.push(format!("  {} {value}", palette.dim(name)));
    fact("finished before", count(receipt.finished, "call"));
    fact("stopped        ", calls(&receipt.stopped));
    if !receipt.children.is_empty() {
        let children: Vec<String> = receipt.children.iter().map(ToString::to_string).collect();
        fact("ended with it  ", children.join(", "));
    }
    if !receipt.unknown.is_empty() {
        fact("not known      ", palette.paint(Tone::Warn, &calls(&receipt.unknown)));
    }
    lines.join("\n") + "\n"
}

fn head(receipt: &ReceiptView, palette: Palette) -> String {
    let level = match receipt.level {
        Level::Interrupt => "interrupted",
        Level::Stop => "stopped",
        Level::Kill => "killed",
    };
    let standing = if receipt.ended_at.is_some() { "nothing of it is left" } else { "still ending" };
    let asked = palette.dim(&format!("asked {}", moment(receipt.requested_at)));
    format!("{}, {standing}  {asked}", palette.strong(level))
}

fn calls(calls: &[CutCall]) -> String {
    if calls.is_empty() {
        return "nothing was under way".to_owned();
    }
    let names: Vec<String> = calls.iter().map(|call| format!("{} {}", call.kind, call.name)).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use mainspring_types::RunId;

    use super::*;
    use crate::render::fixture::at;

    fn call(kind: &str, name: &str) -> CutCall {
        CutCall { effect_id: None, kind: kind.to_owned(), name: name.to_owned() }
    }

    #[test]
    fn a_receipt_tells_what_stopped_what_had_finished_and_what_is_unknown() {
        let mut cut = ReceiptView {
            level: Level::Stop,
            requested_at: at(0),
            ended_at: Some(at(900)),
            stopped: vec![call("model", "openai/gpt-4o-mini")],
            finished: 3,
            unknown: vec![call("tool", "shell")],
            children: vec![RunId::from_u128(7)],
        };
        insta::assert_snapshot!(receipt(&cut, Palette::Plain), @"
        stopped, nothing of it is left  asked 2025-11-21 04:40:00 UTC
          finished before 3 calls
          stopped         model openai/gpt-4o-mini
          ended with it   run_00000000000000000000000007
          not known       tool shell
        ");
        cut = ReceiptView { ended_at: None, stopped: vec![], unknown: vec![], children: vec![], ..cut };
        insta::assert_snapshot!(receipt(&cut, Palette::Plain), @"
        stopped, still ending  asked 2025-11-21 04:40:00 UTC
          finished before 3 calls
          stopped         nothing was under way
        ");
    }
}
