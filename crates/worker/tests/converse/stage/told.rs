//! What a control plane was told of an attempt.

use mainspring_api::{
    event::DeltaKind,
    worker::{Conclusion, End, Note, Report, ToolEnd, Wait},
};

/// What the control plane was told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) intents: Vec<String>,
    /// Each call by its digits, and how it ended.
    pub(crate) settled: Vec<(u128, ToolEnd)>,
    pub(crate) concluded: Vec<Conclusion>,
    pub(crate) notes: Vec<Note>,
    pub(crate) report: Option<Report>,
    pub(super) claims: usize,
}

impl Told {
    /// What was heard of the model, each piece by its kind.
    pub(crate) fn heard(&self) -> String {
        let pieces = self.notes.iter().filter_map(|note| match note {
            Note::Delta { kind: DeltaKind::Again, .. } => Some("[again]"),
            Note::Delta { kind: DeltaKind::Text, text, .. } => Some(text.as_str()),
            _ => None,
        });
        pieces.collect()
    }

    pub(crate) fn remarks(&self) -> Vec<&str> {
        let remarks = self.notes.iter().filter_map(|note| match note {
            Note::Remark { message, .. } => Some(message.as_str()),
            _ => None,
        });
        remarks.collect()
    }

    /// The turns as they were kept, message by message.
    pub(crate) fn kept(&self) -> String {
        let messages = self.concluded.iter().flat_map(|turn| &turn.messages);
        messages.map(|message| message.get().to_owned() + "\n").collect()
    }

    /// How each call ended, in the order of the calls.
    pub(crate) fn ends(&self) -> Vec<(u128, String)> {
        let mut ends: Vec<(u128, String)> = self
            .settled
            .iter()
            .map(|(call, end)| {
                let end = match end {
                    ToolEnd::Returned(outcome) => outcome.text.lines().next().unwrap_or_default().to_owned(),
                    ToolEnd::Failed { message } => format!("failed: {message}"),
                    ToolEnd::Unknown { message } => format!("unknown: {message}"),
                    ToolEnd::NotDone {} => "not done".into(),
                };
                (*call, end)
            })
            .collect();
        ends.sort();
        ends
    }

    /// How the attempt ended, in a line.
    pub(crate) fn end(&self) -> String {
        match self.report.as_ref().map(|report| &report.end) {
            None => "no report".into(),
            Some(End::Done { output }) => {
                let output = String::from_utf8(output.bytes().expect("inline").to_vec()).expect("UTF-8");
                format!("done: {output}")
            }
            Some(End::Failed { problem, .. }) => format!("failed: {}: {}", problem.code, problem.message),
            Some(End::Parked { wait: Wait::Gate { .. } }) => "parked at a gate".into(),
            Some(End::Parked { wait: Wait::Child { .. } }) => "parked for a child".into(),
            Some(End::Aborted {}) => "aborted".into(),
            Some(End::Lost {}) => "lost".into(),
        }
    }
}
