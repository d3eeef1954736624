//! Reads `limits` of a native definition.

use mainspring_types::{ByteSize, Code, Problem};

use super::duration;
use crate::fields::Field;
use crate::plan::Limits;

/// Below this an interpreter does not start.
const MEMORY_MIN: ByteSize = ByteSize(16 << 20);

pub(super) fn read(field: &Field<'_>) -> Limits {
    let mut limits = Limits::default();
    let Some(mut fields) = field.fields() else { return limits };
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
    fields.refuse_rest();
    limits
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
