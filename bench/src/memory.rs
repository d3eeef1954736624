//! What the kernel says of a process's memory.

use std::fs;

/// The memory of this process now, in MB: its own pages, and its share of those that others map too.
pub(crate) fn own() -> f64 {
    kilobytes("/proc/self/smaps_rollup", "Pss:") / 1024.0
}

/// What another process has written to, in MB: without the program, whose pages it shares with others that come and go.
pub(crate) fn written_by(pid: u32) -> f64 {
    kilobytes(&format!("/proc/{pid}/smaps_rollup"), "Pss_Anon:") / 1024.0
}

/// The most memory this process ever had, in MB, shared pages counted in full.
pub(crate) fn highest() -> f64 {
    kilobytes("/proc/self/status", "VmHWM:") / 1024.0
}

fn kilobytes(file: &str, field: &str) -> f64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).expect("the kernel tells");
    line.trim().trim_end_matches(" kB").parse().expect("a number of kB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_by_the_kernel() {
        let (now, most) = (own(), highest());
        assert!(now > 0.1 && most > 0.1 && most < 4096.0, "{now} MB now, {most} MB at most");
    }
}
