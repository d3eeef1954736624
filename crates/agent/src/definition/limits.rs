//! Reads `limits` of a native definition: what the kernel holds processes to, and how far a turn may go.

use mainspring_types::{ByteSize, Code, Problem};

use super::duration;
use crate::assistant::Bounds;
use crate::fields::{Field, Fields};
use crate::plan::Limits;

/// Below this an interpreter does not start.
const MEMORY_MIN: ByteSize = ByteSize(16 << 20);

pub(super) fn read(field: &Field<'_>) -> Limits {
    let Some(mut fields) = field.fields() else { return Limits::default() };
    let limits = of_processes(&mut fields);
    fields.refuse_rest();
    limits
}

/// The limits of tool processes and the bounds of a turn, which stand together.
pub(super) fn read_both(field: &Field<'_>) -> (Limits, Bounds) {
    let Some(mut fields) = field.fields() else { return Default::default() };
    let both = (of_processes(&mut fields), of_turns(&mut fields, Bounds::default()));
    fields.refuse_rest();
    both
}

/// The bounds of a sub-agent's turn; its parent's where it says nothing.
pub(super) fn read_bounds(field: &Field<'_>, usual: Bounds) -> Bounds {
    let Some(mut fields) = field.fields() else { return usual };
    let bounds = of_turns(&mut fields, usual);
    fields.refuse_rest();
    bounds
}

fn of_processes(fields: &mut Fields<'_>) -> Limits {
    let mut limits = Limits::default();
    if let Some(memory) = fields.optional("memory").and_then(|field| memory(&field)) {
        limits.memory = memory;
    }
    if let Some(processes) = fields.optional("processes").and_then(|field| field.count(1, 65_536)) {
        limits.processes = processes;
    }
    // Sixteen: the three standard streams, the loader and one's own files.
    if let Some(files) = fields.optional("open_files").and_then(|field| field.count(16, 1 << 20)) {
        limits.open_files = files;
    }
    if let Some(size) = fields.optional("file_size").and_then(|field| field.parsed(str::parse)) {
        limits.file_size = size;
    }
    limits.time = fields.optional("time").and_then(|field| duration(&field));
    limits
}

fn of_turns(fields: &mut Fields<'_>, usual: Bounds) -> Bounds {
    let mut count = |name, least, most| fields.optional(name).and_then(|field| field.count(least, most));
    let steps = count("steps", 1, 1000).unwrap_or(usual.steps);
    let parallel_tools = count("parallel_tools", 1, 100).unwrap_or(usual.parallel_tools);
    let tool_retries = count("tool_retries", 0, 100).unwrap_or(usual.tool_retries);
    // Below a thousand neither the instructions nor one answer would fit.
    let context_tokens = count("context_tokens", 1000, 10_000_000).map_or(usual.context_tokens, u64::from);
    let output_chars = count("output_chars", 100, 10_000_000).unwrap_or(usual.output_chars);
    let repeats = count("repeats", 2, 1000).unwrap_or(usual.repeats);
    let mut time = |name| fields.optional(name).and_then(|field| duration(&field));
    let tool_timeout = time("tool_timeout").unwrap_or(usual.tool_timeout);
    let turn_timeout = time("turn_timeout").unwrap_or(usual.turn_timeout);
    Bounds {
        steps,
        tool_timeout,
        parallel_tools,
        tool_retries,
        context_tokens,
        output_chars,
        turn_timeout,
        repeats,
    }
}

fn memory(field: &Field<'_>) -> Option<ByteSize> {
    let memory: ByteSize = field.parsed(str::parse)?;
    if memory >= MEMORY_MIN {
        return Some(memory);
    }
    let message = format!("`{}` is {memory}; the least allowed is {MEMORY_MIN}", field.path());
    field
        .refuse(Problem::new(Code::InvalidMemoryLimit, message).suggest("write a size such as 512MB or 2Gi"));
    None
}
