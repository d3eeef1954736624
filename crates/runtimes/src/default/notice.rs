//! Every sentence that the loop itself says to the model.
//!
//! They stand in the conversation as text of a user or a tool, the only sides that providers know, and begin with
//! [`MARK`] so that neither a model nor a reader of the session takes them for a person's words.

use super::Message;

/// What the loop's own words begin with.
const MARK: &str = "[mainspring] ";

/// The end of a result that repeats what came before.
pub(super) fn repeating(times: usize) -> String {
    format!(
        "\n\n{MARK}these calls were made {times} times in a row with the same results. Making them again leads \
         nowhere: try something else, or say what stands in the way."
    )
}

/// The result of a call that a person's interruption ended or kept from beginning.
pub(super) fn interrupted() -> String {
    format!("{MARK}interrupted by the user; what the call had done until then is unknown.")
}

/// The result of a call that had not returned when the turn had to end.
pub(super) fn out_of_time() -> String {
    format!("{MARK}the turn ended before this call returned; what the call had done until then is unknown.")
}

/// The result of a call of which no result was kept.
pub(super) fn unanswered() -> String {
    format!("{MARK}no result of this call was kept: whether it took place is unknown.")
}

/// Asks for an answer where there was none.
pub(super) fn empty() -> Message {
    said("your answer was empty. Answer the user, or call a tool.")
}

/// Asks for the rest of an answer that was cut off.
pub(super) fn go_on() -> Message {
    said(
        "your answer was cut off at the most tokens it may have. Go on exactly where it stopped. Tool calls in it \
         were not made; make them again, with less in each.",
    )
}

/// Asks for the end of a turn that has used its steps.
pub(super) fn wrap_up(steps: u32) -> Message {
    said(&format!(
        "all {steps} model calls of this turn are used and no tool can be called any more. Give your answer now: \
         what was done, what was found, and what is left to do."
    ))
}

/// Asks for an answer that keeps to its schema.
pub(super) fn repair(errors: &[String]) -> Message {
    said(&format!(
        "your answer is not what was asked for:\n- {}\nAnswer again with one JSON document that is valid against \
         the schema, and nothing else.",
        errors.join("\n- ")
    ))
}

/// What stands where the middle of an output was.
pub(super) fn cut(left_out: usize, total: usize) -> String {
    format!("\n{MARK}{left_out} of {total} characters are left out here\n")
}

/// What stands in place of an old output.
pub(super) fn output_left_out(tool: &str, call: &str, message: usize, characters: usize) -> String {
    format!(
        "{MARK}the output of `{tool}` (call `{call}`, message {message}, {characters} characters) was left out to \
         make room; call the tool again if it is needed."
    )
}

/// What stands in place of old messages.
pub(super) fn messages_left_out(count: usize) -> String {
    format!("{MARK}{count} messages that followed here were left out to make room.")
}

/// Whether a message holds the loop's own words alone.
pub(super) fn is_notice(message: &Message) -> bool {
    message.parts.iter().all(|part| part.as_text().is_some_and(|text| text.starts_with(MARK)))
}

fn said(words: &str) -> Message {
    Message::user(format!("{MARK}{words}"))
}
